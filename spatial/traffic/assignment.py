"""The analysis `assignment`: trips find their paths through a network, and slow each other."""

import time
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import shapely
from psycopg import sql
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Run
from spatial.analyses.staging import counts
from spatial.certificate import Certificate
from spatial.frame import fetch
from spatial.layer import Column
from spatial.traffic import frank_wolfe, tables
from spatial.traffic.demand import INTRAZONAL, Demand
from spatial.traffic.equilibrium import Flows, Tell, equilibrium, ready
from spatial.traffic.graph import Floats, Graph
from spatial.traffic.link_cost import LinkCost

#: Rounding of sums: the imbalance that may remain, as a share of all trips.
ROUNDING = 1e-9
COLUMNS = (
    Column("link", "bigint", "the link's fid in the network"),
    Column("from", "bigint"),
    Column("to", "bigint"),
    Column("flow", "double precision"),
    Column("cost", "double precision"),
    Column("saturation", "double precision", "flow / capacity"),
)
_ROWS = """
SELECT {columns}, geom FROM {staging} WHERE {counts} ORDER BY link
"""


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
    method: Annotated[
        Literal["bush", "all-or-nothing", "frank-wolfe", "conjugate", "bi-conjugate"],
        Label("算法：bush 为 Algorithm B", "the method; bush is Algorithm B"),
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


@analysis(
    "assignment",
    zh="交通分配",
    en="Traffic assignment",
    about_zh="把出行量分配到路网：用户均衡或系统最优（Algorithm B、Frank–Wolfe 系列），"
    "或全有全无。成果为路段流量表，并附相对间隙与各节点流量守恒证明。",
    about_en="Assigns trips to a network: user equilibrium or system optimum (Algorithm B, the "
    "Frank-Wolfe family), or all-or-nothing. Gives the flow of every link; the certificate tells "
    "the relative gap and the conservation of flow at every node.",
)
def assignment(run: Run, inputs: AssignmentInputs) -> Outcome:
    """Assign, and make a layer of link flows; see `spatial.traffic.equilibrium`.

    Raises Invalid for columns that are missing and values that have no equilibrium.
    """
    run.progress(0.0, "reading the network and the trips")
    with readings(run.database, [inputs.network, inputs.trips], run.asof, run.grant) as (pg, views):
        roads = fetch(run.database, pg, views[0]).sort_values("fid")
        pairs = fetch(run.database, pg, views[1])
    ready()
    began = time.monotonic()
    table = tables.links(roads, inputs.toll_weight, inputs.distance_weight)
    graph = table.graph(inputs.first_thru_node)
    demand = Demand.of(graph, *tables.trips(pairs))
    real = table.cost.taken(graph.order)
    felt = real.marginal() if inputs.principle == "system" else real
    found = _assigned(graph, felt, demand, inputs, _teller(run, inputs.gap))
    took = time.monotonic() - began
    flow, cost = graph.restored(found.flow), table.cost.at(graph.restored(found.flow))
    with np.errstate(divide="ignore", invalid="ignore"):
        saturation = np.where(table.capacity > 0, flow / table.capacity, np.nan)
    staging = run.staging(tuple((one.name, one.type) for one in COLUMNS), views[0].layer.srid)
    values = [pa.array(roads["fid"].to_numpy()), pa.array(table.start), pa.array(table.end)]
    values += [pa.array(one, from_pandas=True) for one in (flow, cost, saturation)]
    batch = staging.write(
        run.database,
        values,
        pa.array(shapely.to_wkb(np.asarray(roads.geometry, object)), pa.binary()),
    )
    return Outcome(
        {
            "layer": NewLayer(
                geometry_type=views[0].layer.geometry_type,
                srid=views[0].layer.srid,
                columns=COLUMNS,
                rows=sql.SQL(_ROWS).format(
                    columns=sql.SQL(", ").join(sql.Identifier(one.name) for one in COLUMNS),
                    staging=staging.table,
                    counts=counts([batch]),
                ),
            )
        },
        certificate=certificate(graph, demand, found, inputs.gap, table.loops),
        summary={
            "objective": felt.integral(found.flow),
            "relative_gap": found.gap,
            "tstt": float(flow @ cost),
            "iterations": len(found.gaps) - 1,
            "seconds": round(took, 4),
            "method": inputs.method,
            "principle": inputs.principle,
            "links": len(flow),
            "nodes": len(graph.node),
            "zones": len(demand.origin),
            "trips": demand.total,
            "assigned": demand.assigned,
            "left_out": demand.left_out,
        },
    )


def _assigned(
    graph: Graph, cost: LinkCost, demand: Demand, inputs: AssignmentInputs, tell: Tell
) -> Flows:
    if inputs.method == "all-or-nothing":
        return frank_wolfe.on_free_roads(graph, cost, demand)
    if inputs.method == "bush":
        return equilibrium(graph, cost, demand, gap=inputs.gap, most=inputs.iterations, tell=tell)
    return frank_wolfe.by_links(
        graph, cost, demand, inputs.method, gap=inputs.gap, most=inputs.iterations, tell=tell
    )


def _teller(run: Run, wanted: float) -> Tell:
    """Progress by the digits of the gap that are won."""

    def tell(iteration: int, gap: float) -> None:
        digits = np.log10(max(gap, wanted, 1e-16)) / np.log10(max(wanted, 1e-16))
        run.progress(0.1 + 0.8 * float(np.clip(digits, 0, 1)), f"{iteration}: gap {gap:.1e}")

    return tell


def certificate(
    graph: Graph, demand: Demand, found: Flows, wanted: float, loops: int = 0
) -> Certificate:
    """Trips given = assigned + left out, and what flows into each node flows out or ends there."""
    residual = float(np.abs(imbalance(graph, demand, found.flow)).sum())
    left_out = sum(demand.left_out.values())
    notes = [f"{trips:.12g} trips left out: {why}" for why, trips in demand.left_out.items()]
    if found.gap > wanted:
        notes.append(f"not converged: the relative gap is {found.gap:.3g}, not {wanted:.3g}")
    if loops:
        notes.append(f"{loops} links end where they start; no trip takes them")
    return Certificate(
        equation="trips = assigned + left out; at every node, in + starting = out + ending",
        left=demand.total,
        right=demand.assigned + left_out,
        residual=residual + abs(demand.total - demand.assigned - left_out),
        tolerance=ROUNDING * max(1.0, demand.total),
        unit="trips",
        balance={
            "trips": demand.total,
            "assigned": demand.assigned,
            "intrazonal": demand.left_out.get(INTRAZONAL, 0.0),
            "unassigned": left_out - demand.left_out.get(INTRAZONAL, 0.0),
            "relative_gap": found.gap,
        },
        dropped=left_out,
        notes=tuple(notes),
    )


def imbalance(graph: Graph, demand: Demand, flow: Floats) -> Floats:
    """(n,) what flows in and starts at each node less what flows out and ends there."""
    n, pairs = len(graph.node), np.diff(demand.first)
    starting = np.repeat(demand.origin, pairs)
    return np.asarray(
        np.bincount(graph.head, flow, n)
        + np.bincount(starting, demand.trips, n)
        - np.bincount(graph.tail, flow, n)
        - np.bincount(demand.goal, demand.trips, n)
    )
