"""Rows on their way into a table: a batch's columns, written by binary COPY."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from psycopg import sql

from spatial import pgcopy
from spatial.database import Pg
from spatial.layer import Column
from spatial.pgcopy import Arrow
from spatial.query import names

type Cells = dict[str, tuple[str, Arrow]]
"""By column: its type, and the value of every row."""


def cells(columns: Sequence[Column], batch: pa.Table) -> Cells:
    """The attributes of a batch, and its `geom` as WKB."""
    found: Cells = {one.name: (one.type, batch.column(one.name)) for one in columns}
    found["geom"] = ("bytea", batch.column("geom"))
    return found


def copy_in(pg: Pg, table: sql.Identifier, rows: Mapping[str, tuple[str, Arrow]]) -> None:
    """Append rows to a table."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(table, names(list(rows)))
    with pg.cursor().copy(statement) as copy:
        copy.write(pgcopy.HEAD)
        copy.write(pgcopy.encode(rows))
        copy.write(pgcopy.END)
