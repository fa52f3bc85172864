"""Cutting polygons by polygons, with as few intersections and differences as will do."""

import numpy as np
import shapely

from spatial.land_use.pairs import Pairs, any_of
from spatial.land_use.polygons import Floats, Geometries, Indices, tidy, unions

#: Up to so many cutters are taken from a polygon one by one, which keeps each cut local;
#: more are merged first, because the polygon would be rebuilt for every one of them.
ONE_BY_ONE = 4


def intersections(
    left: Geometries, right: Geometries, pairs: Pairs, grid_size: float | None
) -> Geometries:
    """(pairs,) what each pair shares: polygons, empty where they only touch.

    Slivers thinner than the coordinates can tell count as touching, so that which neighbours a
    partition happens to see never changes the pieces.
    """
    pieces = pairs.shared.copy()
    pieces[pairs.inside] = left[pairs.left[pairs.inside]]
    pieces[pairs.holds] = right[pairs.right[pairs.holds]]
    cross = ~(pairs.inside | pairs.holds)
    rest = cross & (shapely.is_missing(pieces) | (grid_size is not None))
    i, j = pairs.left[rest], pairs.right[rest]
    pieces[rest] = tidy(shapely.intersection(left[i], right[j], grid_size))
    cut = pieces[cross]
    cut[shapely.area(cut) <= resolution(cut)] = shapely.Polygon()
    pieces[cross] = cut
    return pieces


def rests(
    left: Geometries, right: Geometries, pairs: Pairs, pieces: Geometries, grid_size: float | None
) -> Geometries:
    """(left,) what no right polygon covers; empty where nothing is left over.

    `pairs` are those that share area, `pieces` (pairs,) what they share. A polygon whose pieces
    fill it and cannot overlap has no rest, and is not cut to find that out.
    """
    found = np.bincount(pairs.left, weights=shapely.area(pieces), minlength=len(left))
    perhaps = any_of(~pairs.clear, pairs.left, len(left))
    unclear = resolution(left)
    filled = (found > 0) & (shapely.area(left) - found <= unclear)
    gone = any_of(pairs.inside, pairs.left, len(left)) | (filled & ~perhaps)
    result = left.copy()
    result[gone] = shapely.Polygon()
    cut = ~gone[pairs.left]
    result = _subtract(result, right, pairs.left[cut], pairs.right[cut], grid_size)
    result[(found > 0) & (shapely.area(result) <= unclear)] = shapely.Polygon()
    return result


def resolution(geometry: Geometries) -> Floats:
    """(n,) the area that the spacing of floating-point coordinates leaves uncertain."""
    if not len(geometry):
        return np.zeros(0)
    reach = np.nan_to_num(np.abs(shapely.bounds(geometry)).max(axis=1))
    return np.asarray(4 * np.spacing(reach) * shapely.length(geometry))


def _subtract(
    polygons: Geometries, cutters: Geometries, i: Indices, j: Indices, grid_size: float | None
) -> Geometries:
    """polygons[i] minus all its cutters[j], for pairs sorted by i; in place."""
    owners, place, count = np.unique(i, return_inverse=True, return_counts=True)
    many = count > ONE_BY_ONE
    merge = many[place]
    if merge.any():
        _, owner = np.unique(i[merge], return_inverse=True)
        merged = unions(cutters[j[merge]], owner, grid_size)
        polygons[owners[many]] = shapely.difference(polygons[owners[many]], merged, grid_size)
    i, j = i[~merge], j[~merge]
    turn = np.arange(len(i)) - np.searchsorted(i, i)
    for now in range(ONE_BY_ONE):
        a, b = i[turn == now], j[turn == now]
        polygons[a] = shapely.difference(polygons[a], cutters[b], grid_size)
    polygons[owners] = tidy(polygons[owners])
    return polygons
