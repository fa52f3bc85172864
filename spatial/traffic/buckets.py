"""The kernel of shortest paths without a heap: nodes wait in buckets as wide as the shortest link.

Within such a bucket no node can bring another nearer, so that its nodes are final in any order
(Dinic 1978; Denardo and Fox 1979), and a link costs only a few steps.
"""

import numpy as np
from numba import njit

from spatial.traffic.graph import Flags, Floats, Integers

#: Buckets for each node at most, in all and at once: with more the empty ones cost too much.
PASSED, WAITING = 32.0, 4.0
#: A bucket is narrower than the shortest link by this, whatever rounding does.
NARROWER = 0.999


def width(cost: Floats, nodes: int) -> float:
    """The width of the buckets for these costs; 0 where they do not suit, and a heap does."""
    open_ = cost[np.isfinite(cost)]
    if not len(open_) or not open_.min() > 0:
        return 0.0
    wide = NARROWER * float(open_.min())
    far = np.sqrt(nodes) * float(open_.mean()) / wide  # across a network that is as long as wide
    fits = float(open_.max()) / wide <= WAITING * nodes and far <= PASSED * nodes
    return wide if fits else 0.0


@njit(cache=True, nogil=True)
def spread(
    first: Integers, head: Integers, cost: Floats, through: Flags, origin: int, limit: float,
    wide: float, bucket: Integers, entry: Integers, after: Integers,
    label: Floats, via: Integers, settled: Integers, done: Flags,
) -> int:  # fmt: skip
    """As `spatial.traffic.shortest.tree`, whose results these are; the number of nodes reached.

    bucket: (b,) the first entry that waits in each, in turn, more than the longest link is wide.
    entry, after: (m + 1,) the node of each entry, and the next entry in its bucket.
    """
    turn = len(bucket)
    for v in range(len(label)):
        label[v], via[v], done[v] = np.inf, -1, False
    for k in range(turn):
        bucket[k] = -1
    label[origin], entry[0], after[0], bucket[0] = 0.0, origin, -1, 0
    used, waits, count, place = 1, 1, 0, 0
    while waits > 0 and place * wide <= limit:
        here = place % turn
        while bucket[here] >= 0:
            e = bucket[here]
            bucket[here] = after[e]
            waits -= 1
            v = entry[e]
            if done[v] or label[v] > limit:
                continue
            done[v] = True
            settled[count] = v
            count += 1
            if not through[v] and v != origin:
                continue
            near = label[v]
            for k in range(first[v], first[v + 1]):
                far = near + cost[k]
                w = head[k]
                if far < label[w]:
                    label[w], via[w] = far, k
                    there = int(far / wide) % turn
                    entry[used], after[used] = w, bucket[there]
                    bucket[there] = used
                    used += 1
                    waits += 1
        place += 1
    if limit < np.inf:
        for v in range(len(label)):
            if not done[v]:
                label[v], via[v] = np.inf, -1
    return count
