"""Connections: transactions to write in, stepped-down transactions to read in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from spatial.errors import Invalid, Unavailable
from spatial.grant import Grant

type Pg = psycopg.Connection[Any]

POOL = 6
OVERFLOW = 4
UNREACHABLE = "the database cannot be reached now: try again in a moment"
TOO_LONG = "this took longer than the time limit: ask for less at once"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction seen by SQLAlchemy (fixed tables) and by psycopg (layers)."""

    sa: sa.Connection
    pg: Pg


@contextmanager
def _translated() -> Iterator[None]:
    """A lost database or an overrun becomes one of our errors, in this one place."""
    try:
        yield
    except (psycopg.errors.QueryCanceled, psycopg.errors.StatementTooComplex):
        raise Invalid(TOO_LONG) from None
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
        raise Unavailable(UNREACHABLE) from error
    except OperationalError as error:
        raise Unavailable(UNREACHABLE) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(UNREACHABLE) from error
        raise


class Database:
    """A PostGIS database by its libpq connection string."""

    def __init__(self, conninfo: str, *, statement_timeout_s: int = 0) -> None:
        self.conninfo = conninfo
        options = f"-c timezone=UTC -c jit=off -c statement_timeout={statement_timeout_s * 1000}"
        self._engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(conninfo, options=options, connect_timeout=5),
            pool_size=POOL,
            max_overflow=OVERFLOW,
            pool_timeout=10,
            pool_pre_ping=True,
        )

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A read-write transaction; commits at the end, rolls back on any error."""
        with _translated(), self._engine.begin() as connection:
            raw = connection.connection.driver_connection
            yield Transaction(connection, cast(Pg, raw))

    @contextmanager
    def arrow(self, grant: Grant) -> Iterator[adbc.Connection]:
        """A connection of its own for bulk reads as Arrow, as the role of the grant."""
        try:
            connection = adbc.connect(self.conninfo)
        except adbc.OperationalError as error:
            raise Unavailable(UNREACHABLE) from error
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET ROLE {role_name(grant.role)}")
                cursor.execute("SET timezone = 'UTC'")
            yield connection
        except adbc.OperationalError as error:
            raise Unavailable(UNREACHABLE) from error
        finally:
            connection.close()

    def listen(self) -> Pg:
        """An autocommit connection outside the pool, for LISTEN and for session locks."""
        with _translated():
            return psycopg.connect(self.conninfo, autocommit=True, connect_timeout=5)

    def close(self) -> None:
        self._engine.dispose()


def role_name(access: str) -> str:
    """The database role that may select from layers of this class and the opener ones."""
    return f"citytwin_{access}"
