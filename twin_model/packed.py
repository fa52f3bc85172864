"""Columns between numpy and PostgreSQL in its own binary forms, without a Python object a value.

Moments are int64 microseconds since 1970 here; PostgreSQL counts them from 2000.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from psycopg import Connection, sql
from psycopg.adapt import Dumper
from psycopg.pq import Format

from spatial.pgcopy import END, HEAD

type Column = npt.NDArray[Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PG_EPOCH_US = 946_684_800_000_000
# PostgreSQL's type: oid, oid of its array, its bytes as they travel
_TYPES: Mapping[str, tuple[int, int, str]] = {
    "int2": (21, 1005, ">i2"),
    "int4": (23, 1007, ">i4"),
    "int8": (20, 1016, ">i8"),
    "float8": (701, 1022, ">f8"),
    "timestamptz": (1184, 1185, ">i8"),
    "uuid": (2950, 2951, "V16"),
}


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(us: int) -> datetime:
    """The instant that many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=us)


@dataclass(frozen=True, slots=True)
class Packed:
    """A column as a query's parameter: an array of PostgreSQL's."""

    type: str
    values: Column


class PackedDumper(Dumper):
    """Sends a Packed column in binary. Its own length tells the server nothing: cast it."""

    format: ClassVar[Format] = Format.BINARY  # type: ignore[misc]

    def get_key(self, obj: Packed, format: Any) -> Any:
        return (self.cls, obj.type)

    def upgrade(self, obj: Packed, format: Any) -> "PackedDumper":
        made = type(self)(self.cls, None)
        made.oid = _TYPES[obj.type][1]
        return made

    def dump(self, obj: Packed) -> bytes:
        oid, _, code = _TYPES[obj.type]
        head = np.array([1, 0, oid, len(obj.values), 1], ">i4")
        cells = np.empty(len(obj.values), [("length", ">i4"), ("value", code)])
        cells["length"] = np.dtype(code).itemsize
        cells["value"] = _outward(obj.type, obj.values)
        return head.tobytes() + cells.tobytes()


def register(pg: Connection[Any]) -> None:
    """Teach a connection to send Packed columns."""
    pg.adapters.register_dumper(Packed, PackedDumper)


def unpack(data: bytes | None, kind: str) -> Column:
    """The values of an array that `array_send` gave; it must hold no null."""
    code = _TYPES[kind][2]
    if data is None or len(data) < 20:
        return _inward(kind, np.empty(0, code))
    cells = np.frombuffer(data, [("length", ">i4"), ("value", code)], offset=20)
    return _inward(kind, cells["value"])


def select_packed(pg: Connection[Any], query: sql.Composable, kinds: Sequence[str]) -> list[Column]:
    """The columns of a query, one array each; kinds are their types, in order."""
    names = [f"c{n}" for n in range(len(kinds))]
    aggregates = sql.SQL(", ").join(
        sql.SQL("array_send(array_agg({}))").format(sql.Identifier(name)) for name in names
    )
    outer = sql.SQL("SELECT {} FROM ({}) AS q ({})").format(
        aggregates, query, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with pg.cursor(binary=True) as cursor:
        row = cursor.execute(outer).fetchone()
    assert row is not None
    return [unpack(data, kind) for data, kind in zip(row, kinds, strict=True)]


def copy_in(
    pg: Connection[Any], table: sql.Composable, columns: Mapping[str, tuple[str, Column]]
) -> None:
    """Append rows to a table by binary COPY; columns are name: (type, values), no nulls."""
    parts: list[tuple[str, str]] = []
    for name, (kind, _) in columns.items():
        parts += [(f"{name} length", ">i4"), (name, _TYPES[kind][2])]
    count = len(next(iter(columns.values()))[1])
    rows = np.empty(count, [("fields", ">i2"), *parts])
    rows["fields"] = len(columns)
    for name, (kind, values) in columns.items():
        rows[f"{name} length"] = np.dtype(_TYPES[kind][2]).itemsize
        rows[name] = _outward(kind, values)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with pg.cursor().copy(statement) as copy:
        copy.write(HEAD)
        copy.write(memoryview(rows).cast("B") if count else b"")
        copy.write(END)


def _outward(kind: str, values: Column) -> Column:
    return values - _PG_EPOCH_US if kind == "timestamptz" else values


def _inward(kind: str, values: Column) -> Column:
    if kind == "uuid":
        return values
    native = values.astype(values.dtype.newbyteorder("="))
    return native + _PG_EPOCH_US if kind == "timestamptz" else native
