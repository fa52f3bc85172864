"""Which polygons of two layers meet, and how: found by index and prepared predicates."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import shapely

from spatial.land_use.clipping import CUT, HOLDS, INSIDE, UNSURE
from spatial.land_use.crossing import cross
from spatial.land_use.polygons import Flags, Floats, Geometries, Indices


@dataclass(frozen=True)
class Pairs:
    """Meeting pairs, sorted by left, then right; arrays (n,).

    `inside`: the right polygon covers the left one. `holds`: the left covers the right.
    `clear`: no two of the right polygons that the left one meets overlap each other
    (False means "perhaps"). `shared`: what both share where that is known, else None.
    """

    left: Indices
    right: Indices
    inside: Flags
    holds: Flags
    clear: Flags
    shared: Geometries

    def where(self, mask: Flags) -> Pairs:
        """The pairs that `mask` (n,) picks."""
        return Pairs(*(getattr(self, field.name)[mask] for field in fields(self)))


def find_pairs(left: Geometries, right: Geometries) -> Pairs:
    """Every pair of clean polygons that may share area; most mere neighbours are left out."""
    i, j = shapely.STRtree(right).query(left)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    kind, shared = cross(left, right, i, j)
    unsure = kind == UNSURE
    box, other = shapely.bounds(left)[i], shapely.bounds(right)[j]
    inside = (kind == INSIDE) | _covers(right, left, j, i, unsure & _within(box, other))
    holds = _covers(left, right, i, j, unsure & _within(other, box) & ~inside) | (kind == HOLDS)
    clear = ~any_of(~_disjoint(right, j)[j], i, len(left))[i]
    # Covered by one of several disjoint polygons: the others only touch it.
    settled = clear & ~inside & any_of(inside, i, len(left))[i]
    meets = inside | holds | (kind == CUT)
    open_ = unsure & ~meets & ~settled
    shapely.prepare(right[np.unique(j[open_])])
    meets[open_] = shapely.intersects(right[j[open_]], left[i[open_]])
    for layer in (left, right):
        shapely.destroy_prepared(layer)
    return Pairs(i, j, inside, holds, clear, shared).where(meets)


def all_disjoint(left: Geometries, right: Geometries) -> Flags:
    """(left,) whether no two right polygons near a left one overlap (False means "perhaps")."""
    i, j = shapely.STRtree(right).query(left)
    return ~any_of(~_disjoint(right, j)[j], i, len(left))


def _within(box: Floats, other: Floats) -> Flags:
    return np.asarray(
        (box[:, :2] >= other[:, :2]).all(axis=1) & (box[:, 2:] <= other[:, 2:]).all(axis=1)
    )


def _covers(outer: Geometries, inner: Geometries, i: Indices, j: Indices, asked: Flags) -> Flags:
    shapely.prepare(outer[np.unique(i[asked])])
    answer = np.zeros(len(i), dtype=bool)
    answer[asked] = shapely.covers(outer[i[asked]], inner[j[asked]])
    return answer


def _disjoint(geometry: Geometries, used: Indices) -> Flags:
    """(n,) whether a polygon forms a clean coverage with the rest, so shares no area with them.

    Of two overlapping polygons at least one is not: coverage validity flags the one whose edges
    run inside the other.
    """
    used = np.unique(used)
    disjoint = np.zeros(len(geometry), dtype=bool)
    disjoint[used] = shapely.is_empty(shapely.coverage_invalid_edges(geometry[used]))
    return disjoint


def any_of(flags: Flags, owner: Indices, count: int) -> Flags:
    """(count,) whether any of an owner's flags is set."""
    return np.bincount(owner[flags], minlength=count) > 0
