"""Opening a city: its database, embedded or elsewhere, at this version's revision."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from citytwin.settings import Settings
from spatial import catalogue
from spatial.database import Database
from spatial.errors import Misconfigured, Unavailable
from spatial.grant import OWNER
from spatial.migrate import migrate
from spatial.postgres.cluster import Cluster
from spatial.query import snapshot

SAMPLE_AUTHOR = "sample city"
_REFUSAL = re.compile(
    r"FATAL:[^\n]*(authentication failed|does not exist|pg_hba)[^\n]*|no password[^\n]*"
)


@contextmanager
def open_city(chosen: Settings) -> Iterator[tuple[Database, Settings]]:
    """The city's database, started if it was not, and settings that name it.

    The embedded cluster is shared: the last process that leaves stops it.
    """
    if chosen.database_url:
        with _migrated(chosen.database_url) as database:
            yield database, chosen
        return
    with (
        Cluster.open(chosen.data_dir) as cluster,
        _migrated(cluster.conninfo) as database,
    ):
        yield database, replace(chosen, database_url=cluster.conninfo)


@contextmanager
def _migrated(conninfo: str) -> Iterator[Database]:
    database = Database(conninfo)
    try:
        try:
            migrate(database)
        except Unavailable as error:
            if refusal := _REFUSAL.search(str(error.__cause__)):
                raise Misconfigured(
                    f"the database refuses us ({refusal[0].strip()}): mend CITYTWIN_DATABASE_URL"
                ) from None
            raise
        yield database
    finally:
        database.close()


def is_empty(database: Database) -> bool:
    """Whether the city has no layer yet."""
    with snapshot(database) as pg:
        return not catalogue.layers(pg, OWNER)


def is_sample(database: Database) -> bool:
    """Whether the city is the sample, with what its simulator moves."""
    with snapshot(database) as pg:
        row = pg.execute(
            "SELECT EXISTS (SELECT FROM city.change c JOIN city.layer l ON l.id = c.layer_id"
            " WHERE l.name = 'vehicles' AND c.author = %s)",
            [SAMPLE_AUTHOR],
        ).fetchone()
    return row == (True,)


def rasters_dir(chosen: Settings) -> Path:
    """Where rasters are stored."""
    return chosen.data_dir / "rasters"


def rejects_dir(chosen: Settings) -> Path:
    """Where the rejected rows of loads are kept."""
    return chosen.data_dir / "rejects"
