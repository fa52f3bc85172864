"""The analyses `traffic-impact` and `closure`: an equilibrium with and without a change."""

from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName, OptionalLayer
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.analyses.selection import Selection
from spatial.crs import transformer
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.layer import Column
from spatial.traffic import solution, tables
from spatial.traffic.assigned import Given, read_given
from spatial.traffic.change import junctions_compared, links_compared, worsened
from spatial.traffic.graph import Flags
from spatial.traffic.proof import certificate
from spatial.traffic.solving import solve
from spatial.traffic.travel import node_places

#: Links and junctions listed as the worst.
WORST = 10
LINKS = tuple(
    Column(name, kind)  # type: ignore[arg-type]
    for name, kind in (
        *((one, "bigint") for one in ("link", "from", "to")),
        *((one, "double precision") for one in (
            "flow", "flow_after", "flow_change", "minutes", "minutes_after", "minutes_change",
            "saturation", "saturation_after", "kmh", "kmh_after",
        )),
        ("level", "text"), ("level_after", "text"), ("closed", "boolean"),
    )
)  # fmt: skip
NODES = (
    Column("node", "bigint"),
    Column("flow", "double precision", "that comes in"),
    Column("flow_after", "double precision"),
    Column("flow_change", "double precision"),
    Column("delay", "double precision", "vehicle-minutes on the links into it"),
    Column("delay_after", "double precision"),
    Column("delay_change", "double precision"),
)


class _ChangeInputs(Inputs):
    network: Annotated[
        LayerName, Label("路网：network 的成果", "the network, as 'network' makes it")
    ]
    trips: Annotated[
        LayerName, Label("现状出行表：origin、destination、trips", "the trips as they are")
    ]
    zones: Annotated[
        OptionalLayer, Label("交通小区", "the zones, where trips are between their fids")
    ] = None
    classes: Annotated[OptionalLayer, Label("用户类别表", "table of user classes")] = None
    gap: Annotated[
        float, Field(ge=0, lt=1), Label("相对间隙的目标", "the relative gap to reach")
    ] = 1e-6
    toll_weight: Annotated[float, Field(ge=0), Label("收费折算系数", "weight of tolls")] = 0.0
    distance_weight: Annotated[float, Field(ge=0), Label("距离折算系数", "of distance")] = 0.0
    first_thru_node: Annotated[
        int | None, Label("可穿越的首个节点号", "the first node that paths may pass")
    ] = None


class ImpactInputs(_ChangeInputs):
    """What there is, and what a project adds."""

    added: Annotated[
        OptionalLayer, Label("新增出行表：项目产生的出行", "the trips that the project adds")
    ] = None
    changed_network: Annotated[
        OptionalLayer, Label("方案路网：缺省不变", "the network with the project, if it changes")
    ] = None


class ClosureInputs(_ChangeInputs):
    """What there is, and what is closed."""

    closed: Annotated[
        LayerName, Label("封闭范围：淹没区、施工区等", "what closes the links that it meets")
    ]
    least: Annotated[
        float, Field(ge=0), Label("封闭长度下限", "links met along less than this stay open", "m")
    ] = 1.0


@analysis(
    "traffic-impact",
    zh="交通影响评价",
    en="Traffic impact",
    about_zh="项目新增出行（及方案路网）前后的用户均衡对比：流量、时间、车速与服务水平的变化，"
    "列出最不利路段与交叉口；由现状解热启动。",
    about_en="User equilibria without and with a project's new trips (and network) compared: flow, "
    "time, speed and level of service; the worst links and junctions are listed.",
)
def traffic_impact(run: Run, inputs: ImpactInputs) -> Outcome:
    """See `spatial.traffic.change`; raises Invalid where nothing is said to change."""
    given = read_given(run, inputs)
    if inputs.added is None and inputs.changed_network is None:
        raise Invalid("say what changes: the trips that are added, or the changed network")
    trips, links = given.trips, given.links
    if inputs.added is not None:
        trips = pd.concat([trips, _read(run, inputs.added)], ignore_index=True)
    if inputs.changed_network is not None:
        links = _read(run, inputs.changed_network)
    return _compared(run, inputs, given, links, trips)


@analysis(
    "closure",
    zh="道路封闭影响",
    en="Road closure",
    about_zh="淹没、施工或活动封闭路段前后的用户均衡对比：绕行流量、时间与服务水平变化，"
    "无法到达的出行单列；由现状解热启动。",
    about_en="User equilibria before and after links are closed by a flood, works or an event: "
    "detours, times and levels of service; trips that can no longer arrive are told.",
)
def closure(run: Run, inputs: ClosureInputs) -> Outcome:
    """Close the links that the closing features meet along at least `least` metres."""
    given = read_given(run, inputs)
    with readings(run.database, [inputs.closed], run.asof, run.grant) as (pg, (view,)):
        frame, srid = fetch(run.database, pg, view), view.layer.srid
    move: Any = transformer(srid, given.srid).transform
    areas = shapely.transform(np.asarray(frame.geometry, object), move, interleaved=False)
    shut = met(np.asarray(given.links.geometry, object), areas, inputs.least)
    if not shut.any():
        raise Invalid("no link of the network is met by what closes it")
    return _compared(run, inputs, given, given.links[~shut].reset_index(drop=True), given.trips)


def met(lines: Any, areas: Any, least: float) -> Flags:
    """(m,) whether a line lies within areas for at least so long; points and lines close too."""
    found = np.zeros(len(lines), bool)
    areas = areas[~shapely.is_missing(areas)]
    one, other = shapely.STRtree(lines).query(areas, predicate="intersects")
    flat = shapely.get_dimensions(areas[one]) < 2
    found[other[flat]] = True
    inside = np.bincount(
        other[~flat],
        shapely.length(shapely.intersection(lines[other[~flat]], areas[one[~flat]])),
        len(lines),
    )
    met_at_all = np.bincount(other[~flat], minlength=len(lines)) > 0
    return np.asarray(found | (met_at_all & (inside >= np.minimum(least, shapely.length(lines)))))


def _read(run: Run, name: str | Selection) -> gpd.GeoDataFrame:
    with readings(run.database, [name], run.asof, run.grant) as (pg, (view,)):
        return fetch(run.database, pg, view).sort_values("fid", ignore_index=True)


def _compared(
    run: Run, inputs: _ChangeInputs, given: Given, links: Any, trips: pd.DataFrame
) -> Outcome:
    run.progress(0.1, "the equilibrium as it is")
    before = given.case(inputs)
    base = solve(before, gap=inputs.gap)
    assert base.bushes is not None
    after = given.case(inputs, links, trips)
    content = solution.packed(before.graph, before.demand, base.bushes, before.names())
    start = solution.unpacked(content, after.graph, after.demand, after.names())
    run.progress(0.5, "the equilibrium with the change")
    found = solve(after, gap=inputs.gap, start=start)
    every = pd.concat([given.links, links[~links["fid"].isin(given.links["fid"])]])
    every = every.reset_index(drop=True)
    rows = links_compared(
        every, given.links["fid"], links["fid"], (before, base), (after, found)
    ).assign(closed=~every["fid"].isin(links["fid"]).to_numpy())
    rows["geometry"] = every.geometry.to_numpy()
    nodes = junctions_compared(rows)
    nodes["geometry"] = _points(every, nodes["node"].to_numpy(np.int64))
    proof = certificate(after.graph, after.demand, found, inputs.gap, after.table.loops)
    kind: dict[str, Any] = {"geometry_type": given.kind}
    named: dict[str, Any] = {"key": "junctions", "title_zh": "交叉口", "title_en": "junctions"}
    tstt = [one.cost.total(two.flow, _by_class(one, two))
            for one, two in ((before, base), (after, found))]  # fmt: skip
    left = [sum(one.demand.left_out.values()) for one in (before, after)]
    return Outcome(
        {
            "layer": new_layer(run, rows, LINKS, given.srid, **kind),
            "junctions": new_layer(run, nodes, NODES, given.srid, geometry_type="Point", **named),
        },
        proof,
        {
            "closed_links": int(rows["closed"].sum()),
            "new_links": len(every) - len(given.links),
            "trips": [before.demand.total, after.demand.total],
            "unassigned": left,
            "tstt": tstt,
            "relative_gap": [base.gap, found.gap],
            "iterations": [len(base.gaps) - 1, len(found.gaps) - 1],
            "worse_links": worsened(rows),
            "worst_links": _worst(rows, "link", "minutes_change", "flow_after"),
            "worst_junctions": _worst(nodes, "node", "delay_change"),
        },
    )


def _by_class(case: Any, found: Any) -> Any:
    return found.bushes.by_class(case.demand.kind, len(case.classes), len(found.flow))


def _worst(rows: pd.DataFrame, name: str, by: str, weight: str | None = None) -> list[Any]:
    """The ids of those that lose most time, the worst first."""
    lost = rows[by] * (rows[weight] if weight else 1.0)
    order = lost[lost > 0].sort_values(ascending=False).index[:WORST]
    return [int(one) for one in rows.loc[order, name]]


def _points(links: gpd.GeoDataFrame, nodes: Any) -> Any:
    graph = tables.links(links).graph()
    shape = np.asarray(links.geometry, object)[graph.order]
    return shapely.points(node_places(graph, shape)[graph.index(nodes)])
