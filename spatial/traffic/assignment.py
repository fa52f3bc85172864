"""The analysis `assignment`: trips find their paths through a network, and slow each other."""

import time
from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName, Numbers, OptionalLayer
from spatial.analyses.making import TABLE, new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, Outcome, Output, Run
from spatial.errors import Invalid
from spatial.layer import Column
from spatial.traffic import solution
from spatial.traffic.assigned import SOLUTION, read_given, start_of
from spatial.traffic.case import Case
from spatial.traffic.equilibrium import Bushes, Flows, Tell, ready
from spatial.traffic.graph import Integers
from spatial.traffic.proof import certificate
from spatial.traffic.select_link import selected
from spatial.traffic.solving import Method, solve

COLUMNS = (
    Column("link", "bigint", "the link's fid in the network"),
    Column("from", "bigint"),
    Column("to", "bigint"),
    Column("flow", "double precision"),
    Column("cost", "double precision"),
    Column("saturation", "double precision", "flow / capacity"),
)
SELECTED = Column("selected", "double precision", "flow of the trips that pass the selected links")
PAIRS = (
    Column("origin", "bigint"),
    Column("destination", "bigint"),
    Column("class", "text"),
    Column("trips", "double precision"),
)
#: A larger solution is not kept.
KEPT = 60 * 2**20


class AssignmentInputs(Inputs):
    """Which trips go through which network, and how exactly."""

    network: Annotated[
        LayerName,
        Label(
            "路网：每行一条有向路段，含 init_node、term_node、capacity、free_flow_time",
            "the network: a directed link each row, with init_node, term_node, capacity, "
            "free_flow_time",
        ),
    ]
    trips: Annotated[
        LayerName,
        Label("出行表：origin、destination、trips", "the table of origin, destination, trips"),
    ]
    zones: Annotated[
        OptionalLayer,
        Label(
            "交通小区：给出时出行表为小区编号，小区就近接入路网",
            "the zones, where trips are between their fids: each is joined to near junctions",
        ),
    ] = None
    classes: Annotated[
        OptionalLayer,
        Label(
            "用户类别表：class、toll_weight、distance_weight、pcu",
            "table of user classes: class, toll_weight, distance_weight, pcu",
        ),
    ] = None
    method: Annotated[
        Method, Label("算法：bush 为 Algorithm B", "the method; bush is Algorithm B")
    ] = "bush"
    principle: Annotated[
        Literal["user", "system"],
        Label(
            "原则：user 用户均衡，system 系统最优",
            "user: no trip can gain; system: all trips together cost least",
        ),
    ] = "user"
    gap: Annotated[
        float, Field(ge=0, lt=1), Label("相对间隙的目标", "the relative gap to reach")
    ] = 1e-6
    iterations: Annotated[
        int, Field(ge=0, le=100_000), Label("迭代次数上限", "iterations at most")
    ] = 1000
    toll_weight: Annotated[
        float, Field(ge=0), Label("收费折算时间的系数", "time that a unit of toll counts as")
    ] = 0.0
    distance_weight: Annotated[
        float, Field(ge=0), Label("距离折算时间的系数", "time that a unit of length counts as")
    ] = 0.0
    first_thru_node: Annotated[
        int | None,
        Label(
            "可穿越的首个节点号，缺省取路网所载",
            "the first node that paths may pass; as the network tells where not given",
        ),
    ] = None
    select: Annotated[
        Numbers | None,
        Label("选定路段分析：路段的要素号", "fids of links whose trips are to be told"),
    ] = None
    start: Annotated[
        OptionalLayer,
        Label("热启动：先前 assignment 的成果", "an earlier result of 'assignment' to start from"),
    ] = None


@analysis(
    "assignment",
    zh="交通分配",
    en="Traffic assignment",
    about_zh="把出行量分配到路网：用户均衡或系统最优（Algorithm B、Frank–Wolfe 系列），"
    "或全有全无；多类用户、选定路段分析、热启动。成果为路段流量表，并附相对间隙与各节点流量守恒证明。",
    about_en="Assigns trips to a network: user equilibrium or system optimum (Algorithm B, the "
    "Frank-Wolfe family), or all-or-nothing; several classes of users, select-link analysis, warm "
    "starts. Gives the flow of every link; the certificate tells the relative gap and the "
    "conservation of flow at every node.",
)
def assignment(run: Run, inputs: AssignmentInputs) -> Outcome:
    """Assign, and make a layer of link flows; see `spatial.traffic.equilibrium`.

    Raises Invalid for columns that are missing and values that have no equilibrium.
    """
    run.progress(0.0, "reading the network and the trips")
    given = read_given(run, inputs)
    ready()
    began = time.monotonic()
    case = given.case(inputs)
    start = start_of(run, inputs.start, case) if inputs.start else None
    found = solve(
        case, inputs.method, inputs.principle, inputs.gap, inputs.iterations,
        start=start, tell=teller(run, inputs.gap),
    )  # fmt: skip
    took = time.monotonic() - began
    flow = case.links(found.flow)
    with np.errstate(divide="ignore", invalid="ignore"):
        saturation = np.where(case.table.capacity > 0, flow / case.table.capacity, np.nan)
    values: dict[str, Any] = {
        "link": given.links["fid"], "from": case.table.start, "to": case.table.end, "flow": flow,
        "cost": case.links(np.atleast_2d(found.cost)[0]), "saturation": saturation,
    }  # fmt: skip
    columns, outputs = list(COLUMNS), dict[str, Output]()
    by_class = None
    if found.bushes is not None:
        by_class = found.bushes.by_class(case.demand.kind, len(case.classes), len(found.flow))
    if len(case.classes) > 1 and by_class is not None:
        for name, its in zip(case.names(), by_class, strict=True):
            columns.append(Column(f"flow_{name}", "double precision", "in passenger cars"))
            values[f"flow_{name}"] = case.links(its)
    if inputs.select:
        columns.append(SELECTED)
        values["selected"], pairs = _selected(given.links, inputs.select, case, found)
        outputs["selected"] = new_layer(
            run, pairs, PAIRS, given.srid, geometry_type=TABLE, key="selected",
            title_zh="选定路段的出行", title_en="trips over the selected links",
        )  # fmt: skip
    rows = gpd.GeoDataFrame(values, geometry=given.links.geometry.to_numpy())
    outputs["layer"] = new_layer(run, rows, columns, given.srid, geometry_type=given.kind)
    if found.bushes is not None:
        outputs |= _kept(case, found.bushes)
    demand, felt = case.demand, case.felt(inputs.principle)
    return Outcome(
        {"layer": outputs.pop("layer")} | outputs,
        certificate(case.graph, demand, found, inputs.gap, case.table.loops, case.alone),
        {
            "objective": felt.integral(found.flow, by_class),
            "relative_gap": found.gap,
            "tstt": case.cost.total(found.flow, by_class),
            "iterations": len(found.gaps) - 1,
            "seconds": round(took, 4),
            "method": inputs.method,
            "principle": inputs.principle,
            "links": len(flow),
            "nodes": len(case.graph.node),
            "zones": len(demand.origin),
            "classes": case.names(),
            "warm": start is not None,
            "trips": demand.total,
            "assigned": demand.assigned,
            "left_out": demand.left_out,
        },
    )


def _selected(
    links: gpd.GeoDataFrame, wanted: tuple[float, ...], case: Case, found: Flows
) -> tuple[Any, pd.DataFrame]:
    if found.bushes is None:
        raise Invalid("only the method 'bush' tells whose trips pass a link")
    place: Integers = np.flatnonzero(links["fid"].isin(wanted))
    if len(place) < len(set(wanted)):
        raise Invalid("the network has no link with one of the fids that were selected")
    demand = case.demand
    flow, trips = selected(case.graph, demand, found.bushes, case.chosen(place))
    of = np.repeat(np.arange(len(demand.origin)), np.diff(demand.first))
    node = case.graph.node
    pairs = pd.DataFrame({
        "origin": np.abs(node[demand.origin[of]]), "destination": np.abs(node[demand.goal]),
        "class": np.array(case.names(), object)[demand.kind[of]], "trips": trips,
    })  # fmt: skip
    return case.links(flow), pairs[pairs["trips"] > 0]


def _kept(case: Case, bushes: Bushes) -> dict[str, Output]:
    """The solution as a document of the job, where it is not too large."""
    content = solution.packed(case.graph, case.demand, bushes, case.names())
    if len(content) > KEPT:
        return {}
    told = "热启动用的解", "the solution, to start from"
    return {SOLUTION: NewFile("solution.npz", content, "application/octet-stream", *told)}


def teller(run: Run, wanted: float) -> Tell:
    """Progress by the digits of the gap that are won."""

    def tell(iteration: int, gap: float) -> None:
        digits = np.log10(max(gap, wanted, 1e-16)) / np.log10(max(wanted, 1e-16))
        run.progress(0.1 + 0.8 * float(np.clip(digits, 0, 1)), f"{iteration}: gap {gap:.1e}")

    return tell
