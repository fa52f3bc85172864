"""One layer of a tile, from the columns that a statement gathered.

Several times as fast as `ST_AsMVT`, of which it gives the features, attributes and geometries.
Source: Mapbox Vector Tile Specification 2.1, section 4.
"""

from collections.abc import Buffer, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numba import njit
from psycopg import sql

from spatial.layer import Layer
from tiles.mvt.shapes import commands
from tiles.mvt.values import DOUBLE, NONE, TEXT, TRUTH, WHOLE, Tags, joined, values
from tiles.mvt.wire import Bytes, Longs, big_endian, elements, put, width

_KINDS: Mapping[str, int] = {
    "integer": WHOLE,
    "bigint": WHOLE,
    "double precision": DOUBLE,
    "boolean": TRUTH,
}
_VERSION = b"\x78\x02"


class Placing(NamedTuple):
    """Where a place in metres comes to lie: at (x + scale * east, y - scale * north)."""

    scale: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Schema:
    """What a tile's layer holds: its name, and the names and kinds of the attributes."""

    name: str
    extent: int
    attributes: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, layer: Layer, names: Sequence[str], counts: Sequence[str], extent: int) -> Self:
        """Some attributes of a layer, and further ones that are whole numbers."""
        types = {column.name: column.type for column in layer.columns}
        kinds = [(name, _KINDS.get(types[name], TEXT)) for name in names]
        return cls(layer.name, extent, (*kinds, *((name, WHOLE) for name in counts)))

    def gather(self, rows: sql.Composable) -> sql.Composed:
        """The statement that gathers rows of fid, the attributes and `geom`: one row of arrays.

        Whatever is no number and no truth is told as text.
        """
        arrays = [
            sql.SQL(", array_agg({}{})").format(
                sql.Identifier(name), sql.SQL("::text" if kind == TEXT else "")
            )
            for name, kind in self.attributes
        ]
        # no condition here: it would shape every row twice
        return sql.SQL(
            "SELECT array_agg(fid), array_agg(ST_AsEWKB(geom, 'NDR')){} FROM ({}) t"
        ).format(sql.SQL("").join(arrays), rows)


def encode(schema: Schema, gathered: Sequence[bytes | None], placing: Placing) -> bytes:
    """The layer as a tile, from the binary arrays that the schema's statement gathers.

    Shapes without an SRID lie in the tile already. Empty where nothing is to be seen.
    """
    fids, shapes, *columns = map(elements, gathered)
    count = int.from_bytes((gathered[0] or bytes(16))[12:16])
    drawn, ends, kinds = commands(shapes, count, *placing)
    if not kinds.any():
        return b""
    kinds_of = (kind for _, kind in schema.attributes)
    told = [values(cells, kind, count) for cells, kind in zip(columns, kinds_of, strict=True)]
    tags, tables = joined(told, count)
    pieces: list[Buffer] = [
        _VERSION,
        _field(1, schema.name.encode()),
        _features(fids, tags, drawn, ends, kinds),
        *(_field(3, name.encode()) for name, _ in schema.attributes),
        *tables,
        b"\x28" + _varint(schema.extent),
    ]
    return _field(3, b"".join(pieces))


def ready() -> None:
    """Compile the kernels, unless that was done before: it takes some seconds."""
    none = elements(bytes(32))
    drawn, ends, kinds = commands(none, 1, 1.0, 0.0, 0.0)
    tags, _ = joined([values(none, TEXT, 1)], 1)
    _features(none, tags, drawn, ends, kinds)


@njit(cache=True, nogil=True)
def _features(fids: Bytes, tags: Tags, drawn: Bytes, ends: Longs, kinds: Longs) -> Bytes:
    """All features that have a geometry, one after the other."""
    columns, count = tags.shape
    out = np.empty(len(drawn) + count * (40 + 10 * columns), np.uint8)
    at = p = began = 0
    for row in range(count):
        size = big_endian(fids, p, 4)
        fid = big_endian(fids, p + 4, 8) if size == 8 else -1
        p += 4 + max(size, 0)
        if kinds[row]:
            at = _feature(fid, tags[:, row], drawn[began : ends[row]], kinds[row], out, at)
        began = ends[row]
    return out[:at]


@njit(cache=True, nogil=True)
def _feature(fid, tags, drawn, kind, out, at):  # type: ignore[no-untyped-def]
    told = 0
    for column in range(len(tags)):
        if tags[column] != NONE:
            told += width(column) + width(tags[column])
    size = 2 + 1 + width(len(drawn)) + len(drawn)
    if fid >= 0:
        size += 1 + width(fid)
    if told:
        size += 1 + width(told) + told
    out[at] = 0x12
    at = put(out, at + 1, size)
    if fid >= 0:
        out[at] = 0x08
        at = put(out, at + 1, fid)
    if told:
        out[at] = 0x12
        at = put(out, at + 1, told)
        for column in range(len(tags)):
            if tags[column] != NONE:
                at = put(out, put(out, at, column), tags[column])
    out[at], out[at + 1], out[at + 2] = 0x18, kind, 0x22
    at = put(out, at + 3, len(drawn))
    out[at : at + len(drawn)] = drawn
    return at + len(drawn)


def _field(number: int, content: bytes) -> bytes:
    """A field of Protocol Buffers that holds bytes."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = np.empty(10, np.uint8)
    return out[: put(out, 0, number)].tobytes()
