"""The three control lines of 三区三线, drawn on today's land use, with a few real conflicts."""

import geopandas as gpd
import numpy as np
import shapely

from datasets.sample import plan
from datasets.sample.blocks import BLOCK_AREA, Blocks, Network
from datasets.sample.frames import frame, name_columns
from datasets.sample.names import Names
from datasets.sample.plan import Field, Geometries
from datasets.sample.shapes import Integers, dissolve, points_at, touching, xy
from datasets.sample.waters import Waters

IN_FORCE = 2022 + 10 / 12  # the lines took effect in November 2022
CONFLICTS = 7
ZONES = {
    "core": ("集中建设区", "Concentrated development zone"),
    "reserve": ("弹性发展区", "Flexible development zone"),
    "special": ("特别用途区", "Special-purpose zone"),
}


def draw_control_lines(
    seed: int,
    field: Field,
    waters: Waters,
    blocks: Blocks,
    network: Network,
    today: gpd.GeoDataFrame,
    place: Integers,
    names: Names,
) -> dict[str, gpd.GeoDataFrame]:
    """The layers farmland_line, ecology_line and urban_line.

    today is land use now, place the community of each of its parcels. The lines keep apart, but
    for a few parcels lately built on within farmland and fields within the lake's shore.
    """
    rng = np.random.default_rng([seed, 19])
    code = today["land_code"].to_numpy(dtype="U6")
    shapes = today["geom"].to_numpy()
    ecology, ecology_names = _ecology(shapes, code, waters, names)
    x, y = xy(shapes)
    protected = touching(shapes, ecology)
    paddy = (code == "0101") & (today["zone"].to_numpy() == "rural") & (field.patches(x, y) > -1.2)
    lost = (np.isin(code, ["2301", "070102", "100101"])) & touching(shapes, shapes[paddy], 60.0)
    chosen = rng.permutation(np.flatnonzero(lost))[:CONFLICTS]
    paddy &= ~protected | (rng.random(len(code)) < 0.3)
    paddy[chosen] = True
    farmland, owner = dissolve(shapes[paddy], place[paddy])
    urban, zone = _urban(seed, field, waters, blocks, network, today, farmland, ecology)
    return {
        "farmland_line": frame(
            farmland,
            [f"N{i + 1:03d}" for i in range(len(farmland))],
            IN_FORCE,
            **name_columns([names.take("永久基本农田片", "Permanent Farmland") for _ in owner]),
            area_m2=shapely.area(farmland).round(1),
        ),
        "ecology_line": frame(
            ecology,
            [f"E{i + 1:03d}" for i in range(len(ecology))],
            IN_FORCE,
            **name_columns(ecology_names),
            area_m2=shapely.area(ecology).round(1),
        ),
        "urban_line": frame(
            urban,
            [f"U{i + 1:03d}" for i in range(len(urban))],
            IN_FORCE,
            zone=[ZONES[z][0] for z in zone],
            zone_en=[ZONES[z][1] for z in zone],
            area_m2=shapely.area(urban).round(1),
        ),
    }


def _ecology(
    shapes: Geometries, code: np.ndarray, waters: Waters, names: Names
) -> tuple[Geometries, list[tuple[str, str]]]:
    built = shapes[np.char.startswith(code, "07") | np.isin(code, ["1202", "1207", "0901"])]
    shore = waters.lake.buffer(110).intersection(waters.outline)
    near = built[touching(built, np.array([shore]))]
    shore = shore.difference(shapely.union_all(near).buffer(8))
    hills = shapely.get_parts(waters.hills.difference(shore))
    hills = hills[shapely.area(hills) > 50_000]
    parts = shapely.get_parts(shore)
    ecology = np.append(hills, parts[shapely.area(parts).argmax()])
    titles = [names.take("山生态保护区", "Hill Ecological Reserve") for _ in hills]
    return ecology, [*titles, ("澜湖重要湿地", "Lan Lake Wetland")]


def _urban(
    seed: int,
    field: Field,
    waters: Waters,
    blocks: Blocks,
    network: Network,
    today: gpd.GeoDataFrame,
    farmland: Geometries,
    ecology: Geometries,
) -> tuple[Geometries, list[str]]:
    core = shapely.union_all(blocks.blocks[np.isin(blocks.zone, list(BLOCK_AREA))])
    core = core.buffer(45, quad_segs=2).buffer(-45, quad_segs=2)
    x, y = xy(blocks.blocks)
    arterials = shapely.union_all(network.lines[network.rank == 1])
    away = np.asarray(shapely.distance(points_at(x, y), arterials))
    soon = (blocks.zone == "rural") & (plan.development(x, y, away, field) < plan.TODAY + 3.2)
    reserve = shapely.union_all(blocks.blocks[soon]).difference(core)
    parks = today[(today["land_code"] == "1401")]["geom"].to_numpy()
    special = shapely.union_all(parks[touching(parks, np.array([waters.lake]), 250.0)])
    special = special.difference(core.union(reserve))
    others = shapely.union_all(np.concatenate([farmland, ecology]))
    found: list[shapely.Polygon] = []
    zone: list[str] = []
    for name, shape in (("core", core), ("reserve", reserve), ("special", special)):
        kept = shape if name == "core" else shape.difference(others)
        kept = kept.intersection(waters.outline)
        for part in shapely.get_parts(shapely.set_precision(kept, plan.GRID)):
            if part.area > 20_000:
                found.append(part)
                zone.append(name)
    return np.array(found, dtype=object), zone
