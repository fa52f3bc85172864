"""Districts, subdistricts, communities and unit grid cells: nested, exact, along streets and canals."""

import heapq
from dataclasses import dataclass

import numpy as np
import shapely

from datasets.sample import plan
from datasets.sample.plan import Floats, Geometries
from datasets.sample.shapes import Integers, absorb, borders, dissolve

CITY_CODE = "329900"
SMALLEST_CELL = 45_000.0
_SEEDS = np.array([plan.OLD_TOWN, plan.NEW_TOWN, plan.PARK, (3_200.0, 9_600.0)])


@dataclass(frozen=True)
class Levels:
    """Cells with the community, and communities with the subdistrict, and so on (indices)."""

    cells: Geometries
    communities: Geometries
    subdistricts: Geometries
    districts: Geometries
    community_of: Integers
    subdistrict_of: Integers
    district_of: Integers


def draw_levels(cells: Geometries, weight: Floats) -> Levels:
    """Group unit cells into 60 communities, 12 subdistricts and 4 districts, all contiguous.

    weight (n,) is how many live in each cell: denser places get smaller communities.
    """
    weight = weight / shapely.area(cells)
    cells, kept = absorb(cells, SMALLEST_CELL, np.zeros(len(cells), dtype=np.int64))
    weight = weight[kept] * shapely.area(cells)
    community = _group(cells, _centres(cells, weight, 60))
    communities, _ = dissolve(cells, community)
    load = np.bincount(community, weight)
    subdistrict = _group(communities, _centres(communities, load, 12))
    subdistricts, _ = dissolve(communities, subdistrict)
    district = _group(subdistricts, _SEEDS)
    districts, _ = dissolve(subdistricts, district)
    return Levels(cells, communities, subdistricts, districts, community, subdistrict, district)


def _middles(shapes: Geometries) -> Floats:
    return shapely.get_coordinates(shapely.centroid(shapes))


def _centres(shapes: Geometries, weight: Floats, count: int) -> Floats:
    """Weighted k-means, started by farthest points."""
    middles = _middles(shapes)
    chosen = [int(weight.argmax())]
    scale = np.sqrt(weight / shapely.area(shapes))
    far = np.full(len(shapes), np.inf)
    while len(chosen) < count:
        far = np.minimum(far, np.hypot(*(middles - middles[chosen[-1]]).T))
        chosen.append(int((far * scale).argmax()))
    centres = middles[chosen]
    for _ in range(12):
        owner = ((middles[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        total = np.bincount(owner, weight, minlength=count)
        for axis in (0, 1):
            mean = np.bincount(owner, weight * middles[:, axis], minlength=count)
            centres[:, axis] = np.where(total > 0, mean / np.maximum(total, 1e-9), centres[:, axis])
    return centres


def _group(shapes: Geometries, centres: Floats) -> Integers:
    """Grow contiguous groups from the shapes nearest to the centres, shortest way first."""
    middles = _middles(shapes)
    a, b, _ = borders(shapes, np.arange(len(shapes)))
    near: list[list[int]] = [[] for _ in shapes]
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        near[i].append(j)
    owner = np.full(len(shapes), -1, dtype=np.int64)
    queue: list[tuple[float, int, int]] = []
    free = np.ones(len(shapes), dtype=bool)
    for group, centre in enumerate(centres):
        away = np.where(free, np.hypot(*(middles - centre).T), np.inf)
        free[away.argmin()] = False
        queue.append((0.0, group, int(away.argmin())))
    heapq.heapify(queue)
    while queue:
        cost, group, i = heapq.heappop(queue)
        if owner[i] >= 0:
            continue
        owner[i] = group
        for j in near[i]:
            if owner[j] < 0:
                step = float(np.hypot(*(middles[j] - middles[i])))
                heapq.heappush(queue, (cost + step, group, j))
    return owner


def number(parent: list[str], middles: Floats, width: int, first: Integers) -> list[str]:
    """Codes of children: the parent's, then a number from `first` on, north to south."""
    codes = [""] * len(parent)
    counts: dict[tuple[str, int], int] = {}
    for i in np.lexsort((middles[:, 0], -middles[:, 1])):
        slot = (parent[i], int(first[i]))
        counts[slot] = counts.get(slot, -1) + 1
        codes[i] = f"{parent[i]}{first[i] + counts[slot]:0{width}d}"
    return codes
