"""勘测定界 TXT: parcels by their boundary points, as cadastral surveys hand them in.

Under `[属性描述]` stand the datum, the zone and its width, under `[地块坐标]` the parcels: a line
of attributes that ends with `@`, then `number,ring,X,Y` of each point, X to the north.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyproj
import shapely
from pyproj.exceptions import CRSError

from datasets.formats import text
from datasets.formats.raw import RawLayer, made
from spatial.errors import Rejected

HEAD, PARCELS = "[属性描述]", "[地块坐标]"
FIELDS = (
    "界址点数", "地块面积", "地块编号", "地块名称", "图形属性", "图幅号", "地块用途", "地类编码",
)  # fmt: skip
# EPSG codes of the first zone: (datum, width): with the zone in the easting, and without it
ZONES = {
    ("2000", 3): (4513, 4534),
    ("2000", 6): (4491, 4502),
    ("80", 3): (2349, 2370),
    ("80", 6): (2327, 2338),
    ("54", 3): (2401, 2422),
    ("54", 6): (21413, 21453),
}
FIRST = {3: 25, 6: 13}
LAST = {3: 45, 6: 23}
MILLION = 1_000_000


@dataclass
class Parcel:
    """A parcel's attributes, and its points as ring, first and second coordinate."""

    attributes: list[str]
    points: list[tuple[str, float, float]] = field(default_factory=list)
    wrong: str | None = None


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The parcels of a file; raises Rejected where zone or axis order cannot be told."""
    lines, notes = text.lines(path, encoding)
    if not any(line.strip() == PARCELS for line in lines):
        raise Rejected(f"'{path.name}' is no 勘测定界 file: it has no {PARCELS}")
    head, parcels = _parsed(lines)
    pairs = [(a, b) for parcel in parcels for _, a, b in parcel.points]
    if not pairs:
        raise Rejected(f"'{path.name}' has no boundary points")
    north_first, prefix = axes(pairs, path.name)
    crs = crs_of(head, prefix, path.name)
    wkb, why = [], []
    miscounted = 0
    for parcel in parcels:
        geom, reason = _polygon(parcel, north_first)
        wkb.append(None if geom is None else geom.wkb)
        why.append(parcel.wrong or reason)
        miscounted += parcel.attributes[0].isdecimal() and int(parcel.attributes[0]) not in (
            len(parcel.points),
            len(parcel.points) - len({ring for ring, _, _ in parcel.points}),
        )
    if miscounted:
        notes += (f"{miscounted} parcels have other numbers of points than they tell",)
    notes += (f"the {'first' if north_first else 'second'} coordinate taken as north",)
    columns: dict[str, list[Any]] = {
        name: [(parcel.attributes[at : at + 1] or [""])[0] or None for parcel in parcels]
        for at, name in enumerate(FIELDS)
    }
    area = [_number(value) for value in columns["地块面积"]]
    named = columns | {"地块面积": area, "界址点数": [len(p.points) for p in parcels]}
    return [made(path.stem, named, wkb, "Polygon", crs, why=why, notes=notes)]


def axes(pairs: Sequence[tuple[float, float]], name: str) -> tuple[bool, int | None]:
    """Whether north comes first, and the zone that the eastings carry, if they do.

    In China a northing has seven digits, an easting six, or eight that begin with its zone.
    Raises Rejected where the points do not agree.
    """
    found = {(_kind(a), _kind(b)) for a, b in pairs}
    if len(found) == 1:
        first, second = found.pop()
        if first == "north" and second != "north" and second is not None:
            return True, second if isinstance(second, int) else None
        if second == "north" and first != "north" and first is not None:
            return False, first if isinstance(first, int) else None
    raise Rejected(
        f"'{name}' does not tell its axis order: no zone number shows which coordinate is the"
        " easting; write eastings with their zone, as 40528000"
    )


def _kind(value: float) -> str | int | None:
    if 13 * MILLION <= value < 46 * MILLION:
        return int(value // MILLION)
    if MILLION <= value < 10 * MILLION:
        return "north"
    return "east" if 0 < value < MILLION else None


def crs_of(head: dict[str, str], prefix: int | None, name: str) -> pyproj.CRS | None:
    """The Gauss-Krüger zone that a head and the eastings tell; None where they do not."""
    told = head.get("带号", "")
    zone = prefix or (int(told) if told.isdecimal() else None)
    if prefix is not None and told.isdecimal() and int(told) != prefix:
        raise Rejected(f"'{name}' says zone {told}, but its eastings begin with {prefix}")
    datum = re.search(r"2000|80|54", head.get("坐标系", ""))
    if zone is None or datum is None:
        return None
    width = 6 if zone <= LAST[6] else 3
    said = re.search(r"[36]", head.get("几度分带", ""))
    if not FIRST[width] <= zone <= LAST[width] or (said and int(said[0]) != width):
        raise Rejected(
            f"'{name}' says zone {zone}, which no {said and said[0]}° zones in China are"
        )
    code = ZONES[datum[0], width][prefix is None] + zone - FIRST[width]
    try:
        return pyproj.CRS(code)
    except CRSError:
        return None


def _parsed(lines: Sequence[str]) -> tuple[dict[str, str], list[Parcel]]:
    head: dict[str, str] = {}
    parcels: list[Parcel] = []
    section = ""
    for number, line in enumerate(map(str.strip, lines), 1):
        if line.startswith("["):
            section = line
        elif section == HEAD and "=" in line:
            name, _, value = line.partition("=")
            head[name.strip()] = value.strip()
        elif section == PARCELS and line.endswith("@"):
            cells = [cell.strip() for cell in line.rstrip("@").rstrip(",").split(",")]
            parcels.append(Parcel(cells))
        elif section == PARCELS and line and parcels:
            cells = line.split(",")
            try:
                _, ring, first, second = (cell.strip() for cell in cells[:4])
                parcels[-1].points.append((ring, float(first), float(second)))
            except ValueError:
                parcels[-1].wrong = f"line {number} is no boundary point: '{line[:40]}'"
        elif section == PARCELS and line:
            raise Rejected(f"line {number} is a point before any parcel")
    return head, parcels


def _polygon(parcel: Parcel, north_first: bool) -> tuple[Any, str | None]:
    """The area within the rings: what an odd number of them surrounds."""
    rings: dict[str, list[tuple[float, float]]] = {}
    for ring, first, second in parcel.points:
        rings.setdefault(ring, []).append((second, first) if north_first else (first, second))
    area: Any = None
    for ring, points in rings.items():
        if len(points) < 3:
            return None, f"ring {ring} has only {len(points)} points"
        polygon = shapely.Polygon(points)
        if area is None:
            area = polygon
        elif area.is_valid and polygon.is_valid:
            area = area.symmetric_difference(polygon)
        else:
            return None, f"ring {ring} crosses itself"
    return area, None if area is not None else "it has no boundary points"


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
