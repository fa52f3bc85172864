"""Directions of flow, D8: each cell's water goes to one of eight neighbours.

The steepest way down, by drop over distance between centres (O'Callaghan, Mark 1984). Flat
ground drains away from higher ground and towards lower (Garbrecht and Martz 1997; Barnes, Lehman,
Mulla 2014): with t the steps to the nearest cell that has a way down, and a the steps from the
nearest higher ground, each flat cell drains to the neighbour at its own level with the least
2t - a. That falls with every step: t falls by one on some way, and a changes by one at most.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from numba import njit

from spatial.hydrology.neighbours import (
    CODES,
    ENDS,
    NO_DATA,
    Codes,
    Floats,
    Heights,
    inner,
    padded,
    steps,
)

type Steps = npt.NDArray[np.int32]

#: No way down, for now: flat ground or a pit.
FLAT = 254


@njit(cache=True, nogil=True)
def descend(level: Heights, width: int, dx: Floats, dy: Floats, code: Codes) -> int:
    """The steepest way down for every cell within the ring; returns how many are FLAT.

    dx, dy: (rows,) size of the cells of each row, in one unit. Cells without a way down end
    there if a neighbour is NaN, and are FLAT otherwise. code: 255 so far.
    """
    around, flats = steps(width), 0
    rows = len(level) // width
    per = np.empty(8)
    for r in range(1, rows - 1):
        per[0] = per[2] = 1 / dx[r]
        per[1] = per[3] = 1 / dy[r]
        per[4:] = 1 / np.sqrt(dx[r] * dx[r] + dy[r] * dy[r])
        for c in range(r * width + 1, (r + 1) * width - 1):
            here = level[c]
            if np.isnan(here):
                continue
            steepest, way = 0.0, FLAT
            for k in range(8):
                slope = (np.float64(here) - np.float64(level[c + around[k]])) * per[k]
                if slope > steepest:
                    steepest, way = slope, CODES[k]
            if way == FLAT:
                for k in range(8):
                    if np.isnan(level[c + around[k]]):
                        way = ENDS
                flats += way == FLAT
            code[c] = way
    return flats


@njit(cache=True, nogil=True)
def sources(
    level: Heights, code: Codes, width: int, lower: Steps, higher: Steps
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The flat cells at distance 1: beside a way down at their level, and beside higher ground.

    lower, higher: the steps t and a, zero so far; set to 1 there. The ring's codes must be true.
    """
    around = steps(width)
    near_low, near_high = [0 for _ in range(0)], [0 for _ in range(0)]
    for r in range(1, len(level) // width - 1):
        for c in range(r * width + 1, (r + 1) * width - 1):
            if code[c] != FLAT:
                continue
            for k in range(8):
                to = c + around[k]
                if level[to] > level[c]:
                    higher[c] = 1
                elif level[to] == level[c] and code[to] != FLAT:
                    lower[c] = 1
            if lower[c] == 1:
                near_low.append(c)
            if higher[c] == 1:
                near_high.append(c)
    return np.array(near_low, np.int64), np.array(near_high, np.int64)


@njit(cache=True, nogil=True)
def spread(
    level: Heights, code: Codes, width: int, seeds: npt.NDArray[np.int64], distance: Steps
) -> None:
    """Steps over flat ground at one level from the seeds, kept where they are fewer than known.

    seeds: cells whose distance is set, ascending by it. distance: 0 where unknown.
    """
    around = steps(width)
    queue, first, taken = [0 for _ in range(0)], 0, 0
    while taken < len(seeds) or first < len(queue):
        if first == len(queue) or (
            taken < len(seeds) and distance[seeds[taken]] <= distance[queue[first]]
        ):
            c = seeds[taken]
            taken += 1
        else:
            c = queue[first]
            first += 1
        far = distance[c] + 1
        for k in range(8):
            to = c + around[k]
            if to < 0 or to >= len(level) or code[to] != FLAT or level[to] != level[c]:
                continue
            if distance[to] == 0 or distance[to] > far:
                distance[to] = far
                queue.append(to)


@njit(cache=True, nogil=True)
def cross_flats(
    level: Heights, code: Codes, width: int, lower: Steps, higher: Steps, way: Codes
) -> int:
    """Directions of flat cells from their steps t and a; returns how many remain: pits, which end.

    way: 255 so far; gets all codes. It is not `code`, because flat cells look at each other's.
    """
    around, pits = steps(width), 0
    rows = len(level) // width
    for r in range(1, rows - 1):
        for c in range(r * width + 1, (r + 1) * width - 1):
            way[c] = code[c]
            if code[c] != FLAT:
                continue
            way[c] = ENDS
            if lower[c] == 0:
                pits += 1
                continue
            least = 2 * lower[c] - higher[c]
            for k in range(8):
                to = c + around[k]
                if level[to] != level[c]:
                    continue
                if code[to] != FLAT:
                    way[c] = CODES[k]
                    break
                if 2 * lower[to] - higher[to] < least:
                    least, way[c] = 2 * lower[to] - higher[to], CODES[k]
    return pits


def d8(heights: Heights, dx: Floats, dy: Floats) -> Codes:
    """Codes (rows, columns) of filled heights (NaN without data); see the module.

    dx, dy: (rows,) width and height of the cells of each row, in one unit. On ground that is not
    filled, pits end the water: their code is 0.
    """
    grid = padded(heights, np.nan)
    level, width = grid.reshape(-1), grid.shape[1]
    dx, dy = np.pad(dx, 1, mode="edge"), np.pad(dy, 1, mode="edge")
    code, way = (np.full(level.shape, NO_DATA, np.uint8) for _ in range(2))
    lower, higher = (np.zeros(level.shape, np.int32) for _ in range(2))
    cores = len(os.sched_getaffinity(0))
    cuts = np.linspace(0, len(heights), min(4 * cores, len(heights)) + 1).astype(int)
    strips = list(zip(cuts[:-1], cuts[1:] + 2, strict=True))

    def down(rows: tuple[int, int]) -> int:
        at, r = slice(rows[0] * width, rows[1] * width), slice(*rows)
        return descend(level[at], width, dx[r], dy[r], code[at])

    def near(rows: tuple[int, int]) -> list[npt.NDArray[np.int64]]:
        at = slice(rows[0] * width, rows[1] * width)
        found = sources(level[at], code[at], width, lower[at], higher[at])
        return [one + rows[0] * width for one in found]

    def cross(rows: tuple[int, int]) -> int:
        at = slice(rows[0] * width, rows[1] * width)
        return cross_flats(level[at], code[at], width, lower[at], higher[at], way[at])

    with ThreadPoolExecutor(cores) as pool:
        if not sum(pool.map(down, strips)):
            return inner(code.reshape(grid.shape))
        seeds = [np.concatenate(one) for one in zip(*pool.map(near, strips), strict=True)]
        ways = zip(seeds, (lower, higher), strict=True)
        list(pool.map(lambda pair: spread(level, code, width, *pair), ways))
        list(pool.map(cross, strips))
    return inner(way.reshape(grid.shape))
