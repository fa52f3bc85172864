"""Well-known binary a column at a time: what kinds it holds, and its EWKB for PostGIS.

Geometries that need no mending never become objects only to be written again: their bytes are
copied, and the header alone is rewritten.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

type Column = pa.Array[Any]

TYPES = (
    "Geometry",
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
    "CircularString",
    "CompoundCurve",
    "CurvePolygon",
    "MultiCurve",
    "MultiSurface",
    "Curve",
    "Surface",
    "PolyhedralSurface",
    "TIN",
    "Triangle",
)
_HEAD = 5  # byte order, type
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000


@dataclass(frozen=True)
class Kinds:
    """Of n geometries: OGC type codes (0 where there is none), which have heights or measures,
    and which are not plain (big-endian, with measures, or with an SRID of their own)."""

    types: npt.NDArray[np.uint32]
    has_z: npt.NDArray[np.bool_]
    has_m: npt.NDArray[np.bool_]
    is_odd: npt.NDArray[np.bool_]


def kinds(column: Column) -> Kinds:
    """The kinds of a column of WKB or EWKB, by the headers; rows too short to be WKB are 0."""
    offsets, data = _buffers(column)
    long_enough = np.diff(offsets) >= _HEAD
    starts = offsets[:-1][long_enough]
    heads = data[starts[:, None] + np.arange(_HEAD)]
    little = heads[:, 0] == 1
    raw = np.ascontiguousarray(heads[:, 1:])
    found = np.where(little, raw.view("<u4")[:, 0], raw.view(">u4")[:, 0])
    codes = np.zeros(len(long_enough), np.uint32)
    codes[long_enough] = found
    big = np.zeros(len(long_enough), bool)
    big[long_enough] = ~little
    iso = (codes & 0xFFFF) // 1000
    return Kinds(
        types=(codes & 0xFFFF).astype(np.uint32) % np.uint32(1000),
        has_z=((codes & _Z) != 0) | (iso == 1) | (iso == 3),
        has_m=((codes & _M) != 0) | (iso >= 2),
        is_odd=big | ((codes & (_M | _SRID)) != 0) | (iso >= 2),
    )


def to_ewkb(column: Column, srid: int, *, multi: bool) -> Column:
    """EWKB with an SRID from plain WKB; no row may be null or odd.

    With `multi`, points, lines and polygons become collections of one.
    """
    offsets, data = _buffers(column)
    starts, lengths = offsets[:-1], np.diff(offsets)
    found = kinds(column)
    single = np.isin(found.types, (1, 2, 3)) & multi
    types = np.where(single, found.types + 3, found.types) | _SRID
    types = np.where(found.has_z, types | _Z, types)

    head = np.where(single, _HEAD + 8, _HEAD + 4)  # + SRID, + count where single
    skipped = np.where(single, 0, _HEAD)  # a single keeps its own header as the first part's
    out_offsets = np.zeros(len(column) + 1, np.int64)
    np.cumsum(lengths + head - skipped, out=out_offsets[1:])
    out = np.empty(out_offsets[-1], np.uint8)
    heads = np.empty((len(column), _HEAD + 8), np.uint8)
    heads[:, 0] = 1
    heads[:, 1:5] = _bytes(types)
    heads[:, 5:9] = _bytes(np.full(len(column), srid))
    heads[:, 9:13] = _bytes(np.ones(len(column)))

    is_body = np.ones(len(out), bool)
    is_kept = np.ones(offsets[-1], bool)
    is_kept[: offsets[0]] = False
    for byte in range(_HEAD + 8):
        rows = byte < head
        places = out_offsets[:-1][rows] + byte
        out[places] = heads[rows, byte]
        is_body[places] = False
        if byte < _HEAD:
            is_kept[starts[~single] + byte] = False
    out[is_body] = data[: offsets[-1]][is_kept]
    return pa.Array.from_buffers(
        pa.large_binary(), len(column), [None, pa.py_buffer(out_offsets), pa.py_buffer(out)]
    )


def _bytes(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    return values.astype("<u4").view(np.uint8).reshape(-1, 4)


def _buffers(column: Column) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Offsets (n + 1) into the bytes, and the bytes."""
    width = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    buffers: Any = column.buffers()
    _, offsets, data = buffers
    first = column.offset
    ends = np.frombuffer(offsets, width)[first : first + len(column) + 1].astype(np.int64)
    return ends, np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
