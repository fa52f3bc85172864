"""Assignment by links alone: all-or-nothing, and Frank and Wolfe's method with its conjugates."""

from typing import Literal

import numpy as np
from numba import njit

from spatial.traffic.demand import Demand
from spatial.traffic.equilibrium import Flows, Tell
from spatial.traffic.graph import Flags, Floats, Graph, Integers
from spatial.traffic.link_cost import LinkCost
from spatial.traffic.shortest import tree

type Direction = Literal["frank-wolfe", "conjugate", "bi-conjugate"]

_MOST_CONJUGATE = 0.99
_HALVINGS = 60


@njit(cache=True, nogil=True)
def _load(
    tail: Integers, head: Integers, first: Integers, through: Flags, cost: Floats,
    origins: Integers, start: Integers, goal: Integers, trips: Floats, flow: Floats,
) -> None:  # fmt: skip
    n, m = len(through), len(tail)
    low, need, key = np.empty(n), np.empty(n), np.empty(m + 1)
    via, queue, heap = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(m + 1, np.int64)
    for r in range(len(origins)):
        size = tree(first, head, cost, through, origins[r], np.inf, low, via, queue, heap, key)
        for v in range(n):
            need[v] = 0.0
        for e in range(start[r], start[r + 1]):
            need[goal[e]] += trips[e]
        for q in range(size - 1, 0, -1):
            v = queue[q]
            if need[v] > 0.0:
                flow[via[v]] += need[v]
                need[tail[via[v]]] += need[v]


def all_or_nothing(graph: Graph, cost: Floats, demand: Demand) -> Floats:
    """(m,) flows with every trip on its shortest path at the given costs."""
    flow = np.zeros(len(cost))
    _load(
        graph.tail, graph.head, graph.first, graph.through, cost,
        demand.origin, demand.first, demand.goal, demand.trips, flow,
    )  # fmt: skip
    return flow


def on_free_roads(graph: Graph, cost: LinkCost, demand: Demand) -> Flows:
    """Every trip on the path that is shortest while the roads are empty."""
    flow = all_or_nothing(graph, cost.base, demand)
    now = cost.at(flow)
    return Flows(flow, now, (_gap(flow, all_or_nothing(graph, now, demand), now),))


def by_links(
    graph: Graph,
    cost: LinkCost,
    demand: Demand,
    direction: Direction,
    *,
    gap: float = 1e-4,
    most: int = 1000,
    tell: Tell = lambda iteration, gap: None,
) -> Flows:
    """User equilibrium by Frank and Wolfe (1956), or along conjugate directions.

    The conjugates are of Mitradjieva and Lindberg (2013). Light in memory, and slow below 1e-5.
    """
    flow = all_or_nothing(graph, cost.base, demand)
    last, before, step, gaps = flow, flow, 0.0, list[float]()
    while True:
        now = cost.at(flow)
        target = all_or_nothing(graph, now, demand)
        gaps.append(_gap(flow, target, now))
        tell(len(gaps) - 1, gaps[-1])
        if gaps[-1] <= gap or len(gaps) > most:
            return Flows(flow, now, tuple(gaps))
        steep, turn = cost.slope(flow), len(gaps) - 1
        aim = target
        if direction == "bi-conjugate" and turn > 1:
            aim = _bi_conjugate(flow, target, last, before, step, steep)
        elif direction != "frank-wolfe" and turn > 0:
            aim = _conjugate(flow, target, last, steep)
        if (now @ (aim - flow)) >= 0:
            aim = target
        step = _search(cost, flow, aim)
        flow, last, before = flow + step * (aim - flow), aim, last


def _gap(flow: Floats, target: Floats, cost: Floats) -> float:
    total = float(flow @ cost)
    return max(0.0, float(cost @ (flow - target)) / total) if total else 0.0


def _conjugate(x: Floats, y: Floats, last: Floats, steep: Floats) -> Floats:
    over = float(np.sum((last - x) * steep * (y - x)))
    under = float(np.sum((last - x) * steep * (y - last)))
    share = over / under if under else 0.0
    share = min(max(share, 0.0), _MOST_CONJUGATE)
    return np.asarray(share * last + (1 - share) * y)


def _bi_conjugate(
    x: Floats, y: Floats, last: Floats, before: Floats, step: float, steep: Floats
) -> Floats:
    if step >= 1.0:
        return y
    mixed = step * last + (1 - step) * before - x
    under = float(np.sum(mixed * steep * (before - last)))
    mu = max(0.0, -float(np.sum(mixed * steep * (y - x))) / under) if under else 0.0
    under = float(np.sum((last - x) * steep * (last - x)))
    if not under:
        return y
    nu = -float(np.sum((last - x) * steep * (y - x))) / under + mu * step / (1 - step)
    nu = max(0.0, nu)
    return np.asarray((y + nu * last + mu * before) / (1 + mu + nu))


def _search(cost: LinkCost, x: Floats, aim: Floats) -> float:
    """The step at which going on no longer gains, by halving."""
    way, low, high = aim - x, 0.0, 1.0
    if float(cost.at(aim) @ way) <= 0:
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if float(cost.at(np.maximum(x + middle * way, 0.0)) @ way) > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2
