"""Zones joined to a network: from the middle of each to the nearest junctions, and back."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from spatial.errors import Invalid
from spatial.traffic.graph import Floats, Graph, Integers

#: Each zone is joined to so many junctions, none farther than so many metres, at so many km/h.
JUNCTIONS, FARTHEST_M, SPEED_KMH = 4, 5000.0, 20.0
#: Nodes of one junction that was taken apart are no further from each other, in metres.
APART_M = 1.0


@dataclass(frozen=True)
class Connectors:
    """(c,) links between zones and nodes, both ways; a zone is the node -fid.

    minutes, length: (c,) in metres. alone: how many zones found no junction near enough.
    """

    start: Integers
    end: Integers
    minutes: Floats
    length: Floats
    alone: int

    @classmethod
    def of(cls, graph: Graph, place: Floats, zone: Integers, point: Floats) -> Self:
        """place: (n, 2) where the nodes are, point: (z, 2) where the zones are, in metres.

        Only junctions of the largest part are taken in which every node reaches every other, so
        that nobody starts in a trap, and none where paths must end, or a turn is forbidden.
        Raises Invalid for nodes with negative numbers.
        """
        if len(graph.node) and graph.node[0] < 0:
            raise Invalid("with zones, the numbers of nodes must not be negative")
        fit = _largest(graph) & graph.through
        if not graph.through.all():
            stops = cKDTree(place[~graph.through])
            fit &= ~np.isfinite(stops.query(place, distance_upper_bound=APART_M)[0])
        able = np.flatnonzero(fit)
        spot, first = np.unique(place[able], axis=0, return_index=True)
        near, which = cKDTree(spot).query(
            point, k=np.arange(1, JUNCTIONS + 1), distance_upper_bound=FARTHEST_M
        )
        row, column = np.nonzero(np.isfinite(near))
        node = graph.node[able[first[which[row, column]]]]
        away, metres = -zone[row], near[row, column]
        minutes = metres / (SPEED_KMH * 1000 / 60)
        return cls(
            np.concatenate([away, node]),
            np.concatenate([node, away]),
            np.tile(minutes, 2),
            np.tile(metres, 2),
            int((~np.isfinite(near).any(axis=1)).sum()),
        )


def _largest(graph: Graph) -> np.ndarray:
    """(n,) whether a node is in the largest strongly connected part."""
    ones = np.ones(len(graph.tail), bool)
    links = coo_matrix((ones, (graph.tail, graph.head)), shape=(len(graph.node),) * 2)
    part = connected_components(links, connection="strong")[1]
    return np.asarray(part == np.bincount(part).argmax())
