"""Attribute columns: names that PostgreSQL takes, and the eight types that layers know."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datasets.wkb import Column
from spatial.asof import DEFAULT_ZONE
from spatial.errors import Invalid
from spatial.layer import OURS, identifier, shorten

_MOMENT: Any = pa.timestamp("us", "UTC")
_SYSTEM = frozenset(["ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"])


@dataclass(frozen=True)
class Field:
    """An attribute: its identifier, the source's own name, its type as stored.

    `place` is its column in the source.
    """

    name: str
    title: str
    type: pa.DataType
    place: int


def fields(schema: Sequence["pa.Field[Any]"], leave_out: Collection[str] = ()) -> tuple[Field, ...]:
    """The stored fields of a source's columns, in their order."""
    taken = [place for place, column in enumerate(schema) if column.name not in leave_out]
    names = clean_names([schema[place].name for place in taken])
    return tuple(
        Field(name, schema[place].name, stored_type(schema[place].type), place)
        for name, place in zip(names, taken, strict=True)
    )


def clean_names(titles: Sequence[str]) -> list[str]:
    """Identifiers of at most 63 bytes, unique whatever the case, none of them one of ours."""
    names: list[str] = []
    taken = set(OURS | _SYSTEM)
    for place, title in enumerate(titles, 1):
        plain = identifier(title) or f"field_{place}"
        name = shorten(plain)
        if name.lower() in OURS | _SYSTEM:
            name = shorten(plain, "_")
        count = 1
        while name.lower() in taken:
            count += 1
            name = shorten(plain, f"_{count}")
        taken.add(name.lower())
        names.append(name)
    return names


def stored_type(source: Any) -> pa.DataType:
    """The type that a source's type is stored as: the narrowest of ours that loses nothing.

    Decimals become doubles; lists and structures become JSON text; bytes, times of day and
    unsigned 64-bit numbers become text.
    """
    t = pa.types
    if isinstance(source, pa.DictionaryType):
        return stored_type(source.value_type)
    if t.is_boolean(source):
        return pa.bool_()
    if t.is_uint64(source):
        return pa.string()
    if t.is_integer(source):
        return pa.int64() if source.bit_width > 32 or t.is_uint32(source) else pa.int32()
    if t.is_floating(source) or t.is_decimal(source):
        return pa.float64()
    if t.is_date(source):
        return pa.date32()
    return _MOMENT if t.is_timestamp(source) else pa.string()


def store(column: Column, field: Field, zone: tzinfo = DEFAULT_ZONE) -> Column:
    """A source's column in its stored type; times without an offset are in the city's zone."""
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    if column.type == field.type:
        return column
    if isinstance(column.type, pa.JsonType):
        return column.cast(pa.string())
    if pa.types.is_nested(column.type):
        values = (
            None if value is None else json.dumps(value, ensure_ascii=False, default=str)
            for value in column.to_pylist()
        )
        return pa.array(values, pa.string())
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        local: Any = column
        column = pc.assume_timezone(local, str(zone), ambiguous="earliest", nonexistent="earliest")
    if _is_bytes(column.type):
        values = (value and value.hex() for value in column.to_pylist())
        return pa.array(values, pa.string())
    return column.cast(field.type, safe=field.type != _MOMENT)


def unfit_text(columns: Mapping[str, Column], count: int) -> npt.NDArray[np.object_]:
    """Why PostgreSQL would refuse a row's text, row by row: not UTF-8, or a zero byte."""
    reasons = np.full(count, None, dtype=object)
    for name, column in columns.items():
        if column.type != pa.string() or _is_clean(column):
            continue
        for row, value in enumerate(column.cast(pa.binary()).to_pylist()):
            if value is not None and (why := _why_unfit(value)):
                reasons[row] = reasons[row] or f"the text in '{name}' {why}"
    return reasons


def _is_clean(text: Column) -> bool:
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return not pc.any(pc.match_substring(text, "\0")).as_py()


def _why_unfit(value: bytes) -> str | None:
    try:
        value.decode()
    except UnicodeDecodeError:
        return "is not UTF-8: name its encoding with --encoding"
    return "holds a zero byte" if b"\0" in value else None


def _is_bytes(source: pa.DataType) -> bool:
    t = pa.types
    return t.is_binary(source) or t.is_large_binary(source) or t.is_fixed_size_binary(source)


def shapefile_names(names: Sequence[str], encoding: str) -> dict[str, str]:
    """Each name as a Shapefile can have it: at most 10 bytes, unique whatever the case."""
    short: dict[str, str] = {}
    taken = {"fid"}
    for name in names:
        made, count = _cut(name, "", encoding), 1
        while made.lower() in taken:
            count += 1
            made = _cut(name, f"_{count}", encoding)
        taken.add(made.lower())
        short[name] = made
    return short


def _cut(name: str, suffix: str, encoding: str) -> str:
    try:
        room = name.encode(encoding, errors="ignore")[: 10 - len(suffix)]
        return (room.decode(encoding, errors="ignore") or "field") + suffix
    except LookupError:
        raise Invalid(f"'{encoding}' is no encoding: use UTF-8, GBK or GB18030") from None
