"""Bounding boxes as clients write them."""

from spatial import crs
from spatial.errors import Invalid
from spatial.layer import Box

POLE, AROUND = 90.0, 360.0


def parse_box(text: str, crs_text: str | None = None, *, around: bool = False) -> tuple[Box, int]:
    """(minx, miny, maxx, maxy), x first, and its EPSG code.

    Numbers come in the axis order of the CRS that is named; CRS84, x first, is the default.
    around: in degrees a box may go across the antimeridian, its west then east of its east.
    Raises Invalid with what is wrong.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise Invalid(f"bbox '{text}' holds something else than numbers") from None
    if len(numbers) == 6:
        numbers = numbers[:2] + numbers[3:5]
    if len(numbers) != 4:
        raise Invalid("a bbox has four numbers (or six): minx,miny,maxx,maxy")
    if any(number != number or abs(number) == float("inf") for number in numbers):
        raise Invalid("the numbers of a bbox must be finite")
    code = crs.srid(crs_text) if crs_text else crs.WGS84
    if crs_text and not crs.is_crs84(crs_text) and crs.northing_first(code):
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    minx, miny, maxx, maxy = numbers
    across = around and crs.parse(code).is_geographic and maxx >= -180 and minx <= 180
    if (minx > maxx and not across) or miny > maxy:
        raise Invalid("a bbox must not end before it starts: minx,miny,maxx,maxy")
    if crs.parse(code).is_geographic:
        return _on_earth((minx, miny, maxx, maxy)), code
    return (minx, miny, maxx, maxy), code


def _on_earth(box: Box) -> Box:
    """A box in degrees as much of which there is: maps that are zoomed out show beyond it."""
    west, south, east, north = box
    if south > POLE or north < -POLE or west > AROUND or east < -AROUND:
        raise Invalid("that bbox lies beyond the Earth: degrees are -180,-90,180,90 at most")
    return max(west, -AROUND), max(south, -POLE), min(east, AROUND), min(north, POLE)


def halves(box: Box) -> list[Box]:
    """The box itself; where it goes across the antimeridian, what lies on either side."""
    west, south, east, north = box
    if west <= east:
        return [box]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]
