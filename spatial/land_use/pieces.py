"""Pieces of an overlay as arrays, and the tally that proves them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from spatial.land_use.cutting import intersections, resolution, rests
from spatial.land_use.pairs import Pairs, all_disjoint, find_pairs
from spatial.land_use.polygons import Cleaned, Floats, Geometries, Indices, clean, unions
from spatial.land_use.tally import SLIVER, Tally


@dataclass(frozen=True)
class Pieces:
    """Arrays (n,): each piece's left and right feature by position, -1 = none, and its polygon."""

    left: Indices
    right: Indices
    geometry: Geometries
    tally: Tally

    def __add__(self, other: Pieces) -> Pieces:
        return Pieces(
            np.concatenate([self.left, other.left]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.geometry, other.geometry]),
            self.tally + other.tally,
        )

    def swapped(self) -> Pieces:
        """The same pieces with left and right exchanged."""
        return Pieces(self.right, self.left, self.geometry, self.tally)

    def pick(self, *, shared: bool = True, alone: bool = True) -> Pieces:
        """The pieces that both sides share, those that one has alone, or both; tallied anew."""
        wanted = np.where((self.left >= 0) & (self.right >= 0), shared, alone)
        kept = self.geometry[wanted]
        slivers = int((shapely.area(kept) < SLIVER).sum())
        tally = replace(self.tally, pieces=len(kept), slivers=slivers)
        return Pieces(self.left[wanted], self.right[wanted], kept, tally)

    def shared_by_right(self, count: int) -> Floats:
        """(count,) the area of the pieces of each right feature; sums over the parts."""
        both = (self.left >= 0) & (self.right >= 0)
        area = shapely.area(self.geometry[both])
        return np.bincount(self.right[both], weights=area, minlength=count).astype(float)


def cut(left: Geometries, right: Geometries, grid_size: float | None) -> Pieces:
    """Cut `left` by `right` into the pieces they share and the rests that left has alone.

    Both kinds are always made, since only together do they prove the balance.
    Overlaps within `right` give overlapping pieces.
    """
    return _cut(clean(left, grid_size), clean(right, grid_size), grid_size)


def cut_unfilled(
    left: Geometries, right: Geometries, shared: Floats, grid_size: float | None
) -> Pieces:
    """As `cut`, without the pieces of the left polygons that `shared` (left,) shows to be filled.

    `shared` is the area of the pieces that each left polygon shares with the whole right layer.
    """
    ours, theirs = clean(left, grid_size), clean(right, grid_size)
    area, found = shapely.area(ours.geometry), shared[ours.index]
    filled = area - found <= resolution(ours.geometry)
    filled[filled] = all_disjoint(ours.geometry[filled], theirs.geometry)
    made = _cut(ours.where(~filled), theirs, grid_size)
    done = Tally(
        features=int(filled.sum()),
        area=float(area[filled].sum()),
        shared=float(found[filled].sum()),
        residual=float(np.abs(area - found)[filled].sum()),
    )
    return replace(made, tally=made.tally + done)


def _cut(ours: Cleaned, theirs: Cleaned, grid_size: float | None) -> Pieces:
    pairs = find_pairs(ours.geometry, theirs.geometry)
    pieces = intersections(ours.geometry, theirs.geometry, pairs, grid_size)
    some = ~shapely.is_empty(pieces)
    pairs, pieces = pairs.where(some), pieces[some]
    rest = rests(ours.geometry, theirs.geometry, pairs, pieces, grid_size)
    remain = np.flatnonzero(~shapely.is_empty(rest))
    return Pieces(
        np.concatenate([ours.index[pairs.left], ours.index[remain]]),
        np.concatenate([theirs.index[pairs.right], np.full(len(remain), -1)]),
        np.concatenate([pieces, rest[remain]]),
        _balance(ours, pairs, pieces, rest, grid_size),
    )


def _balance(
    ours: Cleaned, pairs: Pairs, pieces: Geometries, rest: Geometries, grid_size: float | None
) -> Tally:
    """Weigh every polygon against its pieces; where they exceed it, measure their overlap."""
    area, alone = shapely.area(ours.geometry), shapely.area(rest)
    shared = np.bincount(pairs.left, weights=shapely.area(pieces), minlength=len(area))
    excess = shared + alone - area
    twice = np.zeros(len(area))
    over = (excess > resolution(ours.geometry))[pairs.left]
    if over.any():
        owners, owner = np.unique(pairs.left[over], return_inverse=True)
        twice[owners] = shared[owners] - shapely.area(unions(pieces[over], owner))
    # A grid size may move each vertex, and so each edge, by half the grid's diagonal.
    edges = shapely.length(pieces).sum() + shapely.length(rest).sum()
    return Tally(
        features=len(area),
        area=float(area.sum()),
        shared=float(shared.sum()),
        twice=float(twice.sum()),
        alone=float(alone.sum()),
        residual=float(np.abs(excess - twice).sum()),
        slack=float(edges) * (grid_size or 0.0) * 0.5**0.5,
        skipped=ours.skipped,
        repaired=ours.repaired,
        flattened=ours.flattened,
        moved=ours.moved,
        dropped=ours.dropped,
    )
