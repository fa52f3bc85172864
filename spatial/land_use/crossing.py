"""How pairs of polygons meet, and what they share, wherever that is plain."""

from __future__ import annotations

import numpy as np
import shapely

from spatial.land_use import clipping
from spatial.land_use.polygons import POLYGON, Flags, Floats, Geometries, Indices

Kinds = np.ndarray[tuple[int], np.dtype[np.int8]]


def cross(left: Geometries, right: Geometries, i: Indices, j: Indices) -> tuple[Kinds, Geometries]:
    """How left[i] and right[j] meet (n,), and what the CUT ones share (n,), None for the others.

    UNSURE where a boundary touches another, and for polygons with holes or of several parts.
    """
    kind = np.zeros(len(i), dtype=np.int8)
    pieces = np.full(len(i), None, dtype=object)
    plain = _plain(left)[i] & _plain(right)[j]
    if not plain.any():
        return kind, pieces
    (a, a_start, i), (b, b_start, j) = _rings(left, i[plain]), _rings(right, j[plain])
    found, points, starts, owners = clipping.clip(a, a_start, b, b_start, i, j)
    kind[plain] = found
    pieces[np.flatnonzero(plain)[owners]] = _polygons(points, starts, owners)
    return kind, pieces


def _plain(geometry: Geometries) -> Flags:
    """(n,) whether a polygon is a single ring."""
    single = shapely.get_type_id(geometry) == POLYGON
    return np.asarray(single & (shapely.get_num_interior_rings(geometry) == 0))


def _rings(geometry: Geometries, used: Indices) -> tuple[Floats, Indices, Indices]:
    """Closed counterclockwise rings, where each begins, and which of them is `used`."""
    rows, place = np.unique(used, return_inverse=True)
    turned = shapely.orient_polygons(geometry[rows], exterior_cw=False)
    points, owner = shapely.get_coordinates(turned, return_index=True)
    start = np.searchsorted(owner, np.arange(len(rows) + 1))
    return points, start, place


def _polygons(points: Floats, starts: Indices, owners: Indices) -> Geometries:
    """(rings,) all that each ring's owner shares."""
    ring = np.repeat(np.arange(len(owners)), np.diff(starts))
    polygons = np.asarray(shapely.polygons(shapely.linearrings(points, indices=ring)))
    _, place, count = np.unique(owners, return_inverse=True, return_counts=True)
    several = count[place] > 1
    if several.any():
        _, group = np.unique(owners[several], return_inverse=True)
        polygons[several] = np.asarray(shapely.multipolygons(polygons[several], indices=group))[
            group
        ]
    return polygons
