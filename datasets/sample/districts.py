"""Districts, subdistricts, communities and unit grid cells, nested exactly, along streets."""

import heapq
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from datasets.sample import plan
from datasets.sample.frames import frame, name_columns
from datasets.sample.names import DISTRICTS, Names
from datasets.sample.plan import Floats, Geometries
from datasets.sample.shapes import Flags, Integers, absorb, borders, dissolve

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


@dataclass(frozen=True)
class Codes:
    """Codes of each level, each prefixed by its parent's: 6, 9, 12 and 15 digits."""

    districts: list[str]
    subdistricts: list[str]
    communities: list[str]
    cells: list[str]


def code_levels(levels: Levels, town: Flags) -> Codes:
    """Number every level within its parent, north to south.

    town (per community) tells 街道 (001..) from 镇 (101..), and 居委会 (001..) from 村委会 (201..).
    """
    districts = [f"{int(CITY_CODE) + 2 + i}" for i in range(len(levels.districts))]
    town_subdistrict = np.zeros(len(levels.subdistricts))
    np.add.at(town_subdistrict, levels.subdistrict_of, np.where(town, 1, -1))
    subdistricts = _number(
        [districts[i] for i in levels.district_of],
        _middles(levels.subdistricts),
        np.where(town_subdistrict >= 0, 1, 101),
    )
    communities = _number(
        [subdistricts[i] for i in levels.subdistrict_of],
        _middles(levels.communities),
        np.where(town, 1, 201),
    )
    cells = _number(
        [communities[i] for i in levels.community_of],
        _middles(levels.cells),
        np.ones(len(levels.cells), dtype=np.int64),
    )
    return Codes(districts, subdistricts, communities, cells)


def _number(parent: list[str], middles: Floats, first: Integers) -> list[str]:
    codes = [""] * len(parent)
    counts: dict[tuple[str, int], int] = {}
    for i in np.lexsort((middles[:, 0], -middles[:, 1])).tolist():
        slot = (parent[i], int(first[i]))
        counts[slot] = counts.get(slot, -1) + 1
        codes[i] = f"{parent[i]}{first[i] + counts[slot]:03d}"
    return codes


def district_frames(
    levels: Levels, codes: Codes, town: Flags, people: Integers, names: Names
) -> dict[str, gpd.GeoDataFrame]:
    """The four administrative layers; people is the population of each community."""
    communities = [
        names.take("社区", "Community") if is_town else names.take("村", "Village")
        for is_town in town
    ]
    subdistricts = [
        names.take("街道", "Subdistrict") if code[6] == "0" else names.take("镇", "Town")
        for code in codes.subdistricts
    ]
    crowd = np.bincount(levels.subdistrict_of, people).astype(np.int64)
    return {
        "districts": frame(
            levels.districts,
            codes.districts,
            code=codes.districts,
            **name_columns(list(DISTRICTS)),
            population=np.bincount(levels.district_of, crowd).astype(np.int64),
        ),
        "subdistricts": frame(
            levels.subdistricts,
            codes.subdistricts,
            code=codes.subdistricts,
            **name_columns(subdistricts),
            population=crowd,
        ),
        "communities": frame(
            levels.communities,
            codes.communities,
            code=codes.communities,
            **name_columns(communities),
            population=people,
        ),
        "grid_cells": frame(
            levels.cells,
            codes.cells,
            code=codes.cells,
            area_m2=shapely.area(levels.cells).round(1),
        ),
    }
