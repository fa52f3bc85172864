"""Arrow columns as PostgreSQL's binary COPY, joined row by row without a Python object a value.

Source of the layout: PostgreSQL's documentation of COPY, "Binary Format".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

type Arrow = pa.Array[Any] | pa.ChunkedArray[Any]

HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"

_US_BEFORE_2000 = 946_684_800_000_000
_DAYS_BEFORE_2000 = 10_957
_BYTES: Any = pa.large_binary()
_MOMENT: Any = pa.timestamp("us", "UTC")
_FIXED: Mapping[str, tuple[Any, str]] = {
    "bool": (pa.uint8(), "u1"),
    "int4": (pa.int32(), ">i4"),
    "int8": (pa.int64(), ">i8"),
    "float8": (pa.float64(), ">f8"),
    "date": (pa.int32(), ">i4"),
    "timestamptz": (pa.int64(), ">i8"),
}
_NAMES = {"integer": "int4", "bigint": "int8", "double precision": "float8", "boolean": "bool"}
_OPEN_START, _OPEN_END, _CLOSED_START = 0x08, 0x10, 0x02


def encode(columns: Mapping[str, tuple[str, Arrow]]) -> memoryview:
    """The rows of a COPY, without its head and end.

    columns: by name, in the table's order of COPY, the type (of SQL) and the values; nulls are
    NULL. Types: text, bytea, jsonb (as text), boolean, integer, bigint, double precision, date,
    timestamptz, and tstzrange (as structures of `start` and `end`, null for open).
    """
    pieces: list[Any] = [pa.scalar(len(columns).to_bytes(2), _BYTES)]
    for kind, values in columns.values():
        cell = _cell(_NAMES.get(kind, kind), values)
        lengths = pc.fill_null(pc.binary_length(cell), -1).to_numpy(zero_copy_only=False)
        pieces += [_raw(lengths.astype(">i4")), pc.fill_null(cell, b"")]
    joined = pc.binary_join_element_wise(*pieces, pa.scalar(b"", _BYTES))
    start, end = (joined.offset, joined.offset + len(joined))
    offsets = np.frombuffer(joined.buffers()[1], np.int64)
    return memoryview(joined.buffers()[2])[offsets[start] : offsets[end]]


def ranges(start: Arrow, end: Arrow) -> Arrow:
    """Periods from two columns of moments, null for open."""
    both: Any = [_plain(pc.cast(side, _MOMENT)) for side in (start, end)]
    return pa.StructArray.from_arrays(both, ["start", "end"])


def _cell(kind: str, values: Arrow) -> Any:
    """A column's values as they travel."""
    plain = _plain(values)
    if kind in ("text", "bytea"):
        return plain.cast(_BYTES)
    if kind == "jsonb":
        version = pa.scalar(b"\x01", _BYTES)
        return pc.binary_join_element_wise(version, plain.cast(_BYTES), pa.scalar(b"", _BYTES))
    if kind == "tstzrange":
        return _range_cell(plain)
    return _fixed_cell(kind, plain)


def _range_cell(periods: Any) -> Any:
    start, end = (_fixed_cell("timestamptz", periods.field(name)) for name in ("start", "end"))
    flags = np.full(len(periods), _CLOSED_START, np.uint8)
    flags[start.is_null().to_numpy(zero_copy_only=False)] = _OPEN_START
    flags[end.is_null().to_numpy(zero_copy_only=False)] |= _OPEN_END
    length = pa.scalar((8).to_bytes(4), _BYTES)
    empty = pa.scalar(b"", _BYTES)
    bounds = [
        pc.fill_null(pc.binary_join_element_wise(length, bound, empty), b"")
        for bound in (start, end)
    ]
    return pc.binary_join_element_wise(_raw(flags), *bounds, empty)


def _fixed_cell(kind: str, values: Any) -> Any:
    native, code = _FIXED[kind]
    if kind == "timestamptz":
        values = values.cast(_MOMENT)
    numbers = pc.fill_null(values.cast(native), 0).to_numpy(zero_copy_only=False)
    if kind == "timestamptz":
        numbers = numbers - _US_BEFORE_2000
    elif kind == "date":
        numbers = numbers - _DAYS_BEFORE_2000
    cells = _raw(numbers.astype(code))
    if not values.null_count:
        return cells
    return pc.if_else(values.is_valid(), cells, pa.scalar(None, _BYTES))


def _raw(numbers: Any) -> Any:
    """(n,) each number's bytes."""
    width = numbers.dtype.itemsize
    offsets = np.arange(len(numbers) + 1, dtype=np.int64) * width
    buffers: Any = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(numbers))]
    return pa.Array.from_buffers(_BYTES, len(numbers), buffers)


def _plain(values: Arrow) -> Any:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
