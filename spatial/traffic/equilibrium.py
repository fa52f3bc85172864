"""User equilibrium: no trip finds a cheaper path (Wardrop 1952), found by Algorithm B."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import numpy as np

from spatial.traffic import sweep
from spatial.traffic.bush import Links
from spatial.traffic.demand import Demand
from spatial.traffic.graph import Floats, Graph, Integers
from spatial.traffic.link_cost import LinkCost

type Tell = Callable[[int, float], None]

PASSES = 10
#: Paths are evened out to this share of the gap that is left.
FINER = 0.01
FINEST = 1e-15
#: From a start, bushes are left alone whose own gap is at most this share of the whole.
SPARED = 0.03


@dataclass(frozen=True)
class Bushes:
    """The links that each origin's trips use, and their flows; of use to start again from."""

    link: Links
    flow: Floats
    count: Integers

    @classmethod
    def empty(cls, origins: int, links: int) -> Self:
        """Room for any bushes of so many origins."""
        size = (origins, links)
        return cls(np.empty(size, np.int32), np.empty(size), np.zeros(origins, np.int64))

    def by_class(self, kind: Integers, classes: int, links: int) -> Floats:
        """(k, m) the flow of each class on each link; kind: (o,) the class of each origin."""
        room = np.arange(self.link.shape[1]) < self.count[:, None]
        return np.stack([
            np.bincount(self.link[mine], self.flow[mine], links)
            for mine in (room & (kind == one)[:, None] for one in range(classes))
        ])  # fmt: skip

    def copy(self) -> Self:
        """Bushes of their own, with the same links and flows."""
        return type(self)(self.link.copy(), self.flow.copy(), self.count.copy())


@dataclass(frozen=True)
class Flows:
    """Flow and cost of each link, (m,) in the graph's order, and how near to equilibrium.

    Of several classes of users the cost is (k, m).

    gap: what all trips cost above their shortest paths, as a share of what they cost; of an
    all-or-nothing assignment that is at the flows' own costs. gaps: it after every iteration.
    """

    flow: Floats
    cost: Floats
    gaps: tuple[float, ...]
    bushes: Bushes | None = field(default=None, repr=False, compare=False)

    @property
    def gap(self) -> float:
        return self.gaps[-1] if self.gaps else 0.0


@cache
def ready() -> None:
    """Have the kernels compiled or fetched, so that their first use need not be timed."""
    graph = Graph.of(np.array([1, 1]), np.array([2, 2]))
    none = np.zeros(2)
    cost = LinkCost.bpr(none + 1, none + 1, none + 1, none + 4, none)
    equilibrium(graph, cost, Demand.of(graph, np.array([1]), np.array([2]), np.ones(1)))


def equilibrium(
    graph: Graph,
    cost: LinkCost,
    demand: Demand,
    *,
    gap: float = 1e-6,
    most: int = 1000,
    start: Bushes | None = None,
    tell: Tell = lambda iteration, gap: None,
) -> Flows:
    """Flows at which every used path of a pair costs the same and no path costs less.

    cost: of the links in the graph's order, its base (m,) or of each class of users (k, m). Stops
    at relative gap `gap` or after `most` iterations; `tell` hears of each. start: bushes on these
    links for these origins, whatever they carry and however far they reach. Algorithm B (Dial
    2006) with the bush updates of Nie (2010).
    """
    m, origins = len(graph.tail), len(demand.origin)
    flow, now, slope = np.zeros(m), np.empty(m), np.empty(m)
    priced = (np.atleast_2d(cost.base), cost.factor, cost.curve, flow, now, slope)
    roads = (graph.tail, graph.head, graph.first)
    grown = start.copy() if start else Bushes.empty(origins, m)
    bushes = (grown.link, grown.flow, grown.count)
    everything: tuple[Any, ...] = (
        *roads, graph.through, *priced,
        demand.origin, demand.kind, demand.first, demand.goal, demand.trips, *bushes,
    )  # fmt: skip
    sweep.plant(*everything)
    gaps: list[float] = []
    spared = SPARED if start else 0.0
    above, total = np.zeros(origins), np.zeros(origins)
    measured = (*everything, above, total)
    while True:
        sweep.measure(*measured)
        gaps.append(max(0.0, float(above.sum())) / float(total.sum()) if total.any() else 0.0)
        tell(len(gaps) - 1, gaps[-1])
        if gaps[-1] <= gap or len(gaps) > most:
            return Flows(flow, cost.at(flow), tuple(gaps), grown)
        sweep.improve(
            *roads, graph.into, graph.into_first, graph.through, *priced,
            demand.origin, demand.kind, *bushes, PASSES, max(FINEST, FINER * gaps[-1]),
            above <= spared * gaps[-1] * total,
        )  # fmt: skip
