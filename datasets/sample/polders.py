"""Pumped polders (圩区): low fields within a dike, kept below the canals outside by pumps."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from datasets.sample import plan
from datasets.sample.blocks import Blocks
from datasets.sample.frames import frame, name_columns
from datasets.sample.names import Names
from datasets.sample.plan import Geometries
from datasets.sample.waters import Waters

CONTROL_LEVEL, CREST, GROUND = 0.4, 4.6, 1.0  # m, 1985 datum
_SITES = ((13_900.0, 3_300.0, 1_050.0), (5_900.0, 11_000.0, 800.0))


@dataclass(frozen=True)
class Polders:
    """The land within each dike; the dike's crest runs along the outline."""

    shapes: Geometries


def draw_polders(waters: Waters, blocks: Blocks) -> Polders:
    """Enclose the rural blocks around each site, between the rivers."""
    rural = blocks.blocks[blocks.zone == "rural"]
    shapes = []
    for x, y, reach in _SITES:
        near = rural[shapely.dwithin(shapely.centroid(rural), shapely.Point(x, y), reach)]
        land = shapely.union_all(near).difference(waters.surface.buffer(22)).buffer(-20).buffer(14)
        parts = shapely.get_parts(land)
        whole = parts[shapely.area(parts).argmax()].buffer(60, quad_segs=3).buffer(-60, quad_segs=3)
        shapes.append(shapely.Polygon(whole.exterior).simplify(1.0))
    return Polders(np.array(shapes, dtype=object))


def polder_frame(polders: Polders, names: Names) -> gpd.GeoDataFrame:
    """The `polders` layer; capacity follows the area at 1.2 m³/s per km²."""
    count = len(polders.shapes)
    return frame(
        polders.shapes,
        [f"D{i + 1:02d}" for i in range(count)],
        **name_columns([names.take("圩", "Polder") for _ in range(count)]),
        pump_capacity_m3s=np.ceil(shapely.area(polders.shapes) / 1e6 * 1.2 * 2) / 2,
        control_level_m=CONTROL_LEVEL,
        dike_crest_m=CREST,
        vertical_datum=plan.DATUM,
    )
