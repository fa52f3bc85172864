"""Lots: the faces between waters, street land and hedges, cut to the size that suits their use."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from datasets.sample import plan
from datasets.sample.blocks import Blocks, Network, Zones
from datasets.sample.plan import Field, Floats, Geometries
from datasets.sample.shapes import (
    Flags,
    Integers,
    absorb,
    arrange,
    dissolve,
    nearest,
    parts_of,
    subdivide,
    touching,
    within,
    xy,
)
from datasets.sample.waters import Waters

# programme: area of its lots in m²; one programme fills one block
LOT_AREA = {
    "lanes": 4_200.0, "market": 5_500.0, "heritage": 9_000.0,
    "estate": 26_000.0, "shops": 9_000.0, "civic": 16_000.0, "works": 15_000.0,
    "towers": 12_000.0, "campus": 70_000.0, "garden": 90_000.0,
    "plant": 32_000.0, "depot": 40_000.0, "dormitory": 20_000.0,
    "field": 26_000.0, "village": 6_000.0, "orchard": 22_000.0, "fishpond": 15_000.0,
    "wood": 80_000.0, "verge": 30_000.0,
}  # fmt: skip

SMALLEST_LOT = 260.0

_MIX: dict[str, dict[str, float]] = {
    "old": {"lanes": 0.73, "market": 0.19, "heritage": 0.08},
    "town": {
        "estate": 0.6, "shops": 0.12, "civic": 0.1, "works": 0.07, "garden": 0.06, "campus": 0.05,
    },
    "new": {
        "estate": 0.6, "shops": 0.11, "civic": 0.09, "towers": 0.04, "garden": 0.1, "campus": 0.06,
    },
    "park": {"plant": 0.66, "depot": 0.14, "dormitory": 0.08, "shops": 0.05, "garden": 0.07},
    "rural": {"field": 0.86, "orchard": 0.08, "fishpond": 0.06},
    "hill": {"wood": 1.0},
}  # fmt: skip


@dataclass(frozen=True)
class Lots:
    """Faces that tile the city exactly; programme is a street, a water or what fills the block.

    edge is the street edge of street land, water the index of the surface of water (else -1).
    """

    shapes: Geometries
    programme: Zones
    zone: Zones
    year: Floats
    block: Integers
    edge: Integers
    water: Integers


def draw_lots(seed: int, field: Field, waters: Waters, blocks: Blocks, network: Network) -> Lots:
    """Arrange waters, street land and hedges, then cut each block into lots."""
    rng = np.random.default_rng([seed, 16])
    street = _street_land(network).difference(waters.surface).intersection(waters.outline)
    wet = touching(blocks.hedges, waters.surfaces)
    hedges, _ = parts_of(shapely.difference(blocks.hedges[wet], waters.surface), 1)
    main = network.lines[network.rank < 3]
    bridged = shapely.intersection(main[touching(main, waters.surfaces)], waters.surface)
    outlines = [waters.outline.exterior, waters.hills.boundary, shapely.boundary(street)]
    ground = np.concatenate(
        [
            np.array(outlines, dtype=object),
            shapely.boundary(waters.surfaces),
            blocks.hedges[~wet],
            hedges,
            bridged[~shapely.is_empty(bridged)],
        ]
    )
    noded, faces = arrange(ground)
    kind, block, _ = _label(faces, waters, blocks, street)
    land = kind == "land"

    plots, zone, year = faces[land], blocks.zone[block[land]], blocks.year[block[land]]
    programme = _programmes(plots, zone, waters, network, field, rng)
    target = np.array([LOT_AREA[name] for name in programme])
    pieces, root, cuts, _ = subdivide(plots, target, rng, skew=np.where(zone == "old", 0.1, 0.012))
    villages = _villages(pieces, programme[root], waters, network, field, rng)
    _, _, more, _ = subdivide(pieces[villages], np.full(villages.sum(), LOT_AREA["village"]), rng)

    corners = _corner_cuts(network, plots)
    _, shapes = arrange(np.concatenate([noded, cuts, more, corners]))
    shapes = shapes[shapely.within(shapely.point_on_surface(shapes), waters.outline)]
    kind, block, water = _label(shapes, waters, blocks, street)
    inside = shapely.point_on_surface(shapes)
    plot = within(inside, plots)
    programme_of = np.where(plot >= 0, programme[plot], kind)
    in_village = within(inside, pieces[villages]) >= 0
    programme_of = np.where(in_village & (kind == "land"), "village", programme_of)
    programme_of = np.where(kind == "land", programme_of, kind)
    edge = np.full(len(shapes), -1)
    on_street = kind == "street"
    edge[on_street] = nearest(inside[on_street], network.lines)
    shapes, kept = _tidy(shapes, edge, water, block)
    block = block[kept]
    zone, year = blocks.zone[block], blocks.year[block]
    return Lots(shapes, programme_of[kept], zone, year, block, edge[kept], water[kept])


def _tidy(
    shapes: Geometries, edge: Integers, water: Integers, block: Integers
) -> tuple[Geometries, Integers]:
    """Join the street land of each edge, then absorb crumbs; the faces and which they were."""
    street = np.flatnonzero(edge >= 0)
    strips, _ = dissolve(shapes[street], edge[street])
    strips, owner = parts_of(strips, 2)
    first = street[np.unique(edge[street], return_index=True)[1]]
    land = np.flatnonzero(edge < 0)
    kept = np.concatenate([land, first[owner]])
    kind = np.where(water >= 0, -1, np.where(edge >= 0, -2, block))
    shapes, again = absorb(np.concatenate([shapes[land], strips]), SMALLEST_LOT, kind[kept])
    return shapes, kept[again]


def _street_land(network: Network) -> BaseGeometry:
    layers = [
        shapely.union_all(network.lines[network.width == width]).buffer(
            width / 2, quad_segs=2, join_style="mitre", mitre_limit=2.0
        )
        for width in np.unique(network.width)
    ]
    return shapely.union_all(layers)


def _label(
    faces: Geometries, waters: Waters, blocks: Blocks, street: BaseGeometry
) -> tuple[Zones, Integers, Integers]:
    inside = shapely.point_on_surface(faces)
    water = within(inside, waters.surfaces)
    on_street = within(inside, shapely.get_parts(street)) >= 0
    kind = np.select([water >= 0, on_street], ["water", "street"], "land")
    kind[shapely.disjoint(waters.outline, inside)] = "outside"
    return kind, nearest(inside, blocks.blocks), water


def _corner_cuts(network: Network, plots: Geometries) -> Geometries:
    """From each junction to the corners of the blocks around: street land ends at junctions."""
    degree = np.bincount(network.ends.ravel(), minlength=len(network.nodes))
    junctions = network.nodes[degree > 2]
    node, plot = shapely.STRtree(plots).query(junctions, predicate="dwithin", distance=48.0)
    cuts: Geometries = shapely.shortest_line(junctions[node], plots[plot])
    return cuts


def _programmes(
    plots: Geometries,
    zone: Zones,
    waters: Waters,
    network: Network,
    field: Field,
    rng: np.random.Generator,
) -> Zones:
    """What fills each block: drawn by zone, then bent by where it lies."""
    programme = np.full(len(plots), "field", dtype="<U10")
    for name, mix in _MIX.items():
        here = zone == name
        programme[here] = rng.choice(list(mix), here.sum(), p=list(mix.values()))
    x, y = xy(plots)
    area = shapely.area(plots)
    heart = np.hypot(x - plan.NEW_TOWN[0], y - plan.NEW_TOWN[1])
    programme[(zone == "new") & (heart < 800)] = "towers"
    programme[(zone == "new") & (heart < 250)] = "garden"
    axis = np.abs(x - plan.NEW_TOWN[0] - 0.1 * (y - plan.NEW_TOWN[1])) < 170
    programme[(zone == "new") & axis & (y < plan.NEW_TOWN[1])] = "garden"
    inner = np.hypot(x - plan.OLD_TOWN[0], y - plan.OLD_TOWN[1])
    programme[(zone == "old") & (inner < 260)] = "market"
    lakeside = touching(plots, np.array([waters.lake]), 60.0)
    programme[lakeside & (zone != "hill") & ((zone != "rural") | (area < 70_000))] = "garden"
    programme[lakeside & (zone == "rural") & (field.patches(x, y) > 0.2)] = "fishpond"
    rural_water = (zone == "rural") & (field.patches(x + 500, y) > 1.75)
    programme[rural_water] = "fishpond"
    fast = touching(plots, network.lines[network.rank == 0], 40.0)
    thin = area / np.maximum(shapely.length(plots), 1.0) ** 2 < 0.022
    built = ~np.isin(zone, ["rural", "hill", "lake"])
    programme[built & (thin | (area < 1_500))] = "verge"
    programme[built & fast & (area < 30_000)] = "verge"
    programme[built & (programme == "campus") & (area < 25_000)] = "civic"
    programme[zone == "lake"] = "verge"
    return programme


def _villages(
    pieces: Geometries,
    programme: Zones,
    waters: Waters,
    network: Network,
    field: Field,
    rng: np.random.Generator,
) -> Flags:
    """Fields that are villages: along small rivers and lanes, in clusters."""
    x, y = xy(pieces)
    rivers = waters.surfaces[[kind == "river" for kind in waters.kinds]]
    by_river = touching(pieces, rivers, 25.0)
    by_lane = touching(pieces, network.lines[network.rank >= 2], 40.0)
    likely = field.patches(x, y) + 0.9 * (by_river & by_lane) + rng.normal(0, 0.35, len(pieces))
    settled: Flags = (programme == "field") & (by_river | by_lane) & (likely > 1.0)
    return settled
