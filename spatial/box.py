"""Bounding boxes as clients write them."""

from spatial import crs
from spatial.errors import Invalid
from spatial.layer import Box


def parse_box(text: str, crs_text: str | None = None) -> tuple[Box, int]:
    """(minx, miny, maxx, maxy), x first, and its EPSG code.

    Numbers come in the axis order of the CRS that is named; CRS84, x first, is the default.
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
    if minx > maxx or miny > maxy:
        raise Invalid("a bbox must not end before it starts: minx,miny,maxx,maxy")
    return (minx, miny, maxx, maxy), code
