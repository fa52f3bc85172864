"""Readings as columns, whatever form they came in."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spatial.errors import Invalid
from twin_model.kinds import Kind
from twin_model.packed import Column

type Strings = Any  # an Arrow array of strings, plain or by dictionary

NO_KIND = 0
LONGEST_WORD = 200
_PROPERTY = re.compile(r"[\w.:/-]{1,100}")


@dataclass(slots=True)
class Readings:
    """Columns of one length.

    asset, property: Arrow strings; at: int64 microseconds since 1970; kind: of Kind; x, y: numbers,
    or longitude and latitude in degrees; words: the categories; unit, id: Arrow strings or None;
    quality: of Quality. `refused` says of rows by number why they cannot be taken, and `raw`
    gives a row as it came.
    """

    asset: Strings
    property: Strings
    at: Column
    kind: Column
    x: Column
    y: Column
    quality: Column
    words: Strings | None
    unit: Strings | None
    id: Strings | None
    raw: Callable[[int], Any]
    refused: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.at)

    def refuse(self, rows: Column, reason: str) -> None:
        """Refuse these rows, unless they are refused already."""
        for row in rows.tolist():
            self.refused.setdefault(row, reason)


def joined(parts: Sequence[Readings]) -> Readings:
    """All of the parts' readings, in their order."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    refused = {
        start + row: reason
        for start, part in zip(starts, parts, strict=False)
        for row, reason in part.refused.items()
    }

    def raw(row: int) -> Any:
        part = bisect_right(starts, row) - 1
        return parts[part].raw(row - starts[part])

    numbers = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("at", "kind", "x", "y", "quality")
    }
    texts = {name: _texts(parts, name) for name in ("asset", "property")}
    for name in ("words", "unit", "id"):
        there = any(getattr(part, name) is not None for part in parts)
        texts[name] = _texts(parts, name) if there else None
    return Readings(**texts, **numbers, raw=raw, refused=refused)


def _texts(parts: Sequence[Readings], name: str) -> Strings:
    """One column of all parts; null where a part has none."""
    found = [(getattr(part, name), len(part)) for part in parts]
    return pa.concat_arrays(
        [
            pa.nulls(count, pa.string()) if column is None else column.cast(pa.string())
            for column, count in found
        ]
    )


def strings(values: Sequence[Any]) -> Strings:
    """Texts as Arrow strings; numbers become texts, and other things null."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError):
        return pa.array(
            [_text(value) if isinstance(value, str | int) else None for value in values],
            pa.string(),
        )


def _text(value: str | int) -> str | None:
    text = str(value)
    return text if text.isprintable() else None


def codes(column: Strings) -> tuple[Column, list[str | None]]:
    """Strings as int64 places in the list of distinct ones; -1 for null."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    places = pc.fill_null(column.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return places, column.dictionary.to_pylist()


def empty(count: int) -> tuple[Column, Column, Column]:
    """kind, x and y of readings of which nothing is known yet."""
    return np.zeros(count, np.int8), np.full(count, np.nan), np.full(count, np.nan)


def check_values(readings: Readings) -> None:
    """Refuse what no series could take: no number, a place off the globe, an endless word."""
    number, place = readings.kind == Kind.number, readings.kind == Kind.position
    finite = np.isfinite(readings.x)
    readings.refuse(np.flatnonzero(number & ~finite), "the value is not a finite number")
    with np.errstate(invalid="ignore"):
        on_globe = (np.abs(readings.x) <= 180) & (np.abs(readings.y) <= 90)
    readings.refuse(np.flatnonzero(place & ~on_globe), "a position is [longitude, latitude]")
    readings.refuse(
        np.flatnonzero(readings.kind == NO_KIND),
        "the value is no number, no word and no [longitude, latitude]",
    )
    for name in ("asset", "property"):
        missing = pc.is_null(getattr(readings, name)).to_numpy(zero_copy_only=False)
        readings.refuse(np.flatnonzero(missing), f"it has no '{name}'")
    code, names = codes(readings.property)
    odd = [n for n, name in enumerate(names) if name is None or not _PROPERTY.fullmatch(name)]
    if odd:
        readings.refuse(np.flatnonzero(np.isin(code, odd)), "a property is one word of text")
    if readings.words is not None:
        words = readings.words.cast(pa.string())
        lengths = pc.fill_null(pc.utf8_length(words), 0).to_numpy(zero_copy_only=False)
        nul = pc.fill_null(pc.match_substring(words, "\0"), False).to_numpy(zero_copy_only=False)
        wrong = (readings.kind == Kind.category) & ((lengths > LONGEST_WORD) | (lengths == 0) | nul)
        readings.refuse(np.flatnonzero(wrong), f"a word has 1 to {LONGEST_WORD} characters")


def require_columns(found: Sequence[str]) -> None:
    """Raise Invalid where a table of readings lacks a column."""
    missing = [name for name in ("asset", "property", "at") if name not in found]
    if not missing and not ("value" in found or {"lon", "lat"} <= set(found)):
        missing = ["value"]
    if missing:
        raise Invalid(
            f"readings need a column '{missing[0]}': asset, property, at, value (or lon and lat),"
            " and where known id, unit, quality"
        )
