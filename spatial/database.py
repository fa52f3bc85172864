"""Connections: transactions to write in, stepped-down transactions to read in."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from spatial.errors import Invalid, Unavailable

if TYPE_CHECKING:
    import adbc_driver_postgresql.dbapi as adbc

type Pg = psycopg.Connection[Any]

POOL = 6
OVERFLOW = 4
ARROWS = 2
UNREACHABLE = "the database cannot be reached now: try again in a moment"
FULL = "the disk of the database is full: nothing more can be stored until there is room"
TIMED_OUT = "57014"
UNHELD = "a value leads out of the range of numbers, or holds a character that no text can"
TOO_LONG = "this took longer than the time limit: ask for less at once"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction seen by SQLAlchemy (fixed tables) and by psycopg (layers)."""

    sa: sa.Connection
    pg: Pg


@contextmanager
def translated() -> Iterator[None]:
    """A lost database or an overrun becomes one of our errors, in this one place."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise Unavailable(FULL) from error
    except (psycopg.errors.QueryCanceled, psycopg.errors.StatementTooComplex):
        raise Invalid(TOO_LONG) from None
    except (psycopg.DataError, DataError) as error:
        raise Invalid(UNHELD) from error
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
        self._arrows: deque[adbc.Connection] = deque()
        self._glances: Pg | None = None
        self._readers: list[Pg] = []
        self._timeout = f"{statement_timeout_s}s"
        # a parallel worker takes longer to start than a tile takes to make
        self._options = options = (
            "-c timezone=UTC -c jit=off -c max_parallel_workers_per_gather=0"
            f" -c statement_timeout={statement_timeout_s * 1000}"
        )
        self._engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(conninfo, options=options, connect_timeout=5),
            pool_size=POOL,
            max_overflow=OVERFLOW,
            pool_timeout=10,
            pool_pre_ping=True,
        )
        self._snapshots = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A read-write transaction; commits at the end, rolls back on any error."""
        with translated(), self._engine.begin() as connection:
            yield _transaction(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """A transaction that only reads, and in which every statement sees the same state."""
        with translated(), self._snapshots.begin() as connection:
            yield _transaction(connection)

    @contextmanager
    def arrow(self, pg: Pg, role: str) -> Iterator["adbc.Cursor"]:
        """A cursor for bulk reads as Arrow, in the very snapshot of an open transaction."""
        import adbc_driver_postgresql.dbapi as adbc  # with pandas it takes a second

        row = pg.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        connection: adbc.Connection | None = None
        try:
            connection = self._arrows.pop() if self._arrows else adbc.connect(self.conninfo)
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{row[0]}'")
                cursor.execute("SET LOCAL jit = off")
                cursor.execute(f"SET LOCAL statement_timeout = '{self._timeout}'")
                cursor.execute("SET LOCAL timezone = 'UTC'")
                cursor.execute(f"SET LOCAL ROLE {role}")
                yield cursor
            connection.rollback()
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, adbc.Error) and error.sqlstate == TIMED_OUT:
                raise Invalid(TOO_LONG) from None
            if isinstance(error, adbc.OperationalError | adbc.InternalError):
                self._close_arrows()
                raise Unavailable(UNREACHABLE) from error
            raise
        if len(self._arrows) < ARROWS:
            self._arrows.append(connection)
        else:
            connection.close()

    def _close_arrows(self) -> None:
        while self._arrows:
            self._arrows.pop().close()

    def glance[T](self, look: Callable[[Pg], T]) -> T:
        """What a quick look finds, on a connection kept outside the pool, in autocommit.

        For one thread at a time. A connection lost since the last look is opened again.
        """
        with translated():
            if self._glances is not None:
                try:
                    return look(self._glances)
                except psycopg.OperationalError:
                    self._glances.close()
            self._glances = self.listen()
            return look(self._glances)

    def listen(self) -> Pg:
        """An autocommit connection outside the pool, for LISTEN and for session locks."""
        with translated():
            return psycopg.connect(self.conninfo, autocommit=True, connect_timeout=5)

    def reader(self) -> Pg:
        """An autocommit connection outside the pool that only reads, closed with the database.

        Its statements are planned without looking at their values, and name these $1, $2, ….
        """
        options = " -c default_transaction_read_only=on -c plan_cache_mode=force_generic_plan"
        with translated():
            pg = psycopg.connect(
                self.conninfo,
                autocommit=True,
                options=self._options + options,
                connect_timeout=5,
                cursor_factory=psycopg.RawCursor,
            )
        self._readers = [*(one for one in self._readers if not one.closed), pg]
        return pg

    def close(self) -> None:
        self._close_arrows()
        for reader in self._readers:
            reader.close()
        if self._glances is not None:
            self._glances.close()
        self._engine.dispose()


def _transaction(connection: sa.Connection) -> Transaction:
    return Transaction(connection, cast(Pg, connection.connection.driver_connection))


def role_name(access: str) -> str:
    """The database role that may select from layers of this class and the opener ones."""
    return f"citytwin_{access}"
