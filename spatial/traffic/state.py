"""The analysis `traffic-state`: how every link flows now, from what sensors and vehicles tell."""

from datetime import datetime
from typing import Annotated, Any

import numpy as np
import pandas as pd
import shapely
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, OptionalLayer
from spatial.analyses.making import TABLE, new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Output, Run
from spatial.analyses.series import SeriesName
from spatial.crs import parse, transformer
from spatial.errors import Invalid
from spatial.layer import Column
from spatial.traffic import congestion
from spatial.traffic.estimate import along_network, estimate
from spatial.traffic.graph import Flags, Floats, Integers
from spatial.traffic.level_of_service import levels
from spatial.traffic.measuring import measure
from spatial.traffic.observed import Periods
from spatial.traffic.reading import Network, Places, read_roads
from spatial.traffic.travel import Roads

#: Links further than this from every measured one are told at the mean of all, in metres.
REACH = 3000.0
LINKS = (
    Column("link", "bigint", "the link's fid in the network"),
    Column("kmh", "double precision"),
    Column(
        "deviation", "double precision", "standard deviation of an estimate, km/h; 0 where measured"
    ),
    Column("measured", "boolean"),
    Column("free_kmh", "double precision"),
    Column("volume", "double precision", "vehicles an hour, where measured"),
    Column("level", "text", "level of service, A to F"),
)
AREAS = (
    Column("area", "bigint", "fid of the area"),
    Column("period", "timestamptz", "its beginning"),
    Column("index", "double precision", "travel time index: 1 is free"),
    Column("measured", "bigint", "links measured in it"),
)
INCIDENTS = (
    Column("link", "bigint"),
    Column("begin", "timestamptz"),
    Column("end", "timestamptz"),
    Column("lowest_kmh", "double precision"),
    Column("usual_kmh", "double precision"),
)


class StateInputs(Inputs):
    """What is measured where, and over which time."""

    network: Network
    sensors: Annotated[
        SeriesName | None,
        Label(
            "断面传感器的速度、流量序列，如 sensors?property=traffic_flow",
            "series of speeds and volumes of sensors, such as sensors?property=traffic_flow",
        ),
    ] = None
    vehicles: Annotated[
        SeriesName | None,
        Label(
            "浮动车的位置序列，如 vehicles?property=place",
            "series of positions of vehicles, such as vehicles?property=place",
        ),
    ] = None
    areas: Annotated[OptionalLayer, Label("统计片区", "areas to tell the congestion of")] = None
    minutes: Annotated[
        int, Field(ge=1, le=60), Label("统计时段", "length of a period", unit="min")
    ] = 15
    periods: Annotated[
        int, Field(ge=1, le=2016), Label("时段个数，止于时点", "periods, the last ends then")
    ] = 4
    radius: Annotated[
        float,
        Field(gt=0, le=500),
        Label("传感器到路段的最大距离", "how far a sensor may stand from its link", unit="m"),
    ] = 50.0


@analysis(
    "traffic-state",
    zh="路网运行状态",
    en="Traffic state",
    about_zh="把断面传感器与浮动车的读数匹配到路段（隐马尔可夫地图匹配），得到各路段车速、流量与服务水平；"
    "未覆盖路段由邻近路段克里金估计并给出标准差；按片区与时段给出行程时间指数，并识别异常事件。"
    "证明：读数 = 已匹配 + 未匹配，并报告留一检验误差。",
    about_en="Matches readings of sensors and of vehicles (by a hidden Markov model) to links: "
    "speed, volume and level of service of each; others are estimated from their neighbours with "
    "a standard deviation; the travel time index by area and period, and incidents. Certificate: "
    "measured places = matched + not matched; the errors of leaving one out are told.",
)
def traffic_state(run: Run, inputs: StateInputs) -> Outcome:
    """See `observed`, `estimate` and `congestion`, whose formulas these are.

    Raises Invalid where nothing is asked for or nothing can be matched.
    """
    if inputs.sensors is None and inputs.vehicles is None:
        raise Invalid("say what measures: 'sensors', 'vehicles' or both")
    named = [inputs.areas] if inputs.areas else []
    roads, srid, areas = read_roads(run, inputs.network, *named)
    if parse(srid).is_geographic:
        raise Invalid("the traffic state needs a network in a projected reference system")
    end = run.asof.valid_at
    assert isinstance(end, datetime)
    periods = Periods(pd.Timestamp(end), inputs.minutes, inputs.periods)
    run.progress(0.1, "matching what is measured")
    told = measure(run, inputs, roads, srid, periods)
    if not np.isfinite(told.kmh).any() and not np.isfinite(told.volume).any():
        raise Invalid("nothing was measured on the network in this time")
    run.progress(0.6, "estimating what is not")
    hours = roads.minutes / 60
    free = np.divide(roads.length / 1000, hours, out=np.zeros(len(hours)), where=hours > 0)
    now, deviation, error = _estimated(roads, told.kmh, free)
    measured = np.isfinite(told.kmh)
    links = pd.DataFrame({
        "link": roads.fid, "kmh": now[:, -1], "deviation": deviation, "measured": measured[:, -1],
        "free_kmh": free, "volume": told.volume[:, -1], "geometry": roads.shape,
        "level": levels(pd.Series(roads.kind), now[:, -1]),
    })  # fmt: skip
    found = congestion.incidents(told.kmh)
    outputs: dict[str, Output] = {
        "layer": new_layer(run, links, LINKS, srid, geometry_type="LineString"),
        "incidents": new_layer(
            run, _incidents(found, roads, periods), INCIDENTS, srid, key="incidents",
            geometry_type="LineString", title_zh="异常事件", title_en="incidents",
        ),
    }  # fmt: skip
    if areas:
        table = _areas(areas[0], srid, roads, now, free, measured, periods)
        outputs["areas"] = new_layer(
            run, table, AREAS, srid, key="areas", geometry_type=TABLE,
            title_zh="片区拥堵指数", title_en="congestion of areas",
        )  # fmt: skip
    whole = congestion.travel_time_index(
        np.zeros(len(free), np.int64), roads.length, now[:, -1], free, 1
    )
    return Outcome(
        outputs,
        told.certificate(),
        {
            "links": len(free),
            "measured": int(measured[:, -1].sum()),
            "periods": periods.count,
            "travel_time_index": None if np.isnan(whole[0]) else float(whole[0]),
            "incidents": len(found),
            "left_out_mean_error_kmh": float(np.abs(error).mean()) if len(error) else None,
            **told.counts,
        },
    )


def _estimated(roads: Roads, kmh: Floats, free: Floats) -> tuple[Floats, Floats, Floats]:
    """(links, t) speeds; (links,) their deviation at last; the errors of leaving one out then.

    What is estimated is the share of the free speed, so that a lane beside a motorway is not
    taken to be as fast.
    """
    share = np.divide(kmh, free[:, None], out=np.full(kmh.shape, np.nan), where=free[:, None] > 0)
    ever = np.flatnonzero(np.isfinite(share).any(axis=1))
    near = along_network(roads.graph, roads.length, ever, REACH)
    now, deviation, error = kmh.copy(), np.full(len(free), np.nan), np.zeros(0)
    for period in range(kmh.shape[1]):
        there = np.flatnonzero(np.isfinite(share[ever, period]))
        deviation, error = np.full(len(free), np.nan), np.zeros(0)
        if not len(there):
            continue
        some = near.among(there)
        use = ever[there]
        found = estimate(some, use, share[use, period], len(free))
        unknown = ~np.isfinite(kmh[:, period])
        now[unknown, period] = np.maximum(found.mean * free, 0.0)[unknown]
        deviation, error = found.deviation * free, found.error * free[use]
    return now, deviation, error


def _incidents(found: pd.DataFrame, roads: Roads, periods: Periods) -> pd.DataFrame:
    starts, place = periods.starts(), found["place"].to_numpy(np.int64)
    step = pd.Timedelta(minutes=periods.minutes)
    return pd.DataFrame({
        "link": roads.fid[place],
        "begin": starts[found["first"].to_numpy(np.int64)],
        "end": starts[found["last"].to_numpy(np.int64)] + step,
        "lowest_kmh": found["lowest"].to_numpy(float),
        "usual_kmh": found["usual"].to_numpy(float),
        "geometry": roads.shape[place],
    })  # fmt: skip


def _areas(
    areas: Places,
    srid: int,
    roads: Roads,
    now: Floats,
    free: Floats,
    measured: Flags,
    periods: Periods,
) -> pd.DataFrame:
    of = _area_of(areas, roads, srid)
    rows = []
    for period, start in enumerate(periods.starts()):
        index = congestion.travel_time_index(of, roads.length, now[:, period], free, len(areas.fid))
        count = np.bincount(of[(of >= 0) & measured[:, period]], minlength=len(areas.fid))
        rows.append(pd.DataFrame(
            {"area": areas.fid, "period": start, "index": index, "measured": count}
        ))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _area_of(areas: Places, roads: Roads, srid: int) -> Integers:
    """(m,) the first area that the middle of each link lies in, by its place; -1 for none."""
    middle = shapely.line_interpolate_point(roads.shape, 0.5, normalized=True)
    move: Any = transformer(areas.layer.srid, srid).transform
    shapes = shapely.transform(areas.frame.geometry.to_numpy(), move, interleaved=False)
    link, area = shapely.STRtree(shapes).query(middle, predicate="intersects")
    of = np.full(len(roads.fid), -1)
    order = np.lexsort((-area, link))
    of[link[order]] = area[order]
    return of
