"""Columns that say where a row is: by two coordinates, by WKT or by hexadecimal WKB."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

_EAST = (
    "lon", "lng", "long", "longitude", "经度", "东经", "stop_lon", "x", "easting", "横坐标",
    "东坐标",
)  # fmt: skip
_NORTH = ("lat", "latitude", "纬度", "北纬", "stop_lat", "y", "northing", "纵坐标", "北坐标")
_DEGREES = frozenset((*_EAST[:7], *_NORTH[:5]))
_TEXT = ("wkt", "wkb", "geom", "geometry", "the_geom", "shape", "几何", "坐标串")
_WKT = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON|CURVE|SURFACE|GEOM)", re.I)
_HEX = re.compile(r"0[01][0-9a-fA-F]{8,}")
_DMS = re.compile(
    r"([NSEW东西南北]?)\s*(\d+)\s*[°度d]\s*(\d+)?\s*['′’分m]?\s*"
    r"(\d+(?:\.\d+)?)?\s*[\"″”秒s]?\s*([NSEW东西南北]?)"
)


@dataclass(frozen=True)
class Place:
    """The columns of x and y, or the one column of geometry as text."""

    columns: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def is_points(self) -> bool:
        return len(self.columns) == 2

    @property
    def is_degrees(self) -> bool:
        """Whether the columns' names speak of longitude and latitude."""
        return self.is_points and all(_plain(name) in _DEGREES for name in self.names)

    def of(self, cells: Sequence[Sequence[str]]) -> tuple[Any, Any]:
        """Geometries, None where there is none, and why: of n rows, given by columns."""
        chosen = [cells[at] for at in self.columns]
        return self._points(*chosen) if self.is_points else self._geometries(chosen[0])

    def _points(self, x: Sequence[str], y: Sequence[str]) -> tuple[Any, Any]:
        why = np.full(len(x), None, object)
        values = np.full((len(x), 2), np.nan)
        for at, pair in enumerate(zip(x, y, strict=True)):
            for axis, cell in enumerate(pair):
                number = degrees(cell)
                if number is not None:
                    values[at, axis] = number
                elif why[at] is None:
                    what = f"'{cell}' is no coordinate" if cell else "there is no coordinate"
                    why[at] = f"{what} in '{self.names[axis]}'"
        geoms: Any = shapely.points(values)
        geoms[np.isnan(values).any(axis=1)] = None
        return geoms, why

    def _geometries(self, cells: Sequence[str]) -> tuple[Any, Any]:
        why = np.full(len(cells), None, object)
        geoms = np.full(len(cells), None, object)
        for at, cell in enumerate(cells):
            read: Any = shapely.from_wkb if _HEX.match(cell) else shapely.from_wkt
            try:
                geoms[at] = read(cell.partition(";")[2] if cell[:5].upper() == "SRID=" else cell)
            except (shapely.GEOSException, NotImplementedError) as error:
                what = str(error).partition("\n")[0][:120]
                why[at] = f"'{self.names[0]}' holds no geometry: {what}" if cell else "no geometry"
        return geoms, why


def found(heading: Sequence[str], samples: Sequence[str]) -> Place | None:
    """Where the coordinates are, by the columns' names and a value of each."""
    plain = [_plain(name) for name in heading]
    for at, name in enumerate(plain):
        if name in _TEXT and (_WKT.match(samples[at]) or _HEX.match(samples[at])):
            return Place((at,), (heading[at],))
    x, y = _first(plain, _EAST), _first(plain, _NORTH)
    if x is None or y is None:
        return None
    return Place((x, y), (heading[x], heading[y]))


def degrees(cell: str) -> float | None:
    """A number, or degrees, minutes and seconds; None where it is neither."""
    cell = cell.strip()
    try:
        return float(cell.replace(",", ".", 1))
    except ValueError:
        pass
    match = _DMS.fullmatch(cell)
    if match is None:
        return None
    before, whole, minutes, seconds, after = match.groups()
    value = float(whole) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -value if (before or after) in ("S", "W", "南", "西") else value


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _plain(name: str) -> str:
    """A heading without its unit and its case: "X坐标(m)" is x."""
    return re.sub(r"[(（\[].*|(?<=[xy])坐标", "", name.strip().lower()).strip()
