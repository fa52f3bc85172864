"""The `roads` and `bridges` layers: the street network with names, speeds and openings."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from datasets.sample.blocks import Network
from datasets.sample.frames import frame, name_columns
from datasets.sample.names import CITY, Names
from datasets.sample.plan import Floats, Geometries
from datasets.sample.shapes import Integers, parts_of, touching
from datasets.sample.streets import CLASSES
from datasets.sample.waters import Waters

CLASSES_ZH = ("快速路", "主干路", "次干路", "支路")
_SUFFIXES = (
    [("高速公路", "Expressway")],
    [("大道", "Avenue")],
    [("路", "Road")],
    [("巷", "Lane"), ("街", "Street"), ("弄", "Alley"), ("支路", "Branch Road")],
)
_LANES, _SPEED = np.array([6, 6, 4, 2]), np.array([100.0, 60.0, 50.0, 30.0])


def name_streets(network: Network, names: Names) -> list[tuple[str, str]]:
    """The name of each edge: all edges of one street share it."""
    given: dict[int, tuple[str, str]] = {}
    for rank, street in zip(network.rank.tolist(), network.street.tolist(), strict=True):
        if street not in given:
            choice = _SUFFIXES[rank]
            given[street] = names.take(*choice[street % len(choice)])
    return [given[street] for street in network.street.tolist()]


@dataclass(frozen=True)
class Crossings:
    """Where streets cross water: the spans over it, and the edge of each."""

    spans: Geometries
    edge: Integers


def find_crossings(network: Network, waters: Waters) -> Crossings:
    """The spans of more than 4 m over permanent waters."""
    edge = np.flatnonzero(touching(network.lines, waters.surfaces))
    spans, owner = parts_of(shapely.intersection(network.lines[edge], waters.surface), 1)
    long = shapely.length(spans) > 4.0
    return Crossings(spans[long], edge[owner[long]])


def road_frame(
    network: Network, crossings: Crossings, titles: list[tuple[str, str]]
) -> gpd.GeoDataFrame:
    """The `roads` layer: one row per edge; from_node and to_node make it a graph."""
    rank = network.rank
    narrow = (rank == 3) & (network.width < 8)
    one_way = (rank == 3) & (network.width > 8) & (network.street % 9 == 0)
    return frame(
        network.lines,
        [f"R{i:05d}" for i in range(len(rank))],
        _opened(network),
        class_=np.array(CLASSES)[rank],
        class_zh=np.array(CLASSES_ZH)[rank],
        **name_columns(titles),
        lanes=np.where(narrow, 1, _LANES[rank]),
        speed_kmh=np.where(narrow, 20.0, _SPEED[rank]),
        oneway=one_way,
        from_node=network.ends[:, 0] + 1,
        to_node=network.ends[:, 1] + 1,
        width_m=network.width,
        length_m=shapely.length(network.lines).round(2),
        bridge=np.isin(np.arange(len(rank)), crossings.edge),
    ).rename(columns={"class_": "class"})


def _opened(network: Network) -> Floats:
    return np.where(network.year <= 2000, np.nan, network.year)


def bridge_frame(
    network: Network, crossings: Crossings, titles: list[tuple[str, str]], names: Names
) -> gpd.GeoDataFrame:
    """The `bridges` layer (部件 0208 跨河桥): a point at the middle of each crossing."""
    spans, edge = crossings.spans, crossings.edge
    count = len(spans)
    year = _opened(network)[edge]
    return frame(
        shapely.line_interpolate_point(spans, 0.5, normalized=True),
        [f"Q{i:04d}" for i in range(count)],
        year,
        class_code="0208",
        class_zh="跨河桥",
        class_en="River bridge",
        **name_columns([names.take("桥", "Bridge") for _ in range(count)]),
        road_zh=[titles[e][0] for e in edge],
        road_en=[titles[e][1] for e in edge],
        length_m=(shapely.length(spans) + 8).round(1),
        width_m=network.width[edge],
        owner_zh=f"{CITY[0]}市政设施管理处",
        owner_en=f"{CITY[1]} Municipal Works",
        state="intact",
        state_zh="完好",
    )
