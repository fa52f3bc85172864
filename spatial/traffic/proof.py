"""What proves an assignment: no trip is lost, and nothing vanishes at a node."""

import numpy as np

from spatial.certificate import Certificate
from spatial.traffic.demand import INTRAZONAL, Demand
from spatial.traffic.equilibrium import Flows
from spatial.traffic.graph import Floats, Graph

#: Rounding of sums: the imbalance that may remain, as a share of all trips.
ROUNDING = 1e-9


def certificate(
    graph: Graph, demand: Demand, found: Flows, wanted: float, loops: int = 0, alone: int = 0
) -> Certificate:
    """Trips given = assigned + left out, and what flows into each node flows out or ends there.

    loops: links that end where they start; alone: zones without a junction near.
    """
    residual = float(np.abs(imbalance(graph, demand, found.flow)).sum())
    left_out = sum(demand.left_out.values())
    notes = [f"{trips:.12g} trips left out: {why}" for why, trips in demand.left_out.items()]
    if found.gap > wanted:
        notes.append(f"not converged: the relative gap is {found.gap:.3g}, not {wanted:.3g}")
    if loops:
        notes.append(f"{loops} links end where they start; no trip takes them")
    if alone:
        notes.append(f"{alone} zones have no junction near enough; their trips are left out")
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
