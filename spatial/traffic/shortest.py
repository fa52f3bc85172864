"""The kernel of shortest paths: from one node to all, by a heap of four branches (Dijkstra 1959).

Four branches make a heap half as deep as two, and its siblings lie in one line of the cache.
"""

import numpy as np
from numba import njit

from spatial.traffic.buckets import spread, width
from spatial.traffic.graph import Flags, Floats, Graph, Integers


@njit(cache=True, nogil=True)
def tree(
    first: Integers,
    head: Integers,
    cost: Floats,
    through: Flags,
    origin: int,
    limit: float,
    label: Floats,
    via: Integers,
    settled: Integers,
    heap: Integers,
    key: Floats,
) -> int:
    """Shortest paths from `origin` to every node within `limit`; the number of nodes reached.

    cost: (m,) not negative; infinite where a link is closed. Fills label (n,), infinite where
    not reached; via (n,), the link by which a node is reached or -1; settled, nodes as they came.
    heap, key: (m + 1,) to work in; a node waits there once for each time that it came nearer.
    """
    for v in range(len(label)):
        label[v], via[v] = np.inf, -1
    label[origin], heap[0], key[0] = 0.0, origin, 0.0
    size, count = 1, 0
    while size > 0:
        v, near = heap[0], key[0]
        if near > limit:
            break
        size -= 1
        if size > 0:
            last, far, p = heap[size], key[size], 0
            while True:
                child = 4 * p + 1
                if child >= size:
                    break
                best, least = child, key[child]
                if child + 3 < size:  # all four, without a loop
                    if key[child + 1] < least:
                        best, least = child + 1, key[child + 1]
                    if key[child + 2] < least:
                        best, least = child + 2, key[child + 2]
                    if key[child + 3] < least:
                        best, least = child + 3, key[child + 3]
                else:
                    for q in range(child + 1, size):
                        if key[q] < least:
                            best, least = q, key[q]
                if least >= far:
                    break
                heap[p], key[p] = heap[best], least
                p = best
            heap[p], key[p] = last, far
        if near > label[v]:
            continue
        settled[count] = v
        count += 1
        if not through[v] and v != origin:
            continue
        for k in range(first[v], first[v + 1]):
            w = head[k]
            far = near + cost[k]
            if far < label[w]:
                label[w], via[w] = far, k
                p = size
                size += 1
                while p > 0:
                    q = (p - 1) >> 2
                    if key[q] <= far:
                        break
                    heap[p], key[p] = heap[q], key[q]
                    p = q
                heap[p], key[p] = w, far
    for k in range(size):
        if label[heap[k]] > limit:
            label[heap[k]], via[heap[k]] = np.inf, -1
    return count


class Finder:
    """Shortest paths in one graph at one cost, with the room that the kernel works in."""

    def __init__(self, graph: Graph, cost: Floats) -> None:
        n, m = len(graph.node), len(graph.tail)
        self.graph, self.cost = graph, cost
        self.label, self.via = np.empty(n), np.empty(n, np.int64)
        self.settled = np.empty(n, np.int64)
        self._heap, self._key = np.empty(m + 1, np.int64), np.empty(m + 1)
        self._wide = width(cost, n)
        if self._wide:
            longest = float(cost[np.isfinite(cost)].max())
            self._bucket = np.empty(int(longest / self._wide) + 2, np.int64)
            self._after, self._done = np.empty(m + 1, np.int64), np.empty(n, np.bool_)

    def reach(self, origin: int, limit: float = np.inf) -> Integers:
        """The nodes within `limit` of the node at index `origin`, each after the one before it.

        Fills `label` and `via`, which the next call overwrites.
        """
        graph = self.graph
        if self._wide:
            count = spread(
                graph.first, graph.head, self.cost, graph.through, origin, limit,
                self._wide, self._bucket, self._heap, self._after,
                self.label, self.via, self.settled, self._done,
            )  # fmt: skip
            return self.settled[:count].copy()
        count = tree(
            graph.first, graph.head, self.cost, graph.through, origin, limit,
            self.label, self.via, self.settled, self._heap, self._key,
        )  # fmt: skip
        return self.settled[:count].copy()

    def path(self, goal: int) -> Integers:
        """The links from the last origin to a node, in order; none where it was not reached."""
        links = []
        while (link := self.via[goal]) >= 0:
            links.append(link)
            goal = self.graph.tail[link]
        return np.array(links[::-1], np.int64)
