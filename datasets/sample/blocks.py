"""From main streets and rivers to unit cells, street blocks and the street network."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from datasets.sample import plan
from datasets.sample.plan import Field, Floats, Geometries
from datasets.sample.shapes import (
    Flags,
    Integers,
    arrange,
    nearest,
    parts_of,
    points_at,
    subdivide,
    touching,
    xy,
)
from datasets.sample.streets import EVER, MainStreet
from datasets.sample.waters import Waters

Zones = npt.NDArray[np.str_]

BLOCK_AREA = {"old": 14_000.0, "town": 52_000.0, "new": 62_000.0, "park": 105_000.0}
OPEN_AREA = {"lake": 1_800_000.0, "hill": 500_000.0}
CELL_AREA = 215_000.0
FIELD_AREA = 110_000.0


@dataclass(frozen=True)
class Blocks:
    """Unit cells (an exact coverage of the city), and centreline blocks with zone and year.

    zone is old, town, new, park (industrial), rural, hill or lake; year is when it is built up.
    """

    cells: Geometries
    blocks: Geometries
    zone: Zones
    year: Floats
    lanes: Geometries
    hedges: Geometries


def draw_blocks(seed: int, field: Field, waters: Waters, streets: list[MainStreet]) -> Blocks:
    """Divide the city along streets and rivers, then divide what is left by zone."""
    rng = np.random.default_rng([seed, 15])
    main = np.array([street.line for street in streets], dtype=object)
    arterials = shapely.union_all([street.line for street in streets if street.rank == 1])
    fixed = [waters.outline.exterior, waters.hills.boundary]
    _, faces = arrange(np.concatenate([main, waters.lines, np.array(fixed, dtype=object)]))
    faces = faces[shapely.within(shapely.point_on_surface(faces), waters.outline)]

    target = np.full(len(faces), CELL_AREA)
    zone, _ = _zones(faces, waters, arterials, field)
    for name, area in OPEN_AREA.items():
        target[zone == name] = area
    _, _, cuts, owner = subdivide(faces, target, rng)
    dry = ~np.isin(zone[owner], list(OPEN_AREA))
    _, cells = arrange(np.concatenate([shapely.boundary(faces), cuts]))
    cells = cells[shapely.within(shapely.point_on_surface(cells), waters.outline)]

    zone, year = _zones(cells, waters, arterials, field)
    target = np.full(len(cells), np.inf)
    for name, area in BLOCK_AREA.items():
        target[zone == name] = area
    target[zone == "rural"] = FIELD_AREA
    skew = np.where(zone == "old", 0.13, 0.02)
    blocks, root, inner, inner_owner = subdivide(cells, target, rng, skew=skew)

    urban_cut = _urban_near(cuts, cells, zone)
    lane = dry & (urban_cut | ((rng.random(len(cuts)) < 0.5) & (shapely.length(cuts) < 1_100)))
    street = np.isin(zone[inner_owner], list(BLOCK_AREA))
    return Blocks(
        cells,
        blocks,
        zone[root],
        year[root],
        np.concatenate([cuts[lane], inner[street]]),
        np.concatenate([cuts[~lane], inner[~street]]),
    )


def _zones(
    faces: Geometries, waters: Waters, arterials: BaseGeometry, field: Field
) -> tuple[Zones, Floats]:
    x, y = xy(faces)
    points = points_at(x, y)
    away = np.asarray(shapely.distance(points, arterials))
    year = plan.development(x, y, away, field)
    park = np.hypot(x - plan.PARK[0], y - plan.PARK[1]) < 3_000
    new = np.hypot(x - plan.NEW_TOWN[0], (y - plan.NEW_TOWN[1]) * 1.2) < 2_900
    old = np.hypot(x - plan.OLD_TOWN[0], y - plan.OLD_TOWN[1]) < plan.MOAT_RADIUS * 1.1
    zone = np.select(
        [
            shapely.within(points, waters.lake),
            shapely.within(points, waters.hills),
            old,
            year > plan.TODAY,
            shapely.dwithin(points, waters.lake, 170.0),
            park,
            new,
        ],
        ["lake", "hill", "old", "rural", "rural", "park", "new"],
        "town",
    )
    return zone, np.where(np.isin(zone, list(BLOCK_AREA)), year, 9_999.0)


def _urban_near(cuts: Geometries, cells: Geometries, zone: Zones) -> Flags:
    middle = shapely.line_interpolate_point(cuts, 0.5, normalized=True)
    urban = cells[np.isin(zone, list(BLOCK_AREA))]
    found = np.zeros(len(cuts), dtype=bool)
    found[shapely.STRtree(urban).query(middle, predicate="dwithin", distance=1.0)[0]] = True
    return found


@dataclass(frozen=True)
class Network:
    """Street edges noded at junctions, an exact graph.

    Each has its class rank, width in m, street, year of opening (-inf: always there), the indices
    of its two end nodes, and whether it runs through the built-up city.
    """

    lines: Geometries
    rank: Integers
    width: Floats
    street: Integers
    year: Floats
    ends: Integers
    nodes: Geometries
    urban: Flags


def draw_network(
    field: Field, waters: Waters, streets: list[MainStreet], blocks: Blocks
) -> Network:
    """Node main streets and lanes, keep the connected part, and date each edge."""
    fast = shapely.union_all([street.line for street in streets if street.rank == 0])
    keep_off = shapely.union_all(
        [waters.surface.buffer(-1), fast.buffer(45), waters.hills.buffer(-40)]
    )
    shapely.prepare(keep_off)
    clear = ~shapely.intersects(keep_off, blocks.lanes)
    trimmed, _ = parts_of(shapely.difference(blocks.lanes[~clear], keep_off), 1)
    lanes = np.concatenate([blocks.lanes[clear], trimmed])
    lanes = lanes[shapely.length(lanes) > 45]
    sources = np.concatenate([np.array([s.line for s in streets], dtype=object), lanes])
    source_rank = np.array([s.rank for s in streets] + [3] * len(lanes))
    inside = shapely.union_all(sources, grid_size=plan.GRID).intersection(waters.outline)
    lines = shapely.get_parts(shapely.line_merge(shapely.union_all(inside, grid_size=plan.GRID)))
    lines, ends, nodes = _connected(lines, sources[source_rank < 3], waters.outline)

    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    edge, source = shapely.STRtree(sources).query(middle, predicate="dwithin", distance=0.1)
    rank = np.full(len(lines), 3)
    np.minimum.at(rank, edge, source_rank[source])
    route = np.full(len(lines), len(sources) - 1)
    same = source_rank[source] == rank[edge]
    np.minimum.at(route, edge[same], source[same])

    block = nearest(middle, blocks.blocks)
    urban = np.isin(blocks.zone, list(BLOCK_AREA))
    near = nearest(middle, blocks.blocks[urban])
    built_up = urban[block]
    year = np.where(built_up, blocks.year[block], blocks.year[urban][near] - 3.0)
    year = np.where((rank == 3) & ~built_up, EVER, year - np.choose(rank, [0.0, 3.0, 1.5, 0.0]))
    opened = np.array([s.opened for s in streets] + [np.nan] * len(lanes))[route]
    year = np.where(np.isnan(opened), year, opened)
    street = np.array([s.street for s in streets] + list(1_000 + np.arange(len(lanes))))[route]
    width = np.choose(rank, [46.0, 38.0, 24.0, 13.0])
    width = np.where(built_up, width, np.choose(rank, [46.0, 26.0, 12.0, 6.5]))
    old = built_up & (blocks.zone[block] == "old")
    width = np.where(old, np.choose(rank, [46.0, 24.0, 14.0, 7.0]), width)
    return Network(lines, rank, width, street, year, ends, nodes, built_up)


def _connected(
    lines: Geometries, main: Geometries, outline: shapely.Polygon
) -> tuple[Geometries, Integers, Geometries]:
    """The largest connected part of a set of noded lines, without dead ends.

    A lane may end blind after 60 m; a main street only at the city's boundary.
    """
    for prune in (True, True, True, False):
        first, last = shapely.get_point(lines, 0), shapely.get_point(lines, -1)
        coordinates = shapely.get_coordinates(np.concatenate([first, last]))
        _, index, ends = np.unique(
            np.round(coordinates / plan.GRID).astype(np.int64),
            axis=0,
            return_index=True,
            return_inverse=True,
        )
        ends = ends.reshape(2, -1).T
        label = np.arange(len(index))
        while True:
            low = label.copy()
            np.minimum.at(low, ends[:, 0], label[ends[:, 1]])
            np.minimum.at(low, ends[:, 1], label[ends[:, 0]])
            low = low[low]
            if (low == label).all():
                break
            label = low
        size = np.bincount(label[ends[:, 0]], shapely.length(lines))
        keep = label[ends[:, 0]] == size.argmax()
        if prune:
            degree = np.bincount(ends.ravel())
            middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
            through = touching(middle, main, 0.1) & ~touching(
                lines, np.array([outline.exterior]), 120.0
            )
            short = shapely.length(lines) < np.where(through, 1_500.0, 60.0)
            keep &= ~((degree[ends] == 1).any(axis=1) & short)
            lines = shapely.get_parts(
                shapely.line_merge(shapely.multilinestrings(list(lines[keep])))
            )
        elif not keep.all():
            lines = lines[keep]
            return _connected(lines, main, outline)
    return lines, ends.astype(np.int64), points_at(*coordinates[index].T)
