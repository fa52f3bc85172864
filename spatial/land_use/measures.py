"""Measures of units of land against the features of a layer: arrays in, arrays out."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from spatial.land_use.control_lines import crossings
from spatial.land_use.polygons import Floats, Geometries, unions

SQUARE_KM = 1e6
_CIRCLE = 16  # segments of a quarter
_CHUNK = 20_000


def distance(units: Geometries, features: Geometries) -> Floats:
    """(n,) from each unit to the nearest feature, in the plane's unit; NaN where there is none."""
    if not len(features):
        return np.full(len(units), np.nan)
    (at, _), away = shapely.STRtree(features).query_nearest(
        units, return_distance=True, all_matches=False
    )
    made = np.full(len(units), np.nan)
    made[at] = away
    return made


def density(middles: Geometries, features: Geometries, radius: float) -> Floats:
    """(n,) of points their number, of lines km, of polygons km², each per km² within `radius` m.

    The circle is a polygon of 64 sides, and its own area divides.
    """
    made = np.zeros(len(middles))
    tree = shapely.STRtree(features)
    kind = shapely.get_dimensions(features)
    for start in range(0, len(middles), _CHUNK):
        circles = shapely.buffer(middles[start : start + _CHUNK], radius, quad_segs=_CIRCLE)
        at, of = tree.query(circles, predicate="intersects")
        met = features[of]
        shapely.prepare(circles)
        parted = (kind[of] > 0) & ~shapely.covers(circles[at], met)
        met[parted] = shapely.intersection(circles[at[parted]], met[parted])
        sizes = [shapely.length(met) / 1e3, shapely.area(met) / SQUARE_KM]
        size = np.select([kind[of] == 1, kind[of] == 2], sizes, 1.0)
        whole = shapely.area(circles) / SQUARE_KM
        made[start : start + len(circles)] = np.bincount(at, size, minlength=len(circles)) / whole
    return made


def share(units: Geometries, features: Geometries) -> Floats:
    """(n,) how much of each unit's area polygons cover, 0 to 1, overlaps counted once."""
    covered = np.zeros(len(units))
    for start in range(0, len(units), _CHUNK):
        chunk = units[start : start + _CHUNK]
        at, _, cut = crossings(chunk, features)
        owners, places = np.unique(at, return_inverse=True)
        if len(owners):
            once = shapely.area(unions(cut, places.astype(np.int64)))
            covered[start + owners] = once / shapely.area(chunk[owners])
    return np.minimum(covered, 1.0)


def attribute(
    middles: Geometries, features: Geometries, values: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """(n,) the value of the first feature that each middle lies in; None where it lies in none."""
    made = np.full(len(middles), None, object)
    at, of = shapely.STRtree(features).query(middles, predicate="intersects")
    order = np.lexsort((of, at))
    owners, first = np.unique(at[order], return_index=True)
    made[owners] = values[of[order][first]]
    return made


def compactness(units: Geometries) -> Floats:
    """(n,) 4π area / perimeter²: 1 for a circle, π/4 for a square (Polsby and Popper 1991)."""
    around = shapely.length(units)
    return np.asarray(4 * np.pi * shapely.area(units) / np.where(around > 0, around, np.nan) ** 2)


def width(units: Geometries) -> Floats:
    """(n,) the short side of the smallest rectangle, turned as it may be, around each unit."""
    rectangles = shapely.minimum_rotated_rectangle(units)
    perimeter, area = shapely.length(rectangles) / 2, shapely.area(rectangles)
    # The sides a and b are the roots of x² - (a + b) x + a b.
    apart = np.sqrt(np.maximum(perimeter**2 - 4 * area, 0))
    return np.asarray((perimeter - apart) / 2)
