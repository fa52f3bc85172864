"""Rows on their way into a table: a batch's cells, written by binary COPY."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from psycopg import sql
from psycopg.types.json import Jsonb

from spatial.database import Pg
from spatial.layer import Column
from spatial.query import names

type Cells = dict[str, tuple[str, Sequence[Any] | Iterable[Any]]]
"""By column: its type in COPY, and the value of every row."""

_COPY_TYPES = {"integer": "int4", "double precision": "float8", "boolean": "bool", "bigint": "int8"}


def cells(columns: Sequence[Column], batch: pa.Table) -> Cells:
    """The attributes of a batch, and its `geom` as WKB."""
    found: Cells = {}
    for column in columns:
        values: list[Any] = batch.column(column.name).to_pylist()
        if column.type == "jsonb":
            values = [None if value is None else Jsonb(value) for value in values]
        found[column.name] = (_COPY_TYPES.get(column.type, column.type), values)
    found["geom"] = ("bytea", batch.column("geom").to_pylist())
    return found


def copy_in(pg: Pg, table: sql.Identifier, rows: Mapping[str, tuple[str, Iterable[Any]]]) -> None:
    """Append rows to a table."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(table, names(list(rows)))
    with pg.cursor().copy(statement) as copy:
        copy.set_types([kind for kind, _ in rows.values()])
        for row in zip(*(values for _, values in rows.values()), strict=True):
            copy.write_row(row)
