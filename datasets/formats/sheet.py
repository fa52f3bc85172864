"""Sheets of text cells: what types their columns are, and where their rows are on the Earth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from datasets.formats import coordinates
from datasets.formats.raw import TABLE, WHY, RawLayer, Rows, batched
from spatial import crs as crs_of

type Cells = list[str]

_EMPTY: Any = pa.array(["", "NA", "N/A", "NULL", "null", "NaN", "nan", "-", "--"])
_TYPES: tuple[tuple[Any, str], ...] = (  # from the narrowest; text is what is left
    (pa.int64(), r"^[+-]?(0|[1-9][0-9]{0,17})$"),
    (pa.float64(), r"^[+-]?((0|[1-9][0-9]*)([.,][0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"),
    (pa.date32(), r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    (pa.timestamp("us"), r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$"),
)


@dataclass(frozen=True)
class Sheet:
    """Rows of text under a heading; `rows` reads them from the start at every call."""

    title: str
    heading: Cells
    rows: Callable[[], Iterator[Cells]]
    notes: tuple[str, ...] = ()


class _Kind:
    """What a column has been so far: the types that all of its cells can have."""

    def __init__(self) -> None:
        self.types = [kind for kind, _ in _TYPES]
        self.sample = ""

    def see(self, cells: Any) -> None:
        """Take an array of cells into account."""
        cells = _told(cells).drop_null()
        if not len(cells):
            return
        self.sample = self.sample or cells[0].as_py()
        self.types = [kind for kind in self.types if _fits(cells, kind)]

    @property
    def type(self) -> Any:
        return self.types[0] if self.sample and self.types else pa.string()


def _fits(cells: Any, kind: Any) -> bool:
    if not pc.all(pc.match_substring_regex(cells, dict(_TYPES)[kind])).as_py():
        return False
    try:
        _cast(cells, kind)
    except pa.ArrowInvalid:  # as 2024-02-30
        return False
    return True


def _told(cells: Any) -> Any:
    """The cells, null where they are one of the ways to write nothing."""
    return pc.if_else(pc.is_in(cells, _EMPTY), None, cells)


def _cast(cells: Any, kind: Any) -> Any:
    if kind == pa.float64():
        cells = pc.replace_substring(cells, ",", ".")
    return cells.cast(kind)


def read(sheet: Sheet) -> RawLayer:
    """A layer of a sheet: points or WKT where a column says so by its name, else a table."""
    width = len(sheet.heading)
    kinds = [_Kind() for _ in sheet.heading]
    count = 0
    for rows in batched(sheet.rows()):
        count += len(rows)
        for kind, cells in zip(kinds, _columns(rows, width), strict=True):
            kind.see(pa.array(cells, pa.string()))
    place = coordinates.found(sheet.heading, [kind.sample for kind in kinds])
    schema = tuple(
        pa.field(name, kind.type) for name, kind in zip(sheet.heading, kinds, strict=True)
    )
    degrees = place is not None and place.is_degrees
    note = "longitude and latitude taken as WGS 84: name others by --crs" if degrees else ""
    crs: pyproj.CRS | None = crs_of.parse(crs_of.WGS84) if degrees else None
    stream = partial(_rows, sheet, schema, place)
    form = TABLE if place is None else "Point" if place.is_points else None
    return RawLayer(sheet.title, form, crs, schema, count, stream, sheet.notes, note)


def _columns(rows: Sequence[Cells], width: int) -> list[Sequence[str]]:
    """Cells by column; what a row lacks is empty."""
    even = [(row + [""] * width)[:width] for row in rows]
    return list(zip(*even, strict=True))


def _rows(sheet: Sheet, schema: Sequence[Any], place: coordinates.Place | None) -> Rows:
    width = len(schema)
    for rows in batched(sheet.rows()):
        columns = _columns(rows, width)
        if place is None:
            wkb, why = np.full(len(rows), None, object), np.full(len(rows), None, object)
        else:
            geoms, why = place.of(columns)
            wkb = shapely.to_wkb(geoms)
        for at, row in enumerate(rows):
            if any(row[width:]):
                why[at] = f"it has {len(row)} cells under {width} headings"
        arrays = [_array(c, at.type) for c, at in zip(columns, schema, strict=True)]
        arrays += [pa.array(wkb, pa.binary()), pa.array(why, pa.string())]
        names = [*(at.name for at in schema), "\0geometry", WHY]
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def _array(cells: Sequence[str], kind: Any) -> Any:
    if kind == pa.string():
        return pa.array([cell or None for cell in cells], kind)
    return _cast(_told(pa.array(cells, pa.string())), kind)
