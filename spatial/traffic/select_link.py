"""Select-link analysis: whose trips pass some links, and where else they drive."""

import numpy as np
from numba import njit

from spatial.traffic.bush import Links
from spatial.traffic.demand import Demand
from spatial.traffic.equilibrium import Bushes
from spatial.traffic.graph import Flags, Floats, Graph, Integers


def selected(graph: Graph, demand: Demand, bushes: Bushes, chosen: Flags) -> tuple[Floats, Floats]:
    """(m,) the flow of all trips that pass a chosen link, and (p,) those trips of each pair.

    chosen: (m,) in the graph's order. Within each origin's bush trips part at every node as its
    flows do (proportionality), so that a trip's way after a node does not depend on its way there.
    """
    flow, trips = np.zeros(len(graph.tail)), np.zeros(len(demand.goal))
    _select(
        graph.tail, graph.head, demand.origin, demand.first, demand.goal, demand.trips,
        bushes.link, bushes.flow, bushes.count, chosen, len(graph.node), flow, trips,
    )  # fmt: skip
    return flow, trips


@njit(cache=True, nogil=True)
def _select(
    tail: Integers, head: Integers, origins: Integers, start: Integers, goal: Integers,
    trips: Floats, link: Links, flow: Floats, count: Integers, chosen: Flags, n: int,
    found: Floats, pairs: Floats,
) -> None:  # fmt: skip
    come, before, after, through = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for r in range(len(origins)):
        come[:], before[:], after[:], through[:] = 0.0, 0.0, 0.0, 0.0
        last = -1
        for k in range(count[r]):
            a = link[r, k]
            i, j = tail[a], head[a]
            if j != last and last >= 0 and come[last] > 0.0:
                before[last] /= come[last]
            last = j
            come[j] += flow[r, k]
            before[j] += flow[r, k] * (1.0 if chosen[a] else before[i])
        if last >= 0 and come[last] > 0.0:
            before[last] /= come[last]
        for e in range(start[r], start[r + 1]):
            pairs[e] = trips[e] * before[goal[e]]
            through[goal[e]] += trips[e]
        for k in range(count[r]):
            through[tail[link[r, k]]] += flow[r, k]
        k = count[r] - 1
        while k >= 0:
            a = link[r, k]
            i, j = tail[a], head[a]
            if flow[r, k] > 0.0:
                share = 1.0 if chosen[a] else after[j]
                after[i] += flow[r, k] / through[i] * share
                if chosen[a]:
                    found[a] += flow[r, k]
                else:
                    found[a] += flow[r, k] * (before[i] + (1.0 - before[i]) * after[j])
            k -= 1
