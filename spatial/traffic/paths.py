"""The analyses `route`, `od-matrix` and `nearest-facility`: ways through a network."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import shapely
from psycopg import sql
from pydantic import Field, field_validator

from spatial.analyses.inputs import Inputs, Label, LayerName, Numbers
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.analyses.selection import Selection
from spatial.analyses.staging import counts
from spatial.certificate import Certificate
from spatial.crs import transformer
from spatial.errors import Invalid, TooLarge
from spatial.frame import fetch
from spatial.layer import Column
from spatial.query import names
from spatial.traffic.graph import Floats
from spatial.traffic.travel import Roads, chain, matrix

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

Network = Annotated[
    LayerName,
    Label("路网：network 的成果", "the network: a layer that 'network' made"),
]
By = Annotated[
    Literal["time", "distance"],
    Label("按时间（分钟）或距离（米）", "least time (minutes) or distance (metres)"),
]


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
    ]
    by: By = "time"

    @field_validator("stops")
    @classmethod
    def _are_pairs(cls, stops: tuple[float, ...]) -> tuple[float, ...]:
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
    shapes = [roads.along(leg) if len(leg) else None for leg in legs]
    return _outcome(
        run, srid, "LineString", LEG,
        [np.arange(1, len(legs) + 1, dtype=np.int32), minutes, metres], shapes,
        {"minutes": sum(minutes), "length_m": sum(metres), "legs": len(legs)},
        (float(len(legs)), float(len(legs)), 0.0),
    )  # fmt: skip


@analysis(
    "od-matrix",
    zh="出行成本矩阵",
    en="Origin-destination matrix",
    about_zh="所有起点到所有终点的最小时间或距离；到不了的不列出，但计数。",
    about_en="Least time or distance from every origin to every destination; pairs without a path "
    "are left out and counted.",
)
def od_matrix(run: Run, inputs: MatrixInputs) -> Outcome:
    """Measure every pair, each place by its nearest node; raises TooLarge for too many."""
    roads, srid, (origin, goal) = read_roads(
        run, inputs.network, inputs.origins, inputs.destinations
    )
    costs = _costs(roads, origin, goal, inputs.by)
    there = np.isfinite(costs)
    row, column = np.nonzero(there)
    return _pairs(run, srid, origin[0][row], goal[0][column], costs[there], costs.size)


@analysis(
    "nearest-facility",
    zh="最近设施",
    en="Nearest facility",
    about_zh="每个起点沿路网最近的设施（如就近派单），带时间或距离；到不了任何设施的计数说明。",
    about_en="Of every origin the nearest destination over the network, as for dispatch; origins "
    "from which none can be reached are counted.",
)
def nearest_facility(run: Run, inputs: MatrixInputs) -> Outcome:
    """Choose for each origin; of several at the same cost the first."""
    roads, srid, (origin, goal) = read_roads(
        run, inputs.network, inputs.origins, inputs.destinations
    )
    costs = _costs(roads, origin, goal, inputs.by)
    if not costs.shape[1]:
        raise Invalid("there is no destination at this moment")
    best = costs.argmin(axis=1)
    least = costs[np.arange(len(best)), best]
    there = np.isfinite(least)
    return _pairs(run, srid, origin[0][there], goal[0][best[there]], least[there], len(least))


type _Places = tuple[Any, Floats]


def read_roads(
    run: Run, network: str | Selection, *places: str | Selection
) -> tuple[Roads, int, list[_Places]]:
    """The roads, their CRS, and of each layer the fids and the middles in it."""
    run.progress(0.0, "reading the network")
    with readings(run.database, [network, *places], run.asof, run.grant) as (pg, views):
        links, *others = (fetch(run.database, pg, view) for view in views)
    srid, found = views[0].layer.srid, list[_Places]()
    for frame, view in zip(others, views[1:], strict=True):
        middle = shapely.get_coordinates(shapely.centroid(np.asarray(frame.geometry, object)))
        if len(middle) != len(frame):
            raise Invalid(f"'{view.layer.name}' has features without a place")
        move = transformer(view.layer.srid, srid)
        place = np.column_stack(move.transform(middle[:, 0], middle[:, 1]))
        found.append((frame["fid"].to_numpy(np.int64), place))
    return Roads.of(links, np.asarray(links.geometry, object)), srid, found


def _costs(roads: Roads, origin: _Places, goal: _Places, by: str) -> Floats:
    pairs = len(origin[0]) * len(goal[0])
    if pairs > PAIRS:
        raise TooLarge(f"{pairs} pairs are more than {PAIRS}: narrow a layer by a filter")
    return matrix(roads, roads.nearest(origin[1]), roads.nearest(goal[1]), by)


def _pairs(run: Run, srid: int, origin: Any, goal: Any, cost: Floats, asked: int) -> Outcome:
    return _outcome(
        run, srid, "Geometry", PAIR, [origin, goal, cost], [None] * len(cost),
        {"asked": asked, "found": len(cost), "unreachable": asked - len(cost),
         "mean": float(cost.mean()) if len(cost) else None},
        (float(asked), float(len(cost)), float(asked - len(cost))),
    )  # fmt: skip


def _outcome(
    run: Run, srid: int, kind: str, columns: Sequence[Column], values: Sequence[Any],
    shapes: Sequence[Any], summary: dict[str, Any], balance: tuple[float, float, float],
) -> Outcome:  # fmt: skip
    asked, found, without = balance
    staging = run.staging(tuple((one.name, one.type) for one in columns), srid)
    wkb = pa.array([None if one is None else one.wkb for one in shapes], pa.binary())
    batch = staging.write(run.database, [pa.array(one) for one in values], wkb)
    wanted = [one.name for one in columns]
    return Outcome(
        {
            "layer": NewLayer(
                geometry_type=kind,
                srid=srid,
                columns=tuple(columns),
                rows=sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
                    names([*wanted, "geom"]), staging.table, counts([batch]), names(wanted)
                ),
            )
        },
        certificate=Certificate(
            equation="asked = found + without a path",
            left=asked,
            right=found + without,
            residual=abs(asked - found - without),
            tolerance=0.0,
            unit="legs" if columns is LEG else "pairs",
            dropped=without,
        ),
        summary=summary,
    )
