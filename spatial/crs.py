"""Coordinate reference systems: many spellings at the door, one integer SRID within."""

from functools import lru_cache
from typing import Any

import pyproj
from pyproj.exceptions import CRSError, ProjError

from spatial.errors import Invalid

WGS84 = 4326
WEB_MERCATOR = 3857
CGCS2000 = 4490
WORLD = 20037508.342789244  # metres of web mercator from its middle to its edges
EDGE = 85.0511287798  # degrees of latitude there
CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@lru_cache(maxsize=256)
def _parse_text(text: str) -> pyproj.CRS:
    plain = text.strip()
    if plain.isdigit():
        plain = f"EPSG:{plain}"
    try:
        return pyproj.CRS.from_user_input(plain)
    except CRSError:
        raise Invalid(
            f"'{text}' is not a coordinate reference system: write EPSG:4549 or its OGC URI"
        ) from None


def parse(spelling: Any) -> pyproj.CRS:
    """A CRS from an EPSG code, URI, CURIE, WKT or another library's object."""
    if isinstance(spelling, int):
        spelling = f"EPSG:{spelling}"
    if isinstance(spelling, str):
        return _parse_text(spelling)
    try:
        return pyproj.CRS.from_user_input(spelling)
    except CRSError:
        raise Invalid("the coordinate reference system cannot be understood") from None


def srid(spelling: Any) -> int:
    """The EPSG code of a CRS.

    CRS84 is EPSG:4326 in a database, where x always comes first. Raises Invalid for a CRS that
    the EPSG registry does not know.
    """
    crs = parse(spelling)
    if is_crs84(crs):
        return WGS84
    code = crs.to_epsg(min_confidence=70)
    if code is None:
        raise Invalid(f"'{crs.name}' has no EPSG code, which storage needs: choose one with --crs")
    return int(code)


def horizontal(spelling: Any) -> int:
    """The EPSG code of a CRS of two axes, on the ground; raises Invalid for any other."""
    crs = parse(spelling)
    if len(crs.axis_info) != 2 or not (crs.is_geographic or crs.is_projected):
        raise Invalid(f"'{crs.name}' has no two axes on the ground: choose another CRS")
    return srid(crs)


def split(spelling: Any) -> tuple[pyproj.CRS, pyproj.CRS | None]:
    """The horizontal part of a CRS and, of a compound one, its vertical part."""
    crs = parse(spelling)
    parts = crs.sub_crs_list
    return (parts[0], parts[1]) if len(parts) == 2 else (crs, None)


def is_crs84(spelling: Any) -> bool:
    """Whether a CRS is longitude and latitude of WGS 84, in that order."""
    return bool(parse(spelling).to_authority() == ("OGC", "CRS84"))


@lru_cache(maxsize=256)
def northing_first(code: int) -> bool:
    """Whether the authority's axis order is north (or latitude) first."""
    axes = pyproj.CRS.from_epsg(code).axis_info
    return bool(axes) and axes[0].direction.lower() in ("north", "south")


def uri(code: int) -> str:
    """The OGC URI of an EPSG code."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{code}"


@lru_cache(maxsize=256)
def transformer(source: int, target: int) -> pyproj.Transformer:
    """A transformer between two EPSG codes with x first on both sides."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def transform_bounds(
    bounds: tuple[float, float, float, float], source: int, target: int
) -> tuple[float, float, float, float]:
    """(minx, miny, maxx, maxy) of a box in another CRS, its edges followed, not its corners."""
    if source == target:
        return bounds
    try:
        minx, miny, maxx, maxy = transformer(source, target).transform_bounds(*bounds)
    except ProjError:
        raise Invalid("that place lies outside of what its CRS covers") from None
    return minx, miny, maxx, maxy


def offered(stored: int) -> list[str]:
    """URIs of the reference systems that a layer stored in this one is served in."""
    codes = dict.fromkeys((WGS84, CGCS2000, WEB_MERCATOR, stored))
    return [CRS84_URI, *map(uri, codes)]
