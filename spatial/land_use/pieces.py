"""Pieces of an overlay as arrays, and the tally that proves them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from spatial.land_use.cutting import intersections, resolution, rests
from spatial.land_use.pairs import Pairs, find_pairs
from spatial.land_use.polygons import Cleaned, Geometries, Indices, clean, unions
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


def cut(
    left: Geometries, right: Geometries, *, shared: bool, alone: bool, grid_size: float | None
) -> Pieces:
    """Cut `left` by `right` into the pieces they share and the rest that left has alone.

    Both kinds are always computed, since only together do they prove the balance;
    `shared` and `alone` say which to return. Overlaps within `right` give overlapping pieces.
    """
    ours, theirs = clean(left, grid_size), clean(right, grid_size)
    pairs = find_pairs(ours.geometry, theirs.geometry)
    pieces = intersections(ours.geometry, theirs.geometry, pairs, grid_size)
    some = ~shapely.is_empty(pieces)
    pairs, pieces = pairs.where(some), pieces[some]
    rest = rests(ours.geometry, theirs.geometry, pairs, pieces, grid_size)
    tally = _balance(ours, pairs, pieces, rest, grid_size)
    remain = np.flatnonzero(~shapely.is_empty(rest))
    wanted = np.repeat([shared, alone], [len(pieces), len(remain)])
    geometry = np.concatenate([pieces, rest[remain]])[wanted]
    return Pieces(
        np.concatenate([ours.index[pairs.left], ours.index[remain]])[wanted],
        np.concatenate([theirs.index[pairs.right], np.full(len(remain), -1)])[wanted],
        geometry,
        tally + Tally(pieces=len(geometry), slivers=int((shapely.area(geometry) < SLIVER).sum())),
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
