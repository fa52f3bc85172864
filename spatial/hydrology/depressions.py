"""Filling depressions: each cell is raised to the lowest level at which water leaves it.

The filled height is W(c) = min over the ways from c out of the grid of the highest ground on the
way (Planchon and Darboux 2001). It is unique, so any order of work gives the same bits. Ours is a
priority flood (Barnes, Lehman, Mulla 2014) that climbs slopes without the heap (Zhou, Sun, Fu
2016): only cells from which unseen ground falls away wait in it.

Water leaves over the edge of the grid and into cells without data.
"""

import numpy as np
from numba import njit

from spatial.hydrology.heap import drop_first, push, roomier
from spatial.hydrology.neighbours import Cells, Heights, inner, padded, steps

OUTSIDE = 1
_FIRST_ROOM = 1024


@njit(cache=True, nogil=True)
def flood(level: Heights, label: Cells, width: int) -> int:
    """Fill in place; returns the largest label.

    level: flat and padded, NaN where nothing is; the ring may hold the ground of a neighbouring
    tile. label: zeros; becomes -1 where nothing is and in the ring, else that of the cell of the
    tile's edge, over which water reaches it when the tile fills from without: 1 where it leaves
    the grid, from 2 on where it leaves into another tile.
    """
    n, around = len(level), steps(width)
    rows = n // width
    key, cell = np.empty(_FIRST_ROOM, level.dtype), np.empty(_FIRST_ROOM, np.int32)
    size = 0
    for c in range(n):
        if np.isnan(level[c]):
            for k in range(8):
                if 0 <= c + around[k] < n:
                    label[c + around[k]] = OUTSIDE
    for r in range(rows):
        for c in range(r * width, (r + 1) * width):
            ring = r == 0 or r == rows - 1 or c == r * width or c == (r + 1) * width - 1
            if ring or np.isnan(level[c]):
                label[c] = -1
                continue
            edge = r == 1 or r == rows - 2 or c == r * width + 1 or c == (r + 1) * width - 2
            if edge or label[c] == OUTSIDE:
                if size == len(key):
                    key, cell = roomier(key, cell)
                push(key, cell, size, level[c], c)
                size += 1
    # pools at the front, the last first; slopes from the back on, the first first, so that the
    # ground below is mostly seen before that above
    waiting = np.empty(n, np.int32)
    labels = OUTSIDE
    while size > 0:
        c = cell[0]
        drop_first(key, cell, size)
        size -= 1
        if label[c] == 0:
            labels += 1
            label[c] = labels
        brim, mine = level[c], label[c]
        waiting[0] = c
        pools, first, last = 1, n, n
        while pools > 0 or first > last:
            if pools > 0:
                pools -= 1
                m = waiting[pools]
            else:
                first -= 1
                m = waiting[first]
            here, falls = level[m], False
            for k in range(8):
                to = m + around[k]
                if label[to] != 0:
                    continue
                if level[to] > brim and level[to] >= here:
                    label[to] = mine
                    last -= 1
                    waiting[last] = to
                elif here == brim:
                    level[to], label[to] = brim, mine
                    waiting[pools] = to
                    pools += 1
                else:
                    falls = True
            if falls:
                if size == len(key):
                    key, cell = roomier(key, cell)
                push(key, cell, size, here, m)
                size += 1
    return labels


def fill(heights: Heights) -> Heights:
    """Heights (rows, columns), NaN without data, with every depression filled to its brim.

    Filled ground is flat; `spatial.hydrology.direction` finds the way over it.
    """
    level = padded(heights, np.nan)
    flood(level.reshape(-1), np.zeros(level.size, np.int32), level.shape[1])
    return inner(level)
