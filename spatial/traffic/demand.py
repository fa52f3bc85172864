"""Trips between zones, made ready for a network: what can travel, and what cannot and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from spatial.errors import Invalid
from spatial.traffic.graph import Flags, Floats, Graph, Integers
from spatial.traffic.shortest import Finder

INTRAZONAL = "within one zone"
NO_ORIGIN = "the origin is no node of the network"
NO_DESTINATION = "the destination is no node of the network"
UNREACHABLE = "no path leads to the destination"


@dataclass(frozen=True)
class Demand:
    """Trips of k pairs that can travel, grouped by origin.

    origin: (o,) indices of nodes, and kind: (o,) which class of users starts there; those of
    origin r are goal[first[r]:first[r + 1]], indices of nodes, and trips. total is all that was
    given; left_out tells the trips that stay off the network by the reason.
    """

    origin: Integers
    kind: Integers
    first: Integers
    goal: Integers
    trips: Floats
    total: float
    left_out: dict[str, float]

    @classmethod
    def of(
        cls,
        graph: Graph,
        origin: Integers,
        destination: Integers,
        trips: Floats,
        *,
        kind: int = 0,
        closed: Flags | None = None,
    ) -> Self:
        """From (k,) ids of nodes and trips of one class; several rows of one pair add up.

        closed: (m,) links that the class must not take. Raises Invalid for trips that are
        negative or not numbers.
        """
        bad = ~(np.isfinite(trips) & (trips >= 0))
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise Invalid(
                f"the trips from {origin[first]} to {destination[first]} are negative or no number"
            )
        start, goal = graph.index(origin), graph.index(destination)
        why = np.full(len(trips), "", dtype=object)
        why[goal < 0] = NO_DESTINATION
        why[start < 0] = NO_ORIGIN
        why[origin == destination] = INTRAZONAL
        why[trips == 0] = "none"
        cost = np.where(np.zeros(len(graph.tail), bool) if closed is None else closed, np.inf, 1.0)
        why[(why == "") & ~_reached(graph, cost, start, goal, why == "")] = UNREACHABLE
        left = {
            str(reason): float(trips[why == reason].sum())
            for reason in (INTRAZONAL, NO_ORIGIN, NO_DESTINATION, UNREACHABLE)
            if (why == reason).any()
        }
        travels = why == ""
        n = max(1, len(graph.node))
        pair, place = np.unique(start[travels] * n + goal[travels], return_inverse=True)
        origins, first_of = np.unique(pair // n, return_index=True)
        return cls(
            origin=origins,
            kind=np.full(len(origins), kind),
            first=np.append(first_of, len(pair)),
            goal=pair % n,
            trips=np.bincount(place, trips[travels], len(pair)).astype(float),
            total=float(trips.sum()),
            left_out=left,
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The demand of several classes as one."""
        left: dict[str, float] = {}
        for one in parts:
            for reason, lost in one.left_out.items():
                left[reason] = left.get(reason, 0.0) + lost
        start = np.cumsum([0, *(len(one.goal) for one in parts)])
        first = [one.first[:-1] + shift for one, shift in zip(parts, start, strict=False)]
        return cls(
            origin=np.concatenate([one.origin for one in parts]),
            kind=np.concatenate([one.kind for one in parts]),
            first=np.concatenate([*first, start[-1:]]),
            goal=np.concatenate([one.goal for one in parts]),
            trips=np.concatenate([one.trips for one in parts]),
            total=sum(one.total for one in parts),
            left_out=left,
        )

    @property
    def assigned(self) -> float:
        """The trips that travel."""
        return float(self.trips.sum())


def _reached(graph: Graph, cost: Floats, start: Integers, goal: Integers, asked: Flags) -> Flags:
    """(k,) of the pairs asked for, whether any path leads there."""
    reached = np.zeros(len(start), bool)
    finder = Finder(graph, cost)
    order = np.flatnonzero(asked)
    order = order[np.argsort(start[order], kind="stable")]
    for pairs in np.split(order, np.flatnonzero(np.diff(start[order])) + 1):
        if len(pairs):
            finder.reach(int(start[pairs[0]]))
            reached[pairs] = np.isfinite(finder.label[goal[pairs]])
    return reached
