"""The analyses `route`, `od-matrix` and `nearest-facility`: ways through a network."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from spatial.analyses.inputs import Inputs, Label, LayerName, Numbers, OnMap
from spatial.analyses.making import TABLE, new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.crs import transformer
from spatial.errors import Invalid, TooLarge
from spatial.layer import Column
from spatial.traffic.reach import Reached, reach
from spatial.traffic.reading import By, Network, Places, read_roads
from spatial.traffic.travel import chain

#: Pairs of one matrix at most.
PAIRS = 4_000_000
LEG = (
    Column("leg", "integer"),
    Column("minutes", "double precision"),
    Column("length_m", "double precision"),
)
PAIR = (
    Column("origin", "bigint", "fid of the origin"),
    Column("destination", "bigint", "fid of the destination"),
    Column("cost", "double precision", "minutes, or metres"),
)


class RouteInputs(Inputs):
    """Through which points."""

    network: Network
    stops: Annotated[
        Numbers,
        Field(min_length=4, max_length=200),
        Label(
            "途经点：经度,纬度,经度,纬度……",
            "the points on the way: longitude, latitude, longitude, latitude …",
        ),
        OnMap("line"),
    ]
    by: By = "time"

    @field_validator("stops")
    @classmethod
    def _pairs(cls, stops: tuple[float, ...]) -> tuple[float, ...]:
        if len(stops) % 2:
            raise ValueError("stops are pairs of longitude and latitude")
        return stops


class MatrixInputs(Inputs):
    """From where to where."""

    network: Network
    origins: Annotated[LayerName, Label("起点图层", "the layer of origins")]
    destinations: Annotated[LayerName, Label("终点图层", "the layer of destinations")]
    by: By = "time"


@analysis(
    "route",
    quick=True,
    zh="路径规划",
    en="Route",
    about_zh="按序经过各点的最短或最快路径，每段一个要素，带时间与长度。",
    about_en="The fastest or shortest way through points in their order, a feature for each leg.",
)
def route(run: Run, inputs: RouteInputs) -> Outcome:
    """Find the way; raises Invalid where no path leads on."""
    roads, srid, _ = read_roads(run, inputs.network)
    lonlat = np.array(inputs.stops).reshape(-1, 2)
    points = np.column_stack(transformer(4326, srid).transform(lonlat[:, 0], lonlat[:, 1]))
    if not np.isfinite(points).all():
        raise Invalid("a stop lies where the network's reference system does not reach")
    legs = chain(roads, roads.nearest(points).tolist(), inputs.by)
    minutes = [float(roads.minutes[leg].sum()) for leg in legs]
    metres = [float(roads.length[leg].sum()) for leg in legs]
    found = {
        "leg": range(1, len(legs) + 1),
        "minutes": minutes,
        "length_m": metres,
        "geometry": [roads.along(leg) if len(leg) else None for leg in legs],
    }
    summary = {"minutes": sum(minutes), "length_m": sum(metres), "legs": len(legs)}
    return _outcome(run, srid, LEG, found, "LineString", summary, len(legs))


@analysis(
    "od-matrix",
    quick=True,
    zh="出行成本矩阵",
    en="Origin-destination matrix",
    about_zh="所有起点到所有终点的最小时间或距离；到不了的不列出，但计数。",
    about_en="Least time or distance from every origin to every destination; pairs without a path "
    "are left out and counted.",
)
def od_matrix(run: Run, inputs: MatrixInputs) -> Outcome:
    """Measure every pair, each place by its nearest node; raises TooLarge for too many."""
    srid, origin, goal, near = _reached(run, inputs)
    asked = len(origin.frame) * len(goal.frame)
    return _pairs(run, srid, origin.fid[near.origin], goal.fid[near.goal], near.cost, asked)


@analysis(
    "nearest-facility",
    quick=True,
    zh="最近设施",
    en="Nearest facility",
    about_zh="每个起点沿路网最近的设施（如就近派单），带时间或距离；到不了任何设施的计数说明。",
    about_en="Of every origin the nearest destination over the network, as for dispatch; origins "
    "from which none can be reached are counted.",
)
def nearest_facility(run: Run, inputs: MatrixInputs) -> Outcome:
    """Choose for each origin; of several at the same cost the first."""
    srid, origin, goal, near = _reached(run, inputs)
    if goal.frame.empty:
        raise Invalid("there is no destination at this moment")
    order = np.lexsort((near.goal, near.cost, near.origin))
    best = order[np.unique(near.origin[order], return_index=True)[1]]
    row, column = near.origin[best], near.goal[best]
    return _pairs(run, srid, origin.fid[row], goal.fid[column], near.cost[best], len(origin.frame))


def _reached(run: Run, inputs: MatrixInputs) -> tuple[int, Places, Places, Reached]:
    roads, srid, (origin, goal) = read_roads(
        run, inputs.network, inputs.origins, inputs.destinations
    )
    pairs = len(origin.frame) * len(goal.frame)
    if pairs > PAIRS:
        raise TooLarge(f"{pairs} pairs are more than {PAIRS}: narrow a layer by a filter")
    ends = roads.nearest(origin.point), roads.nearest(goal.point)
    return srid, origin, goal, reach(run, inputs.network, roads, *ends, inputs.by)


def _pairs(run: Run, srid: int, origin: Any, goal: Any, cost: Any, asked: int) -> Outcome:
    found = {"origin": origin, "destination": goal, "cost": cost}
    summary = {
        "asked": asked,
        "found": len(cost),
        "unreachable": asked - len(cost),
        "mean": float(cost.mean()) if len(cost) else None,
    }
    return _outcome(run, srid, PAIR, found, TABLE, summary, asked)


def _outcome(
    run: Run, srid: int, columns: tuple[Column, ...], found: Mapping[str, Any], kind: str,
    summary: dict[str, Any], asked: int,
) -> Outcome:  # fmt: skip
    rows = pd.DataFrame(found)
    without = asked - len(rows)
    return Outcome(
        {"layer": new_layer(run, rows, columns, srid, geometry_type=kind)},
        Certificate(
            equation="asked = found + without a path",
            left=asked,
            right=len(rows) + without,
            residual=0.0,
            tolerance=0.0,
            unit="legs" if columns is LEG else "pairs",
            dropped=without,
        ),
        summary,
    )
