"""Where coordinates are kept: the storage CRS, the way there, and what cannot be a place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from datasets.repair import Geometries
from spatial import crs as crs_of
from spatial.errors import Invalid, Rejected

type Floats = npt.NDArray[np.float64]

_FARTHEST = 1e9
"""No projected coordinate of the Earth is larger, in any unit: 40 000 km are 1.3e8 feet."""

_WIDEST_ZONE = 4e6
"""Metres to either side of a central meridian; a zone number in an easting is many times more."""


@dataclass(frozen=True)
class Storage:
    """The SRID that a layer is kept in, and whether its coordinates must move to get there."""

    srid: int
    moves: bool


def storage_of(crs: pyproj.CRS) -> Storage:
    """The CRS itself where EPSG knows it, else the geographic CRS that it is based on.

    Heights' datums are left aside. Raises Rejected for a CRS that is nowhere on the Earth.
    """
    flat = crs.to_2d()
    try:
        return Storage(crs_of.srid(flat), moves=False)
    except Invalid:
        base = (flat.source_crs or flat).geodetic_crs
    if base is None:
        raise Rejected(f"'{crs.name}' is a local system without a place on the Earth: use --crs")
    # Through WKT 1, because EPSG's axis order is not that of a projection's base.
    code = pyproj.CRS(base.to_wkt("WKT1_GDAL")).to_epsg() or crs_of.WGS84
    return Storage(int(code), moves=True)


def moved(geoms: Geometries, crs: pyproj.CRS, srid: int) -> Geometries:
    """Geometries in another CRS; heights stay, what cannot be projected becomes infinite."""
    try:
        way = pyproj.Transformer.from_crs(crs.to_2d(), srid, always_xy=True)
    except (CRSError, ProjError):
        raise Rejected(f"there is no way from '{crs.name}' to EPSG:{srid}: use --crs") from None

    return transformed(geoms, way.transform)


def transformed(geoms: Geometries, way: Callable[[Floats, Floats], Any]) -> Geometries:
    """Geometries with (x, y) moved by `way`; heights stay."""

    def move(x: Floats, y: Floats, *z: Floats) -> tuple[Floats, ...]:
        return (*way(x, y), *z)

    out: Geometries = geoms.copy()
    for has_z in (False, True):
        these = ~shapely.is_missing(geoms) & (shapely.has_z(geoms) == has_z)
        transform: Any = shapely.transform
        out[these] = transform(geoms[these], move, include_z=has_z, interleaved=False)
    return out


def implausible(geoms: Geometries, crs: pyproj.CRS) -> npt.NDArray[np.object_]:
    """Why coordinates cannot be a place in this CRS, row by row; None where they can."""
    reasons = np.full(len(geoms), None, dtype=object)
    x_limit, y_limit = (360.0, 90.0) if crs.is_geographic else (_FARTHEST, _FARTHEST)
    centre = _false_easting(crs)
    if centre is not None:
        x_limit = _WIDEST_ZONE
    bounds = np.abs(shapely.bounds(geoms) - [centre or 0, 0, centre or 0, 0])
    x, y = bounds[:, [0, 2]].max(axis=1), bounds[:, [1, 3]].max(axis=1)
    words = ("longitude", "latitude") if crs.is_geographic else ("easting", "northing")
    for word, values, limit in ((words[0], x, x_limit), (words[1], y, y_limit)):
        for row in np.flatnonzero(values > limit):
            value = values[row]
            if word == "easting":
                value = shapely.bounds(geoms[row])[0]
            reasons[row] = f"a {word} of {value:.12g} is no place in {crs.name}{_hint(word, value)}"
    return reasons


def _hint(word: str, value: float) -> str:
    if word == "latitude" and value <= 360:
        return ": are x and y swapped?"
    zone = int(value // 1e6) if abs(value) < _FARTHEST else 0
    if word == "easting" and 13 <= zone <= 45:
        return f": it begins with zone {zone}, as in --crs EPSG:{gauss_krueger(zone)}"
    if word == "easting" and 0 < value < 1e6:
        return ": it lacks the zone number"
    return ""


def gauss_krueger(zone: int) -> int:
    """The EPSG code of a CGCS2000 Gauss-Krüger zone: 13 to 23 of 6°, 25 to 45 of 3°."""
    return 4491 + zone - 13 if zone <= 23 else 4513 + zone - 25


def _false_easting(crs: pyproj.CRS) -> float | None:
    """The false easting of a transverse Mercator projection in metres, else None."""
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None
    for parameter in operation.params:
        if parameter.name == "False easting" and parameter.unit_name == "metre":
            return float(parameter.value)
    return None
