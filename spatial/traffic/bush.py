"""The kernels of Algorithm B: user equilibrium on one acyclic bush of links for each origin.

A bush holds the links that an origin's trips use, in topological order. Between the shortest and
the longest used path to a node flow is shifted by Newton's method until they cost the same, and
then the bush takes in the links that would shorten a path (Dial 2006; Nie 2010). Bushes lie in
`link` and `flow`, (origins, m), of which the first `count` of a row count.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from spatial.traffic.delay import delay
from spatial.traffic.graph import Flags, Floats, Integers

type Links = npt.NDArray[np.int32]


@njit(cache=True, nogil=True)
def price(
    base: Floats, factor: Floats, curve: Floats, x: float, a: int, cost: Floats, slope: Floats
) -> None:
    """Set cost and slope of link a at flow x: base + factor * delay."""
    if factor[a] == 0.0:
        cost[a], slope[a] = base[a], 0.0
        return
    scale = curve[a, 2]
    rise, steep = delay(int(curve[a, 0]), curve[a, 1], x / scale)
    cost[a], slope[a] = base[a] + factor[a] * rise, factor[a] * steep / scale


@njit(cache=True, nogil=True)
def price_all(
    base: Floats, factor: Floats, curve: Floats, x: Floats, cost: Floats, slope: Floats
) -> None:
    """Set cost and slope of every link."""
    for a in range(len(x)):
        price(base, factor, curve, x[a], a, cost, slope)


@njit(cache=True, nogil=True)
def labels(
    tail: Integers, head: Integers, cost: Floats, link: Links, flow: Floats, count: Integers,
    r: int, origin: int, low: Floats, high: Floats, short: Integers, long: Integers, rank: Integers,
) -> None:  # fmt: skip
    """Shortest and longest used paths within bush r: their costs, and the entries they end with.

    rank: the place of each node in the bush's order; -1 for nodes that are not in it.
    """
    for v in range(len(low)):
        rank[v] = -1
    low[origin], high[origin], rank[origin] = 0.0, 0.0, 0
    short[origin], long[origin] = -1, -1
    last, place = -1, 0
    for k in range(count[r]):
        a = link[r, k]
        i, j = tail[a], head[a]
        if j != last:
            place += 1
            low[j], high[j], short[j], long[j], rank[j] = np.inf, -np.inf, -1, -1, place
            last = j
        far = low[i] + cost[a]
        if far < low[j]:
            low[j], short[j] = far, k
        if flow[r, k] > 0.0:
            far = high[i] + cost[a]
            if far > high[j]:
                high[j], long[j] = far, k


@njit(cache=True, nogil=True)
def shift(
    tail: Integers, head: Integers, base: Floats, factor: Floats, curve: Floats,
    x: Floats, cost: Floats, slope: Floats, link: Links, flow: Floats, count: Integers, r: int,
    low: Floats, high: Floats, short: Integers, long: Integers, rank: Integers,
) -> None:  # fmt: skip
    """Even out bush r once, from its last node to its first; needs `labels`."""
    k = count[r] - 1
    while k >= 0:
        j = head[link[r, k]]
        while k >= 0 and head[link[r, k]] == j:
            k -= 1
        if long[j] < 0 or long[j] == short[j] or high[j] <= low[j]:
            continue
        s, d = short[j], long[j]
        gain, steep, room = 0.0, 0.0, np.inf
        a = link[r, s]
        gain -= cost[a]
        steep += slope[a]
        i = tail[a]
        a = link[r, d]
        gain += cost[a]
        steep += slope[a]
        room = flow[r, d]
        h = tail[a]
        while i != h:
            if rank[i] > rank[h]:
                a = link[r, short[i]]
                gain -= cost[a]
                steep += slope[a]
                i = tail[a]
            else:
                d = long[h]
                if d < 0:
                    room = 0.0
                    break
                a = link[r, d]
                gain += cost[a]
                steep += slope[a]
                room = min(room, flow[r, d])
                h = tail[a]
        if gain <= 0.0 or room <= 0.0:
            continue
        move = room
        if gain < room * steep:
            move = gain / steep
        v = j
        while v != i:
            s = short[v]
            a = link[r, s]
            flow[r, s] += move
            x[a] += move
            price(base, factor, curve, x[a], a, cost, slope)
            v = tail[a]
        v = j
        while v != i:
            d = long[v]
            a = link[r, d]
            flow[r, d] = max(0.0, flow[r, d] - move)
            x[a] = max(0.0, x[a] - move)
            price(base, factor, curve, x[a], a, cost, slope)
            v = tail[a]


@njit(cache=True, nogil=True)
def renew(
    tail: Integers, head: Integers, first: Integers, into: Integers, into_first: Integers,
    through: Flags, cost: Floats, link: Links, flow: Floats, count: Integers, r: int, origin: int,
    low: Floats, high: Floats, short: Integers, rank: Integers,
    carried: Floats, degree: Integers, queue: Integers,
) -> None:  # fmt: skip
    """Drop bush r's unused links, take in those that shorten paths, order it anew.

    Needs `labels`. Added links lead from a shorter longest path to a longer one, so that no
    circle can close.
    """
    for a in range(len(tail)):
        carried[a] = -1.0
    for v in range(len(low)):
        degree[v] = 0
    last = -1
    for k in range(count[r]):
        a = link[r, k]
        i, j = tail[a], head[a]
        if j != last:
            high[j] = -np.inf
            last = j
        if flow[r, k] > 0.0 or short[j] == k:
            carried[a] = flow[r, k]
            degree[j] += 1
            high[j] = max(high[j], high[i] + cost[a])
    for strict in (True, False):
        added = 0
        for a in range(len(tail)):
            i, j = tail[a], head[a]
            if carried[a] >= 0.0 or rank[i] < 0 or rank[j] < 0 or not high[i] < high[j]:
                continue
            if not through[i] and i != origin:
                continue
            better = low[i] + cost[a] < low[j] if strict else high[i] + cost[a] < high[j]
            if better:
                carried[a] = 0.0
                degree[j] += 1
                added += 1
        if added > 0:
            break
    queue[0] = origin
    size, done = 1, 0
    while done < size:
        v = queue[done]
        done += 1
        for a in range(first[v], first[v + 1]):
            if carried[a] >= 0.0:
                degree[head[a]] -= 1
                if degree[head[a]] == 0:
                    queue[size] = head[a]
                    size += 1
    used = 0
    for q in range(1, size):
        j = queue[q]
        for e in range(into_first[j], into_first[j + 1]):
            a = into[e]
            if carried[a] >= 0.0:
                link[r, used], flow[r, used] = a, carried[a]
                used += 1
    count[r] = used


@njit(cache=True, nogil=True)
def settle(
    tail: Integers, head: Integers, link: Links, flow: Floats, count: Integers, r: int,
    first: Integers, goal: Integers, trips: Floats, short: Integers, need: Floats,
) -> None:  # fmt: skip
    """Make bush r carry exactly its trips, each node's shared among its links as before.

    This undoes what rounding has lost, and loads a bush that has no flow yet onto the shortest
    paths; needs `labels`.
    """
    for v in range(len(need)):
        need[v] = 0.0
    for e in range(first[r], first[r + 1]):
        need[goal[e]] += trips[e]
    k = count[r] - 1
    while k >= 0:
        j, end, total = head[link[r, k]], k, 0.0
        while k >= 0 and head[link[r, k]] == j:
            total += flow[r, k]
            k -= 1
        for e in range(k + 1, end + 1):
            if total > 0.0:
                flow[r, e] = flow[r, e] / total * need[j]
            elif e == short[j]:
                flow[r, e] = need[j]
            need[tail[link[r, e]]] += flow[r, e]
    return


@njit(cache=True, nogil=True)
def excess(
    tail: Integers, head: Integers, first: Integers, through: Flags, cost: Floats,
    link: Links, flow: Floats, count: Integers, r: int, origin: int,
    low: Floats, rank: Integers, queue: Integers, waits: Flags,
) -> float:  # fmt: skip
    """What bush r's trips cost above the shortest paths; needs `labels`, and corrects `low`.

    Summed over links as flow times what the link costs above the difference of its ends, so
    that no digits cancel.
    """
    n = len(low)
    size, done = 0, 0
    for v in range(n):
        waits[v] = rank[v] >= 0
        if waits[v]:
            queue[size] = v
            size += 1
    waiting = size
    size %= n
    while waiting > 0:
        v = queue[done]
        done = (done + 1) % n
        waiting -= 1
        waits[v] = False
        if not through[v] and v != origin:
            continue
        for a in range(first[v], first[v + 1]):
            w = head[a]
            if low[v] + cost[a] < low[w] and rank[w] >= 0:
                low[w] = low[v] + cost[a]
                if not waits[w]:
                    waits[w] = True
                    queue[size] = w
                    size = (size + 1) % n
                    waiting += 1
    total = 0.0
    for k in range(count[r]):
        if flow[r, k] > 0.0:
            a = link[r, k]
            total += flow[r, k] * (low[tail[a]] + cost[a] - low[head[a]])
    return total
