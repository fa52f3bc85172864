"""How many shortest paths lead over each link and node, and how near each node is to all."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from spatial.traffic.graph import Flags, Floats, Graph, Integers
from spatial.traffic.shortest import tree

#: Paths count as equally long within this share of their cost.
EQUAL = 1e-12


@dataclass(frozen=True, slots=True)
class Centrality:
    """Of nodes (n,) and links (m,) in the graph's order, summed over some origins.

    through: the share of shortest paths between pairs that pass a node within; over: a link.
    count and far: of (o,) origins the nodes that it reaches, itself left out, and their costs.
    """

    through: Floats
    over: Floats
    count: Integers
    far: Floats


def centrality(graph: Graph, cost: Floats, origins: Integers, limit: float) -> Centrality:
    """Betweenness by Brandes (2001, 2008), over the pairs whose origin is among `origins`.

    Where several paths are equally short each counts its share. cost: (m,) not negative; pairs
    farther apart than `limit` do not count.
    """
    n, m = len(graph.node), len(graph.tail)
    through, over = np.zeros(n), np.zeros(m)
    count, far = np.zeros(len(origins), np.int64), np.zeros(len(origins))
    _brandes(
        graph.tail, graph.head, graph.first, graph.into, graph.into_first, graph.through, cost,
        origins, limit, through, over, count, far,
    )  # fmt: skip
    return Centrality(through, over, count, far)


@njit(cache=True, nogil=True)
def _brandes(
    tail: Integers, head: Integers, first: Integers, into: Integers, into_first: Integers,
    passable: Flags, cost: Floats, origins: Integers, limit: float,
    through: Floats, over: Floats, count: Integers, far: Floats,
) -> None:  # fmt: skip
    n, m = len(passable), len(tail)
    label, via, settled = np.empty(n), np.empty(n, np.int64), np.empty(n, np.int64)
    heap, key = np.empty(m + 1, np.int64), np.empty(m + 1)
    paths, part, rank = np.empty(n), np.empty(n), np.empty(n, np.int64)
    for r in range(len(origins)):
        origin = origins[r]
        size = tree(first, head, cost, passable, origin, limit, label, via, settled, heap, key)
        for q in range(size):
            rank[settled[q]] = q
        paths[origin], part[origin] = 1.0, 0.0
        for q in range(1, size):
            w = settled[q]
            paths[w], part[w] = 0.0, 0.0
            far[r] += label[w]
            for e in range(into_first[w], into_first[w + 1]):
                if _leads(into[e], tail, head, passable, cost, origin, label, rank):
                    paths[w] += paths[tail[into[e]]]
        count[r] = size - 1
        for q in range(size - 1, 0, -1):
            w = settled[q]
            for e in range(into_first[w], into_first[w + 1]):
                a = into[e]
                if _leads(a, tail, head, passable, cost, origin, label, rank):
                    share = paths[tail[a]] / paths[w] * (1.0 + part[w])
                    over[a] += share
                    part[tail[a]] += share
            through[w] += part[w]


@njit(cache=True, nogil=True)
def _leads(
    a: int, tail: Integers, head: Integers, passable: Flags, cost: Floats, origin: int,
    label: Floats, rank: Integers,
) -> bool:  # fmt: skip
    """Whether link a ends a shortest path to its head."""
    v, w = tail[a], head[a]
    if not label[v] + cost[a] <= label[w] * (1.0 + EQUAL):
        return False
    return bool((passable[v] or v == origin) and rank[v] < rank[w] and label[w] < np.inf)
