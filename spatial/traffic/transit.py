"""The analysis `transit`: how soon stops are reached by public transport, and what lies near."""

from datetime import time
from typing import Annotated, Any

import numpy as np
import pandas as pd
import shapely
from pydantic import Field
from scipy.spatial import cKDTree

from spatial.analyses.inputs import Inputs, Label, LayerName, OptionalLayer
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.analyses.selection import Selection
from spatial.asof import DEFAULT_ZONE, Interval
from spatial.certificate import Certificate
from spatial.crs import transformer
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.layer import Column
from spatial.traffic.graph import Floats
from spatial.traffic.reading import placed
from spatial.traffic.timetable import NEVER, Paths, Timetable, ids, running

#: Ways on foot are longer than straight lines, and at so many metres a second.
DETOUR, PACE = 1.3, 1.25
STOPS = (
    Column("origin", "bigint", "fid of the origin"),
    Column("stop_id", "text"),
    Column("minutes", "double precision", "from leaving the origin"),
    Column("rides", "integer", "vehicles taken; none where one walks"),
)
AREAS = (Column("origin", "bigint"), Column("limit_min", "double precision"))


class TransitInputs(Inputs):
    """Which feed, from where, when and how far."""

    stops: Annotated[LayerName, Label("GTFS 站点 stops", "a feed's stops")]
    stop_times: Annotated[LayerName, Label("GTFS 时刻 stop_times", "its stop_times")]
    trips: Annotated[LayerName, Label("GTFS 班次 trips", "its trips")]
    origins: Annotated[LayerName, Label("起点图层", "the layer of origins")]
    calendar: Annotated[OptionalLayer, Label("GTFS 日历 calendar", "its calendar")] = None
    calendar_dates: Annotated[
        OptionalLayer, Label("GTFS 例外日 calendar_dates", "its calendar_dates")
    ] = None
    depart: Annotated[
        time, Label("出发时刻（该时点之日）", "when one leaves, on the AsOf's day")
    ] = time(8)
    limit: Annotated[float, Field(gt=0, le=600), Label("等时圈上限", "how far", unit="min")] = 45.0
    walk: Annotated[
        float,
        Field(ge=0, le=5000),
        Label("一段步行上限", "one walk at most, to a stop or between stops", unit="m"),
    ] = 600.0
    change: Annotated[
        float, Field(ge=0, le=60), Label("换乘时间", "it takes to change at a stop", unit="min")
    ] = 2.0


@analysis(
    "transit",
    zh="公交可达性",
    en="Public transport",
    about_zh="按 GTFS 时刻表（连接扫描算法）求自起点某时刻出发到各站的最早到达时间与乘车次数，"
    "并给出限时内可达范围（等时圈）。",
    about_en="By a GTFS timetable (connection scan) the earliest arrival at every stop from each "
    "origin, the rides it takes, and the area that is reached within a time.",
)
def transit(run: Run, inputs: TransitInputs) -> Outcome:
    """See `timetable`; raises Invalid where no trip runs on the day, and for malformed feeds."""
    named: dict[str, str | Selection] = {
        name: given
        for name in ("stops", "stop_times", "trips", "origins", "calendar", "calendar_dates")
        if (given := getattr(inputs, name)) is not None
    }
    with readings(run.database, list(named.values()), run.asof, run.grant) as (pg, views):
        layers = {name: view.layer for name, view in zip(named, views, strict=True)}
        tables = {
            name: fetch(run.database, pg, view).sort_values("fid", ignore_index=True)
            for name, view in zip(named, views, strict=True)
        }
    origin = placed(tables["origins"], layers["origins"], 4326)
    stops = placed(tables["stops"], layers["stops"], 4326)
    if not len(stops.frame) or "stop_id" not in stops.frame:
        raise Invalid("the stops have no stop_id: give a feed's stops")
    when = run.asof.valid_at
    assert not isinstance(when, Interval)
    assert when is not None
    empty = pd.DataFrame()
    trips = tables["trips"]
    runs = running(
        trips, tables.get("calendar", empty), tables.get("calendar_dates", empty),
        when.astimezone(DEFAULT_ZONE).date(),
    )  # fmt: skip
    if not runs.any():
        raise Invalid("no trip of the feed runs on that day: give another with datetime")
    table = Timetable.of(
        tables["stop_times"],
        pd.Index(ids(trips["trip_id"])[runs].unique()),
        pd.Index(ids(stops.frame["stop_id"])),
    )
    srid = _metric(stops.point)
    move: Any = transformer(4326, srid).transform
    place, point = (np.column_stack(move(*one.point.T)) for one in (stops, origin))
    tree, pace = cKDTree(place), PACE / DETOUR
    near = tree.query_pairs(inputs.walk / DETOUR, output_type="ndarray")
    apart = np.hypot(*(place[near[:, 0]] - place[near[:, 1]]).T) / pace
    paths = Paths.of(
        len(place), np.concatenate([near[:, 0], near[:, 1]]),
        np.concatenate([near[:, 1], near[:, 0]]), np.tile(apart, 2),
    )  # fmt: skip
    start = 3600 * inputs.depart.hour + 60 * inputs.depart.minute + inputs.depart.second
    rows, areas, reached = [], [], 0
    for number, (fid, here) in enumerate(zip(origin.fid, point, strict=True), 1):
        ready = np.full(len(place), NEVER)
        close = np.array(tree.query_ball_point(here, inputs.walk / DETOUR), np.int64)
        away = np.hypot(*(place[close] - here).T) / pace
        ready[close] = start + np.ceil(away).astype(np.int64)
        at, rides = table.earliest(ready, paths, round(60 * inputs.change))
        minutes = (at - start) / 60
        found = np.flatnonzero(minutes <= inputs.limit)
        reached += len(found)
        rows.append(pd.DataFrame({
            "origin": fid, "stop_id": table.stop[found], "minutes": minutes[found],
            "rides": rides[found].astype(np.int32), "geometry": shapely.points(place[found]),
        }))  # fmt: skip
        areas.append(_area(here, place[found], minutes[found], inputs))
        run.progress(0.1 + 0.8 * number / len(origin.fid), f"{number} origins")
    frame = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(
        {name: [] for name in ("origin", "stop_id", "minutes", "rides", "geometry")}
    )  # fmt: skip
    polygons = pd.DataFrame({"origin": origin.fid, "limit_min": inputs.limit, "geometry": areas})
    asked = len(origin.fid) * len(place)
    return Outcome(
        {
            "layer": new_layer(run, frame, STOPS, srid, geometry_type="Point"),
            "areas": new_layer(
                run, polygons, AREAS, srid, geometry_type="MultiPolygon", key="areas",
                title_zh="等时圈", title_en="isochrones",
            ),
        },
        Certificate(
            "origins × stops = reached + beyond the limit", asked, reached + (asked - reached),
            0.0, 0.0, "pairs", dropped=asked - reached,
        ),
        {
            "trips": table.trips, "rides": len(table.leave), "stops": len(place),
            "reached": reached, "calls_left_out": table.left_out,
        },
    )  # fmt: skip


def _area(here: Floats, place: Floats, minutes: Floats, inputs: TransitInputs) -> Any:
    """What can be walked to in the time that is left, at the origin and at every stop reached."""
    left = np.append(inputs.limit, inputs.limit - minutes) * 60
    far = np.minimum(left * PACE, inputs.walk) / DETOUR
    circles = shapely.buffer(shapely.points(np.vstack([here, place])), far, quad_segs=6)
    return shapely.MultiPolygon(shapely.get_parts(shapely.union_all(circles)).tolist())


def _metric(degrees: Floats) -> int:
    """The UTM zone in the middle of the stops, to measure metres in."""
    lon, lat = np.median(degrees, axis=0)
    return int(32600 + (100 if lat < 0 else 0) + (int((lon + 180) // 6) % 60) + 1)
