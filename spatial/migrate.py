"""Bring the fixed tables to this version's shape."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from spatial.database import Database
from spatial.errors import Misconfigured

_LOCK = 0x637479_01


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def head() -> str:
    """The revision that this version of the software expects."""
    return str(_scripts().get_current_head())


def knows(revision: str) -> bool:
    """Whether a revision is this version's or one before it."""
    return any(one.revision == revision for one in _scripts().walk_revisions())


def revision(database: Database) -> str | None:
    """The revision that the database is at; None when it is empty."""
    with database.begin() as tx:
        if tx.pg.execute("SELECT to_regclass('city.alembic_version')").fetchone() == (None,):
            return None
        row = tx.pg.execute("SELECT version_num FROM city.alembic_version").fetchone()
        return row[0] if row else None


def migrate(database: Database) -> str:
    """Create or upgrade schema `city`; two processes may try at once. Returns the revision.

    Raises Misconfigured where PostGIS or the role's rights are lacking.
    """
    if revision(database) == head():
        return head()
    config = _config()
    with _allowed(), database.begin() as tx:
        tx.sa.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        version = tx.pg.execute("SELECT extversion FROM pg_extension WHERE extname='postgis'")
        if version.fetchone() is None:
            raise Misconfigured(
                "the database has no PostGIS: run CREATE EXTENSION postgis in it as a superuser"
            )
        tx.sa.execute(text("CREATE SCHEMA IF NOT EXISTS city"))
        tx.sa.execute(text("CREATE SCHEMA IF NOT EXISTS layers"))
        config.attributes["connection"] = tx.sa
        command.upgrade(config, "head")
    return head()


@contextmanager
def _allowed() -> Iterator[None]:
    """What the database's role may not do is told with what it needs."""
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise
        raise Misconfigured(
            f"the database's role may not do what a city needs ({cause.diag.message_primary}): it"
            " owns the database, and may create roles or is a member of citytwin_public,"
            " citytwin_shared and citytwin_restricted"
        ) from None
