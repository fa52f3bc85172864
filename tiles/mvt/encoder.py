"""One layer of a tile, from the rows that a statement gathered.

Several times as fast as `ST_AsMVT`, of which it gives the features, attributes and geometries.
Source: Mapbox Vector Tile Specification 2.1, section 4.
"""

from collections.abc import Buffer, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numba import njit
from psycopg import sql

from spatial.layer import Layer
from tiles.mvt.shapes import commands
from tiles.mvt.told import KINDS
from tiles.mvt.values import NONE, TEXT, WHOLE, Tags, joined, split, values
from tiles.mvt.wire import Bytes, Longs, big_endian, elements, put, width

_VERSION = b"\x78\x02"


class Placing(NamedTuple):
    """Where a place in metres comes to lie: at (x + scale * east, y - scale * north)."""

    scale: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Schema:
    """What a tile's layer holds: its name, and of each attribute its name, kind and place.

    A row tells its id, and of `attributes_told` those that have a place, from 1.
    """

    name: str
    extent: int
    attributes: tuple[tuple[str, int, int], ...]
    attributes_told: int

    @classmethod
    def of(cls, layer: Layer, names: Sequence[str], counts: Sequence[str], extent: int) -> Self:
        """Some attributes of a layer of which all are told, and further ones that are counts."""
        told = [(column.name, KINDS.get(column.type, TEXT)) for column in layer.columns]
        told += [(name, WHOLE) for name in counts]
        chosen = {*names, *counts}
        attributes = ((*one, n) for n, one in enumerate(told, 1) if one[0] in chosen)
        return cls(layer.name, extent, tuple(attributes), len(told))


def gather(rows: sql.Composable) -> sql.Composed:
    """The statement that gathers rows of `told` and `geom`.

    The geometry is TWKB: of metres, with decimals, or in the tile's own whole numbers.
    """
    # no condition here: it would shape every row twice
    return sql.SQL("SELECT string_agg(told, ''), array_agg(geom) FROM ({}) t").format(rows)


def encode(schema: Schema, gathered: Sequence[bytes | None], placing: Placing) -> bytes:
    """The layer as a tile, from what `gather` found; empty where nothing is to be seen."""
    told, shapes = np.frombuffer(gathered[0] or b"", np.uint8), gathered[1]
    count = 0 if shapes is None else int.from_bytes(shapes[12:16])
    drawn, ends, kinds = commands(elements(shapes), count, *placing)
    if not kinds.any():
        return b""
    places = split(told, count, 1 + schema.attributes_told)
    columns = [values(told, places[place], kind) for _, kind, place in schema.attributes]
    tags, tables = joined(columns, count)
    pieces: list[Buffer] = [
        _VERSION,
        _field(1, schema.name.encode()),
        _features(told, places[0], tags, drawn, ends, kinds),
        *(_field(3, name.encode()) for name, _, _ in schema.attributes),
        *tables,
        b"\x28" + _varint(schema.extent),
    ]
    return _field(3, b"".join(pieces))


def ready() -> None:
    """Compile the kernels, unless that was done before: it takes some seconds."""
    none = np.frombuffer(b"\xff" * 8, np.uint8)
    drawn, ends, kinds = commands(none, 1, 1.0, 0.0, 0.0)
    places = split(none, 1, 2)
    tags, _ = joined([values(none, places[1], TEXT)], 1)
    _features(none, places[0], tags, drawn, ends, kinds)


@njit(cache=True, nogil=True)
def _features(
    told: Bytes, fids: Longs, tags: Tags, drawn: Bytes, ends: Longs, kinds: Longs
) -> Bytes:
    """All features that have a geometry, one after the other."""
    columns, count = tags.shape
    out = np.empty(len(drawn) + count * (40 + 10 * columns), np.uint8)
    at = began = 0
    for row in range(count):
        size = big_endian(told, fids[row], 4)
        fid = big_endian(told, fids[row] + 4, size) if size > 0 else -1
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
