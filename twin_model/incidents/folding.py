"""Which alerts belong together: those that are near each other in place and time."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from twin_model.packed import Column

EARTH_M = 6_371_008.8


def groups(
    lonlat: Column, at: Column, reach_m: float, gap_s: float, joined: Sequence[tuple[int, int]] = ()
) -> Column:
    """The number of the group of each alert.

    lonlat: (n, 2) degrees; at: int64 microseconds of their beginning. Two are of one group where
    they are at most `reach_m` apart on the sphere and began within `gap_s`, directly or through
    others, or are joined already.
    """
    lon, lat = np.radians(lonlat).T if len(lonlat) else (np.empty(0), np.empty(0))
    sphere = EARTH_M * np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )
    chord = 2 * EARTH_M * np.sin(min(reach_m / EARTH_M, np.pi) / 2)
    pairs = cKDTree(sphere).query_pairs(chord, output_type="ndarray") if len(lonlat) else []
    pairs = np.array(pairs, np.int64).reshape(-1, 2)
    pairs = pairs[np.abs(at[pairs[:, 0]] - at[pairs[:, 1]]) <= gap_s * 1e6]
    pairs = np.concatenate([pairs, np.array(joined, np.int64).reshape(-1, 2)])
    count = len(at)
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    found: Column = connected_components(links, directed=False)[1]
    return found
