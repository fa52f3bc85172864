"""Rows on their way to a result: an unlogged table of one job, filled by many processes."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import randbits
from uuid import UUID

import psycopg
import pyarrow as pa
from psycopg import sql

from spatial.database import Database, Pg
from spatial.pgcopy import Arrow
from spatial.rows import Cells, copy_in

SCHEMA = "city"
_PREFIX = "staging_"


@dataclass(frozen=True, slots=True)
class Staging:
    """The table of one attempt at a job: columns as (name, type), and each write's own `batch`.

    A task that ran twice wrote two batches; only the one that was reported back counts.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    srid: int

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(SCHEMA, self.name)

    def create(self, database: Database) -> None:
        """Make the table, empty."""
        columns = sql.SQL("").join(
            sql.SQL(", {} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self.columns
        )
        with database.begin() as tx:
            tx.pg.execute(
                sql.SQL(
                    "CREATE UNLOGGED TABLE {} (batch bigint{}, geom geometry(Geometry, {}))"
                ).format(self.table, columns, self.srid)
            )

    def write(self, database: Database, values: Sequence[Arrow], wkb: Arrow) -> int:
        """COPY rows, an array for each column, in a batch; returns the batch."""
        batch = randbits(62)
        rows: Cells = {
            name: (kind, column) for (name, kind), column in zip(self.columns, values, strict=True)
        }
        rows |= {"batch": ("bigint", pa.repeat(batch, len(wkb))), "geom": ("bytea", wkb)}
        with database.begin() as tx:
            copy_in(tx.pg, self.table, rows)
        return batch


def counts(batches: Sequence[int]) -> sql.Composed:
    """The condition that a row is of a batch that was reported."""
    return sql.SQL("batch = ANY ({}::bigint[])").format(sql.Literal(list(batches)))


def table_name(job: UUID, attempt: int) -> str:
    """The name of the staging table of an attempt."""
    return f"{_PREFIX}{job.hex}_{attempt}"


def drop(pg: Pg, name: str) -> None:
    """Drop an attempt's staging tables, if there are any."""
    found = pg.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
        " AND (relname = %s OR starts_with(relname, %s))",
        [SCHEMA, name, f"{name}_"],
    ).fetchall()
    for (one,) in found:
        pg.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(SCHEMA, one)))


def sweep(database: Database) -> None:
    """Drop the tables of attempts that are over; what is still in use waits for the next time."""
    with database.begin() as tx:
        rows = tx.pg.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %(schema)s::regnamespace"
            " AND relkind = 'r' AND starts_with(relname, %(prefix)s) AND NOT EXISTS ("
            " SELECT FROM city.job WHERE status = 'running'"
            " AND starts_with(relname || '_',"
            " %(prefix)s || replace(id::text, '-', '') || '_' || attempts || '_'))",
            {"prefix": _PREFIX, "schema": SCHEMA},
        ).fetchall()
    for (name,) in rows:
        with suppress(psycopg.errors.LockNotAvailable), database.begin() as tx:
            tx.pg.execute("SET LOCAL lock_timeout = '200ms'")
            drop(tx.pg, name)
