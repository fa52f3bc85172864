"""Breaching depressions: a way is cut from each pit to lower ground, and nothing is raised.

Ground is reached from its outlets in the order of height, so that each cell knows over which
neighbour the lowest way out leads. From each pit the cells on that way are lowered to the pit's
height, until one lies no higher (complete breaching, Lindsay 2016). Cuts are flat, and drain as
flats do. The order in which cells of one height are reached decides between ways alike; a grid is
therefore breached in one piece.
"""

import numpy as np
from numba import njit

from spatial.errors import TooLarge
from spatial.hydrology.heap import drop_first, push, roomier
from spatial.hydrology.neighbours import Heights, inner, padded, steps

#: Cells that are breached at once: about 1 GB.
MOST = 50_000_000


def breach(heights: Heights) -> Heights:
    """Heights (rows, columns), NaN without data, lowered so that every cell drains.

    Raises TooLarge for more than MOST cells.
    """
    if heights.size > MOST:
        raise TooLarge(
            f"{heights.size} cells are too many to breach at once: fill them, or cut the raster "
            f"to {MOST}"
        )
    level = padded(heights, np.nan)
    _breach(level.reshape(-1), level.shape[1])
    return inner(level)


@njit(cache=True, nogil=True)
def _breach(level: Heights, width: int) -> None:
    n, around = len(level), steps(width)
    key, cell = np.empty(1024, level.dtype), np.empty(1024, np.int32)
    seen, pit = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    over = np.full(n, -1, np.int32)
    size = 0
    for c in range(n):
        if np.isnan(level[c]):
            seen[c] = True
            continue
        outlet, lower = False, False
        for k in range(8):
            there = level[c + around[k]]
            outlet |= np.isnan(there)
            lower |= there < level[c]
        pit[c] = not (outlet or lower)
        if outlet:
            seen[c] = True
            if size == len(key):
                key, cell = roomier(key, cell)
            push(key, cell, size, level[c], c)
            size += 1
    while size > 0:
        c = cell[0]
        drop_first(key, cell, size)
        size -= 1
        if pit[c]:
            on = over[c]
            while on >= 0 and level[on] > level[c]:
                level[on] = level[c]
                on = over[on]
        for k in range(8):
            to = c + around[k]
            if not seen[to]:
                seen[to], over[to] = True, c
                if size == len(key):
                    key, cell = roomier(key, cell)
                push(key, cell, size, level[to], to)
                size += 1
