"""Which part of a raster a coverage request asks for: place, time, bands and detail.

Axes are x and y of the raster's own CRS (also E and N), Lon and Lat in degrees, and time.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from datasets.cells import Frame, snapped
from ogc_api import context
from spatial import crs
from spatial.asof import Interval, parse_instant
from spatial.box import parse_box
from spatial.errors import Invalid, NotFound, TooLarge
from spatial.layer import Box
from spatial.raster import Edition, Step

PARAMETERS = frozenset(
    (
        "bbox", "bbox-crs", "subset", "subset-crs", "crs", "properties",
        "scale-factor", "scale-size", "scale-axes",
    )
)  # fmt: skip
_AXES = {
    "x": "x", "e": "x", "east": "x", "easting": "x", "y": "y", "n": "y", "north": "y",
    "northing": "y", "lon": "lon", "long": "lon", "longitude": "lon", "lat": "lat",
    "latitude": "lat", "time": "time", "t": "time", "phenomenontime": "time",
}  # fmt: skip
_SUBSET = re.compile(r'\s*(\w+)\s*\(\s*("[^"]*"|[^:()",]+)\s*(?::\s*("[^"]*"|[^:()",]+)\s*)?\)\s*')
_TIMED = re.compile(r"(?<!\w)(time|t|phenomenontime)\s*\(([^()]*)\)\s*", re.IGNORECASE)
_SCALE = re.compile(r"\s*(\w+)\s*\(\s*([\d.]+)\s*\)\s*")
_DEGREES = ("lon", "lat")


@dataclass(frozen=True)
class Subset:
    """What to read: moments, on a frame."""

    steps: list[Step]
    frame: Frame
    bands: tuple[int, ...]

    @property
    def cells(self) -> int:
        rows, columns = self.frame.shape
        return len(self.steps) * len(self.bands) * rows * columns


def frame_of(edition: Edition, query: Mapping[str, str]) -> Frame:
    """The place and detail that a request asks for.

    In the raster's own CRS the cells are its own, or fewer; in another they are
    resampled. Raises Invalid, and NotFound where the place is off the raster.
    """
    box = edition.bounds
    if query.get("bbox"):
        crs.horizontal(query.get("bbox-crs") or crs.WGS84)
        asked, code = parse_box(query["bbox"], query.get("bbox-crs"))
        box = _meet(box, crs.transform_bounds(asked, code, edition.srid))
    ranges = dict(ranges_of(query.get("subset", "")))
    own = crs.horizontal(query["subset-crs"]) if "subset-crs" in query else edition.srid
    for first, second, code in (("x", "y", own), ("lon", "lat", crs.WGS84)):
        if first in ranges or second in ranges:
            all_x, all_y = _sides(crs.transform_bounds(edition.bounds, edition.srid, code))
            x, y = ranges.get(first, all_x), ranges.get(second, all_y)
            asked = _within((x[0], y[0], x[1], y[1]), (all_x, all_y))
            box = _meet(box, crs.transform_bounds(asked, code, edition.srid))
    frame = snapped(edition, box)
    if frame is None or box[0] > box[2] or box[1] > box[3]:
        raise NotFound("the raster has no cell there")
    target = crs.horizontal(query["crs"]) if query.get("crs") else edition.srid
    if target != edition.srid:
        frame = _in_crs(frame, target)
    return Frame(frame.bounds, frame.srid, _scaled(frame.shape, query))


def when_of(query: Mapping[str, str]) -> Interval | None:
    """The time that `subset` asks for; None where it does not."""
    for match in _TIMED.finditer(query.get("subset", "")):
        parts = re.findall(r'"([^"]*)"', match[2]) or match[2].split(":")
        if len(parts) > 2:
            raise Invalid('a time in subset is written time("2024-06-01":"2024-06-02")')
        zone = context.zone.get()
        ends = [None if part.strip() in ("*", "..") else part.strip() for part in parts]
        first = parse_instant(ends[0], zone, end=False) if ends[0] else None
        last = parse_instant(ends[-1], zone) if ends[-1] else None
        if first is not None and last is not None and first > last:
            raise Invalid("the time in subset ends before it starts")
        return Interval(first, last)
    return None


def ranges_of(text: str) -> Iterator[tuple[str, tuple[float, float]]]:
    """Axes of space and their bounds: `x(528000:529000),y(3485000:3486000)`. Raises Invalid."""
    rest = _TIMED.sub("", text).strip(", ")
    while rest:
        match = _SUBSET.match(rest)
        if match is None:
            raise Invalid(f"subset '{text}' cannot be read: write x(528000:529000),y(1:2)")
        axis = _AXES.get(match[1].lower())
        if axis is None:
            raise Invalid(f"there is no axis '{match[1]}': x, y, Lon, Lat and time are")
        yield axis, (_bound(match[2], -float("inf")), _bound(match[3] or match[2], float("inf")))
        rest = rest[match.end() :]
        if rest and not rest.startswith(","):
            raise Invalid(f"subset '{text}' cannot be read: write commas between the axes")
        rest = rest[1:]


def limited(subset: Subset, most: int) -> Subset:
    """The subset; raises TooLarge, with how to ask for less, beyond so many values."""
    if subset.cells > most:
        factor = int((subset.cells / most) ** 0.5) + 1
        many = f" and a datetime for fewer of the {len(subset.steps)} moments"
        raise TooLarge(
            f"{subset.cells:,} values are more than the {most:,} given at once: ask for a smaller"
            f" bbox, scale-factor={factor}" + (many if len(subset.steps) > 1 else "")
        )
    return subset


def _bound(text: str, open_: float) -> float:
    plain = text.strip().strip('"').strip()
    if plain == "*":
        return open_
    try:
        number = float(plain)
    except ValueError:
        raise Invalid(f"'{plain}' in subset is not a number") from None
    if not isfinite(number):
        raise Invalid("the numbers of a subset must be finite, or * for an open side")
    return number


def _sides(box: Box) -> tuple[tuple[float, float], tuple[float, float]]:
    return (box[0], box[2]), (box[1], box[3])


def _within(box: Box, sides: tuple[tuple[float, float], tuple[float, float]]) -> Box:
    """A box with its open sides those of the raster; raises Invalid where it is turned round."""
    (west, east), (south, north) = sides
    if box[0] > box[2] or box[1] > box[3]:
        raise Invalid("a subset must not end before it starts: x(low:high)")
    # open sides are the raster's, with room to spare; what is beyond it is not computed with
    near = _meet(box, (west - 1, south - 1, east + 1, north + 1))
    if near[0] > near[2] or near[1] > near[3]:
        raise NotFound("the raster has no cell there")
    return near


def _meet(one: Box, other: Box) -> Box:
    if not all(map(isfinite, other)):
        raise NotFound("the raster has no cell there")
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def _in_crs(frame: Frame, srid: int) -> Frame:
    """The same place in another CRS, with about as many cells."""
    bounds = crs.transform_bounds(frame.bounds, frame.srid, srid)
    if not all(map(isfinite, bounds)):
        raise Invalid(f"the place cannot be written in EPSG:{srid}")
    return Frame(bounds, srid, frame.shape)


def _scaled(shape: tuple[int, int], query: Mapping[str, str]) -> tuple[int, int]:
    rows, columns = shape
    if "scale-size" in query:
        sizes = dict(_scales("scale-size", query["scale-size"]))
        wide, high = sizes.get("x", sizes.get("lon")), sizes.get("y", sizes.get("lat"))
        columns = int(wide) if wide else columns
        rows = int(high) if high else rows
    elif "scale-axes" in query:
        factors = dict(_scales("scale-axes", query["scale-axes"]))
        columns = round(columns / (factors.get("x") or factors.get("lon") or 1))
        rows = round(rows / (factors.get("y") or factors.get("lat") or 1))
    elif "scale-factor" in query:
        factor = _positive("scale-factor", query["scale-factor"])
        rows, columns = round(rows / factor), round(columns / factor)
    return max(1, rows), max(1, columns)


def _scales(name: str, text: str) -> Iterator[tuple[str, float]]:
    for part in text.split(","):
        match = _SCALE.fullmatch(part)
        axis = _AXES.get(match[1].lower()) if match else None
        if match is None or axis is None or axis == "time":
            raise Invalid(f"{name} '{text}' cannot be read: write x(200),y(100)")
        yield axis, _positive(name, match[2])


def _positive(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise Invalid(f"{name} is a number, not '{text}'") from None
    if not (isfinite(number) and 1e-3 <= number <= 1e6):
        raise Invalid(f"{name} is a number from 0.001 to a million, not '{text}'")
    return number
