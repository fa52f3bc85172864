"""City components (部件, GB/T 30428.2 classes) along the streets: lamps, manholes and cameras."""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from datasets.sample.blocks import Network
from datasets.sample.districts import CITY_CODE
from datasets.sample.frames import frame
from datasets.sample.names import CITY
from datasets.sample.plan import TODAY, Floats, Geometries
from datasets.sample.shapes import Flags, Integers, points_at, touching
from datasets.sample.waters import Waters

# class code: names, owner, share among manholes
MANHOLES = {
    "0101": ("上水井盖", "Water supply manhole", "供水公司", "Water Company", 0.18),
    "0102": ("污水井盖", "Sewage manhole", "排水公司", "Drainage Company", 0.27),
    "0103": ("雨水井盖", "Storm drain manhole", "排水公司", "Drainage Company", 0.25),
    "0105": ("电力井盖", "Power manhole", "供电公司", "Power Company", 0.12),
    "0107": ("通信井盖", "Telecom manhole", "通信公司", "Telecom Company", 0.12),
    "0111": ("燃气井盖", "Gas manhole", "燃气公司", "Gas Company", 0.06),
}
STATES = {"intact": "完好", "damaged": "破损", "missing": "丢失"}


def _along(
    network: Network, edges: Integers, spacing: Floats, aside: Floats
) -> tuple[Geometries, Integers, Floats]:
    """Points every `spacing` along edges, `aside` metres to the left; their edge and azimuth."""
    length = shapely.length(network.lines[edges])
    count = np.floor(length / spacing).astype(np.int64)
    slot = np.repeat(np.arange(len(edges)), count)
    index = np.arange(len(slot)) - np.repeat(np.cumsum(count) - count, count)
    at = (index + 0.5) * length[slot] / count[slot]
    lines = network.lines[edges[slot]]
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines, at))
    back = shapely.get_coordinates(shapely.line_interpolate_point(lines, at - 1.0))
    way = here - back
    way /= np.maximum(np.hypot(*way.T), 1e-6)[:, None]
    points = here + np.column_stack([-way[:, 1], way[:, 0]]) * aside[slot][:, None]
    azimuth: Floats = np.degrees(np.arctan2(way[:, 0], way[:, 1])) % 360
    return points_at(*points.T), edges[slot], azimuth


def _installed(network: Network, edge: Integers, rng: np.random.Generator, first: float) -> Floats:
    opened = np.maximum(network.year[edge], first)
    late = rng.uniform(0.0, 1.0, len(edge)) + np.where(
        opened == first, rng.uniform(0, 9, len(edge)), 0
    )
    return np.minimum(opened + late, TODAY - 0.1)


def _component(
    points: Geometries,
    letter: str,
    installed: Floats,
    rng: np.random.Generator,
    **columns: Any,
) -> gpd.GeoDataFrame:
    state = rng.choice(list(STATES), len(points), p=[0.972, 0.024, 0.004])
    keys = [f"{letter}{i:05d}" for i in range(len(points))]
    states_zh = [STATES[name] for name in state]
    return frame(points, keys, installed, **columns, state=state, state_zh=states_zh)


def _urban(network: Network, *ranks: int) -> Integers:
    return np.flatnonzero(
        np.isin(network.rank, ranks) & network.urban & (network.year < TODAY - 0.2)
    )


def lamp_frame(seed: int, network: Network, waters: Waters) -> gpd.GeoDataFrame:
    """The `lamps` layer (0118 路灯): both sides of main streets, one side of lanes."""
    rng = np.random.default_rng([seed, 30])
    both = _urban(network, 1, 2)
    sides = np.concatenate([both, both])
    aside = np.concatenate([network.width[both], -network.width[both]]) / 2
    aside -= np.sign(aside) * 2.0
    main, edge, _ = _along(network, sides, np.full(len(sides), 84.0), aside)
    lanes = _urban(network, 3)
    small, lane_edge, _ = _along(
        network, lanes, np.full(len(lanes), 125.0), network.width[lanes] / 2 - 0.8
    )
    points, edge = np.concatenate([main, small]), np.concatenate([edge, lane_edge])
    dry = ~touching(points, waters.surfaces)
    points, edge = points[dry], edge[dry]
    wide = network.rank[edge] < 3
    installed = _installed(network, edge, rng, 2001.0)
    return _component(
        points,
        "L",
        installed,
        rng,
        class_code="0118",
        class_zh="路灯",
        class_en="Street lamp",
        height_m=np.where(wide, 10.0, 6.0),
        power_w=np.where(installed > 2014, np.where(wide, 150, 60), np.where(wide, 250, 100)),
        owner_zh=f"{CITY[0]}照明管理处",
        owner_en=f"{CITY[1]} Lighting Office",
    )


def manhole_frame(seed: int, network: Network, waters: Waters) -> gpd.GeoDataFrame:
    """The `manholes` layer (0101 to 0111 井盖) in the carriageways."""
    rng = np.random.default_rng([seed, 31])
    edges = _urban(network, 1, 2, 3)
    aside = rng.uniform(-0.3, 0.3, len(edges)) * network.width[edges]
    points, edge, _ = _along(network, edges, rng.uniform(80, 140, len(edges)), aside)
    dry = ~touching(points, waters.surfaces)
    points, edge = points[dry], edge[dry]
    codes = rng.choice(list(MANHOLES), len(points), p=[row[4] for row in MANHOLES.values()])
    rows = [MANHOLES[code] for code in codes]
    return _component(
        points,
        "M",
        _installed(network, edge, rng, 2001.0),
        rng,
        class_code=codes,
        class_zh=[row[0] for row in rows],
        class_en=[row[1] for row in rows],
        owner_zh=[CITY[0] + row[2] for row in rows],
        owner_en=[f"{CITY[1]} {row[3]}" for row in rows],
    )


def camera_frame(seed: int, network: Network) -> gpd.GeoDataFrame:
    """The `cameras` layer (0129 监控电子眼) at the approaches of main junctions."""
    rng = np.random.default_rng([seed, 32])
    edges = _urban(network, 1, 2)
    long = edges[shapely.length(network.lines[edges]) > 60]
    chosen = np.sort(rng.permutation(long)[:640])
    at = network.width[chosen] / 2 + 4.0
    points = shapely.line_interpolate_point(network.lines[chosen], at)
    junction = shapely.get_coordinates(shapely.get_point(network.lines[chosen], 0))
    way = junction - shapely.get_coordinates(points)
    dome: Flags = rng.random(len(chosen)) < 0.25
    return _component(
        points,
        "C",
        _installed(network, chosen, rng, 2006.0),
        rng,
        class_code="0129",
        class_zh="监控电子眼",
        class_en="Surveillance camera",
        kind=np.where(dome, "dome", "bullet"),
        kind_zh=np.where(dome, "球机", "枪机"),
        azimuth_deg=np.round(np.degrees(np.arctan2(way[:, 0], way[:, 1])) % 360, 1),
        fov_deg=np.where(dome, 110.0, rng.choice([32.0, 45.0, 60.0, 78.0], len(chosen))),
        height_m=np.where(dome, 8.0, 6.5),
        # centre, trade 00 (public security), type 132 (network camera), network 0, number
        gb28181=[f"{CITY_CODE}00001320{n:06d}" for n in range(1, len(chosen) + 1)],
        stream=[f"rtsp://video.jinlan.example/live/C{n:05d}" for n in range(len(chosen))],
        owner_zh=f"{CITY[0]}公安局",
        owner_en=f"{CITY[1]} Public Security Bureau",
    )
