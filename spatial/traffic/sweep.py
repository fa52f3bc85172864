"""Algorithm B over all origins: load the bushes, improve them, even them out, measure them."""

import numpy as np
from numba import njit

from spatial.traffic.bush import Links, excess, labels, price, price_all, renew, settle, shift
from spatial.traffic.graph import Flags, Floats, Integers
from spatial.traffic.shortest import tree


@njit(cache=True, nogil=True)
def plant(
    tail: Integers, head: Integers, first: Integers, through: Flags,
    base: Floats, factor: Floats, power: Floats, x: Floats, cost: Floats, slope: Floats,
    origins: Integers, start: Integers, goal: Integers, trips: Floats,
    link: Links, flow: Floats, count: Integers,
) -> None:  # fmt: skip
    """Give every origin the tree of its shortest paths as its bush, loaded with its trips.

    Each origin already meets the flow of those before it.
    """
    n, m = len(through), len(tail)
    low, high, need, key = np.empty(n), np.empty(n), np.empty(n), np.empty(m + 1)
    via, queue, heap = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(m + 1, np.int64)
    short, long, rank = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for r in range(len(origins)):
        size = tree(first, head, cost, through, origins[r], np.inf, low, via, queue, heap, key)
        for q in range(1, size):
            link[r, q - 1], flow[r, q - 1] = via[queue[q]], 0.0
        count[r] = size - 1
        labels(tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank)
        settle(tail, head, link, flow, count, r, start, goal, trips, short, need)
        for k in range(count[r]):
            a = link[r, k]
            if flow[r, k] > 0.0:
                x[a] += flow[r, k]
                price(base, factor, power, x[a], a, cost, slope)


@njit(cache=True, nogil=True)
def improve(
    tail: Integers, head: Integers, first: Integers, into: Integers, into_first: Integers,
    through: Flags,
    base: Floats, factor: Floats, power: Floats, x: Floats, cost: Floats, slope: Floats,
    origins: Integers, link: Links, flow: Floats, count: Integers, passes: int, least: float,
) -> None:  # fmt: skip
    """Renew every bush and even it out; then even out all of them again, `passes` times at most.

    least: the share of a path's cost by which paths may differ before flow is shifted again.
    """
    n, m = len(through), len(tail)
    low, high, carried = np.empty(n), np.empty(n), np.empty(m)
    short, long, rank = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    degree, queue = np.empty(n, np.int64), np.empty(n, np.int64)
    for turn in range(passes + 1):
        uneven = False
        for r in range(len(origins)):
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
            if widest > least:
                uneven = True
                shift(
                    tail, head, base, factor, power, x, cost, slope, link, flow, count, r,
                    low, high, short, long, rank,
                )  # fmt: skip
        if not uneven and turn > 0:
            break


@njit(cache=True, nogil=True)
def measure(
    tail: Integers, head: Integers, first: Integers, through: Flags,
    base: Floats, factor: Floats, power: Floats, x: Floats, cost: Floats, slope: Floats,
    origins: Integers, start: Integers, goal: Integers, trips: Floats,
    link: Links, flow: Floats, count: Integers,
) -> float:  # fmt: skip
    """Add up exact link flows from the bushes; return what all trips cost above shortest paths."""
    n = len(through)
    low, high, need = np.empty(n), np.empty(n), np.empty(n)
    short, long, rank = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    queue, waits = np.empty(n, np.int64), np.empty(n, np.bool_)
    for a in range(len(x)):
        x[a] = 0.0
    for r in range(len(origins)):
        labels(tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank)
        settle(tail, head, link, flow, count, r, start, goal, trips, short, need)
        for k in range(count[r]):
            x[link[r, k]] += flow[r, k]
    price_all(base, factor, power, x, cost, slope)
    total = 0.0
    for r in range(len(origins)):
        labels(tail, head, cost, link, flow, count, r, origins[r], low, high, short, long, rank)
        total += excess(
            tail, head, first, through, cost, link, flow, count, r, origins[r],
            low, rank, queue, waits,
        )  # fmt: skip
    return total
