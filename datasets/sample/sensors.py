"""The `sensors` layer: what the city measures, and where."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from datasets.sample import plan
from datasets.sample.blocks import Network
from datasets.sample.frames import frame, name_columns
from datasets.sample.names import Names
from datasets.sample.plan import Geometries
from datasets.sample.shapes import points_at
from datasets.sample.waters import Waters


@dataclass(frozen=True)
class Kind:
    """One kind of station: code prefix, observed property, UCUM unit and period in seconds."""

    prefix: str
    property: str
    zh: str
    en: str
    unit: str
    period_s: int


KINDS = {
    "level": Kind("SW", "water_level", "水位", "Water Level", "m", 300),
    "flow": Kind("LL", "discharge", "流量", "Discharge", "m3/s", 300),
    "rain": Kind("YL", "rainfall", "降雨量", "Rainfall", "mm", 300),
    "air": Kind("KQ", "pm2_5", "细颗粒物", "PM2.5", "ug/m3", 3600),
    "traffic": Kind("JT", "traffic_flow", "交通流量", "Traffic Flow", "/h", 300),
}


def sensor_frame(
    seed: int, waters: Waters, network: Network, cells: Geometries, names: Names
) -> gpd.GeoDataFrame:
    """Stations on waters, spread over the city, and along its main streets."""
    rng = np.random.default_rng([seed, 33])
    rivers = [line for line in waters.lines[1:] if line.length > 900]
    sites = {
        "level": _on_waters(rivers, waters, 0.35, rng),
        "flow": _on_waters(rivers[:16], waters, 0.6, rng),
        "rain": _spread(cells, 26, rng),
        "air": _spread(cells, 18, rng),
        "traffic": _on_streets(network, 130, rng),
    }
    kinds = [kind for kind, points in sites.items() for _ in points]
    points = np.concatenate(list(sites.values()))
    first = {"level": 2004, "flow": 2009, "rain": 2003, "air": 2013, "traffic": 2015}
    since = (
        np.array([first[kind] for kind in kinds]) + np.floor(rng.uniform(0, 90, len(kinds))) / 12
    )
    codes = [
        f"{KINDS[kind].prefix}{number:04d}"
        for kind, found in sites.items()
        for number in range(1, len(found) + 1)
    ]
    titles = [names.take(f"{KINDS[k].zh}站", f"{KINDS[k].en} Station") for k in kinds]
    return frame(
        points,
        codes,
        since,
        code=codes,
        kind=kinds,
        property=[KINDS[kind].property for kind in kinds],
        property_zh=[KINDS[kind].zh for kind in kinds],
        unit=[KINDS[kind].unit for kind in kinds],
        period_s=[KINDS[kind].period_s for kind in kinds],
        vertical_datum=[plan.DATUM if kind == "level" else None for kind in kinds],
        **name_columns(titles),
    )


def _on_waters(
    lines: list[BaseGeometry], waters: Waters, share: float, rng: np.random.Generator
) -> Geometries:
    parts = shapely.get_parts(np.array(lines, dtype=object))
    parts = np.repeat(parts, 2)
    at = np.tile([share * 0.6, share * 0.6 + 0.4], len(parts) // 2)
    points = shapely.line_interpolate_point(parts, at + rng.uniform(-0.1, 0.1, len(at)), True)
    return points[shapely.within(points, waters.surface.buffer(-2))]


def _spread(cells: Geometries, count: int, rng: np.random.Generator) -> Geometries:
    """Points inside cells, each far from those before it."""
    middles = shapely.get_coordinates(shapely.point_on_surface(cells))
    chosen = [int(rng.integers(len(middles)))]
    far = np.full(len(middles), np.inf)
    while len(chosen) < count:
        far = np.minimum(far, np.hypot(*(middles - middles[chosen[-1]]).T))
        chosen.append(int(far.argmax()))
    return points_at(*middles[chosen].T)


def _on_streets(network: Network, count: int, rng: np.random.Generator) -> Geometries:
    main = (network.rank <= 1) & (network.year < 2020)
    main &= shapely.length(network.lines) > 120
    chosen = rng.permutation(np.flatnonzero(main))[:count]
    points: Geometries = shapely.line_interpolate_point(network.lines[chosen], 0.5, True)
    return points
