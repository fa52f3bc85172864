"""Algorithm B over all origins: load the bushes, improve them, even them out, measure them."""

import numpy as np
from numba import njit

from spatial.traffic.bush import Links, excess, labels, price, price_all, renew, settle, shift
from spatial.traffic.graph import Flags, Floats, Integers
from spatial.traffic.shortest import tree


@njit(cache=True, nogil=True)
def plant(
    tail: Integers, head: Integers, first: Integers, through: Flags,
    base: Floats, factor: Floats, curve: Floats, x: Floats, cost: Floats, slope: Floats,
    origins: Integers, kind: Integers, start: Integers, goal: Integers, trips: Floats,
    link: Links, flow: Floats, count: Integers,
) -> None:  # fmt: skip
    """Let every origin's bush reach all that it can, by shortest paths where it does not yet.

    Each origin meets the flow of those before it, and what the bushes carry already. Links whose
    tail a bush no longer reaches are dropped from it.
    """
    n, m = len(through), len(tail)
    low, high, need, key = np.empty(n), np.empty(n), np.empty(n), np.empty(m + 1)
    via, queue, heap = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(m + 1, np.int64)
    short, long, rank = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    inside, now = np.empty(n, np.bool_), -1
    for r in range(len(origins)):
        for k in range(count[r]):
            x[link[r, k]] += flow[r, k]
    for r in range(len(origins)):
        if kind[r] != now:
            now = kind[r]
            price_all(base[now], factor, curve, x, cost, slope)
        for v in range(n):
            inside[v] = v == origins[r]
        used, held = 0, 1
        for k in range(count[r]):
            a = link[r, k]
            x[a] = max(0.0, x[a] - flow[r, k])
            if inside[tail[a]] and cost[a] < np.inf:
                if not inside[head[a]]:
                    inside[head[a]] = True
                    held += 1
                link[r, used], flow[r, used] = a, flow[r, k]
                used += 1
        whole = held == n and used == count[r]
        if not whole:
            size = tree(first, head, cost, through, origins[r], np.inf, low, via, queue, heap, key)
            for q in range(1, size):
                if not inside[queue[q]]:
                    link[r, used], flow[r, used] = via[queue[q]], 0.0
                    used += 1
            count[r] = used
        labels(tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank)
        settle(tail, head, link, flow, count, r, start, goal, trips, short, need)
        for k in range(count[r]):
            a = link[r, k]
            if flow[r, k] > 0.0:
                x[a] += flow[r, k]
                if not whole:
                    price(base[now], factor, curve, x[a], a, cost, slope)


@njit(cache=True, nogil=True)
def improve(
    tail: Integers, head: Integers, first: Integers, into: Integers, into_first: Integers,
    through: Flags,
    base: Floats, factor: Floats, curve: Floats, x: Floats, cost: Floats, slope: Floats,
    origins: Integers, kind: Integers, link: Links, flow: Floats, count: Integers,
    passes: int, least: float, even: Flags,
) -> None:  # fmt: skip
    """Renew bushes and even them out; then those that were uneven again, `passes` times at most.

    least: the share of a path's cost by which paths may differ before flow is shifted again.
    even: (o,) which bushes to leave as they are; overwritten.
    """
    n, m = len(through), len(tail)
    low, high, carried = np.empty(n), np.empty(n), np.empty(m)
    short, long, rank = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    degree, queue = np.empty(n, np.int64), np.empty(n, np.int64)
    for turn in range(passes + 1):
        uneven, now = False, -1
        for r in range(len(origins)):
            if even[r]:
                continue
            if kind[r] != now:
                now = kind[r]
                price_all(base[now], factor, curve, x, cost, slope)
            labels(tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank)
            if turn == 0:
                renew(
                    tail, head, first, into, into_first, through, cost, link, flow, count, r,
                    origins[r], low, high, short, rank, carried, degree, queue,
                )  # fmt: skip
                labels(
                    tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank
                )
            widest = 0.0
            for v in range(n):
                if rank[v] > 0 and long[v] >= 0 and high[v] - low[v] > widest * high[v]:
                    widest = (high[v] - low[v]) / high[v]
            even[r] = widest <= least
            if not even[r]:
                uneven = True
                shift(
                    tail, head, base[now], factor, curve, x, cost, slope, link, flow, count, r,
                    low, high, short, long, rank,
                )  # fmt: skip
        if not uneven:
            break


@njit(cache=True, nogil=True)
def measure(
    tail: Integers, head: Integers, first: Integers, through: Flags,
    base: Floats, factor: Floats, curve: Floats, x: Floats, cost: Floats, slope: Floats,
    origins: Integers, kind: Integers, start: Integers, goal: Integers, trips: Floats,
    link: Links, flow: Floats, count: Integers, above: Floats, total: Floats,
) -> None:  # fmt: skip
    """Add up exact link flows; what each origin's trips cost above shortest paths, and cost."""
    n = len(through)
    low, high, need = np.empty(n), np.empty(n), np.empty(n)
    short, long, rank = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    queue, waits = np.empty(n, np.int64), np.empty(n, np.bool_)
    carried, now = np.zeros(len(x)), -1
    for r in range(len(origins)):
        if kind[r] != now:
            now = kind[r]
            price_all(base[now], factor, curve, x, cost, slope)
        labels(tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank)
        settle(tail, head, link, flow, count, r, start, goal, trips, short, need)
        for k in range(count[r]):
            carried[link[r, k]] += flow[r, k]
    x[:] = carried
    now = -1
    for r in range(len(origins)):
        if kind[r] != now:
            now = kind[r]
            price_all(base[now], factor, curve, x, cost, slope)
        labels(tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank)
        total[r] = 0.0
        for k in range(count[r]):
            if flow[r, k] > 0.0:
                total[r] += flow[r, k] * cost[link[r, k]]
        above[r] = excess(
            tail, head, first, through, cost, link, flow, count, r, origins[r],
            low, rank, queue, waits,
        )  # fmt: skip
