"""The lake, the grand canal, the moat and the river network, as centrelines and surfaces."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

from datasets.sample import plan
from datasets.sample.frames import frame, name_columns
from datasets.sample.names import CANAL, LAKE, MOAT, Names
from datasets.sample.plan import Field, Geometries

LEVELS = {"lake": 1.3, "canal": 1.6, "river": 1.6, "pond": 2.0}  # normal, m, 1985 datum
KINDS_ZH = {"lake": "湖泊", "canal": "运河", "river": "河道", "pond": "坑塘"}


@dataclass(frozen=True)
class Waters:
    """Permanent waters: kind, width in m (0 for the lake), centrelines (or shore) and surfaces.

    The surfaces do not overlap; `surface` is their union and `outline` the city's.
    """

    outline: shapely.Polygon
    lake: shapely.Polygon
    hills: BaseGeometry
    kinds: list[str]
    widths: list[float]
    lines: Geometries
    surfaces: Geometries
    surface: BaseGeometry


def draw_waters(seed: int, field: Field) -> Waters:
    """Draw the city's waters within its outline."""
    rng = np.random.default_rng([seed, 12])
    outline, lake = plan.city_outline(seed), plan.lake_shore(seed)
    hills = shapely.union_all(plan.hill_outlines(seed)).difference(lake.buffer(25))
    x, y = plan.OLD_TOWN
    canal = [(-900, 10_900), (2_300, 9_700), (4_700, 8_900), (6_400, 8_050), (7_500, 7_680)]
    canal += [(8_500, 7_300), (9_300, 6_500), (10_300, 5_500), (12_000, 4_700), (13_800, 3_500)]
    canal += [(16_900, 2_700)]
    plain: list[tuple[str, float, BaseGeometry]] = [
        ("canal", 84.0, field.curve(canal)),
        ("canal", 34.0, _moat(seed)),
        ("river", 11.0, field.curve([(x - 900, y + 180), (x + 100, y + 240), (x + 900, y + 130)])),
        ("river", 10.0, field.curve([(x + 280, y - 900), (x + 330, y - 100), (x + 240, y + 260)])),
    ]
    dry = shapely.union_all([hills.buffer(90), lake.buffer(-40)])
    town = _moat(seed).convex_hull
    for line, width in _network(rng, field):
        for part in shapely.get_parts(line.difference(dry).difference(town)):
            if part.length > 500:
                plain.append(("river", width, part))
    kinds, widths = ["lake"], [0.0]
    lines: list[BaseGeometry] = [lake.exterior]
    surfaces: list[BaseGeometry] = [lake.intersection(outline)]
    taken: BaseGeometry = lake
    for kind, width, line in plain:
        inside = line.intersection(outline.buffer(200))
        surface = inside.buffer(width / 2, quad_segs=4).difference(taken).intersection(outline)
        if surface.area < 3_000:
            continue
        kinds.append(kind)
        widths.append(width)
        lines.append(inside)
        surfaces.append(surface)
        taken = taken.union(surface)
    return Waters(
        outline,
        lake,
        hills.intersection(outline),
        kinds,
        widths,
        np.array(lines, dtype=object),
        np.array(surfaces, dtype=object),
        shapely.union_all(surfaces),
    )


def _moat(seed: int) -> shapely.LineString:
    radius = plan.MOAT_RADIUS
    ring = plan.blob(*plan.OLD_TOWN, radius, radius * 0.9, 20, [seed, 13], 0.06)
    return shapely.LineString(shapely.get_coordinates(ring))


def _network(rng: np.random.Generator, field: Field) -> list[tuple[BaseGeometry, float]]:
    """The plain's grid of small rivers, each wandering about its line, some reaches missing."""
    lines: list[tuple[BaseGeometry, float]] = []
    steps = np.arange(-300.0, 16_400.0, 70.0)
    columns = [900, 2_500, 3_900, 5_500, 6_700, 9_700, 10_700, 12_100, 13_400, 14_900]
    rows = [1_300, 4_250, 5_500, 8_600, 9_600, 10_900]
    for across, positions in ((True, rows), (False, columns)):
        for position in positions:
            side = np.full_like(steps, position + rng.uniform(-120, 120))
            bend = field.meander(steps * 1.15 + 37 * position, side) * rng.uniform(90, 170)
            points = np.column_stack([steps, side + bend] if across else [side + bend, steps])
            line = shapely.LineString(field.warp(points))
            width = float(rng.choice([13.0, 17.0, 22.0, 30.0]))
            start = rng.uniform(0.0, 0.25) if rng.random() < 0.45 else 0.0
            stop = rng.uniform(0.7, 1.0) if rng.random() < 0.45 else 1.0
            lines.append((shapely.ops.substring(line, start, stop, normalized=True), width))
    return lines


def water_frame(waters: Waters, states: gpd.GeoDataFrame, names: Names) -> gpd.GeoDataFrame:
    """The `water` layer: permanent waters, and ponds for as long as their parcels are ponds."""
    special = {0: LAKE, 1: CANAL, 2: MOAT}
    fixed = [special.get(i) or names.take("河", "River") for i in range(len(waters.kinds))]
    ponds = states[states["land_code"] == "1704"]
    start, end = ponds["start"].to_numpy(), ponds["end"].to_numpy()
    count = len(fixed)
    kinds = waters.kinds + ["pond"] * len(ponds)
    named = fixed + [("坑塘", "Pond")] * len(ponds)
    return frame(
        np.concatenate([waters.surfaces, ponds["geom"].to_numpy()]),
        [f"W{i:03d}" for i in range(count)] + ("pond-" + ponds["key"]).tolist(),
        np.concatenate([np.full(count, np.nan), start]),
        np.concatenate([np.full(count, np.nan), end]),
        kind=kinds,
        kind_zh=[KINDS_ZH[kind] for kind in kinds],
        **name_columns(named),
        width_m=np.array(waters.widths + [np.nan] * len(ponds)),
        level_m=[LEVELS[kind] for kind in kinds],
        vertical_datum=plan.DATUM,
    )
