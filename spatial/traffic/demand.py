"""Trips between zones, made ready for a network: what can travel, and what cannot and why."""

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

    origin: (o,) indices of nodes; those of origin r are goal[first[r]:first[r + 1]], indices of
    nodes, and trips. total is all that was given; left_out tells the trips that stay off the
    network by the reason.
    """

    origin: Integers
    first: Integers
    goal: Integers
    trips: Floats
    total: float
    left_out: dict[str, float]

    @classmethod
    def of(cls, graph: Graph, origin: Integers, destination: Integers, trips: Floats) -> Self:
        """From (k,) ids of nodes and trips; several rows of one pair add up.

        Raises Invalid for trips that are negative or not numbers.
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
        why[(why == "") & ~_reached(graph, start, goal, why == "")] = UNREACHABLE
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
            first=np.append(first_of, len(pair)),
            goal=pair % n,
            trips=np.bincount(place, trips[travels], len(pair)).astype(float),
            total=float(trips.sum()),
            left_out=left,
        )

    @property
    def assigned(self) -> float:
        """The trips that travel."""
        return float(self.trips.sum())


def _reached(graph: Graph, start: Integers, goal: Integers, asked: Flags) -> Flags:
    """(k,) of the pairs asked for, whether any path leads there."""
    reached = np.zeros(len(start), bool)
    finder = Finder(graph, np.ones(len(graph.tail)))
    order = np.flatnonzero(asked)
    order = order[np.argsort(start[order], kind="stable")]
    for pairs in np.split(order, np.flatnonzero(np.diff(start[order])) + 1):
        if len(pairs):
            finder.reach(int(start[pairs[0]]))
            reached[pairs] = np.isfinite(finder.label[goal[pairs]])
    return reached
