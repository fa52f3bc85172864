"""A heap of cells by height, four branches wide, in two arrays."""

import numpy as np
from numba import njit

from spatial.hydrology.neighbours import Cells, Heights


@njit(cache=True, nogil=True)
def push(key: Heights, cell: Cells, size: int, height: float, place: int) -> None:
    """Put a cell in; both arrays must have room for one more than `size`."""
    p = size
    while p > 0:
        parent = (p - 1) >> 2
        if key[parent] <= height:
            break
        key[p], cell[p] = key[parent], cell[parent]
        p = parent
    key[p], cell[p] = height, place


@njit(cache=True, nogil=True)
def drop_first(key: Heights, cell: Cells, size: int) -> None:
    """Take the lowest out, which is at 0; `size` is that before."""
    last = size - 1
    height, place, p = key[last], cell[last], 0
    while True:
        child = 4 * p + 1
        if child >= last:
            break
        best, least = child, key[child]
        for q in range(child + 1, min(child + 4, last)):
            if key[q] < least:
                best, least = q, key[q]
        if least >= height:
            break
        key[p], cell[p] = least, cell[best]
        p = best
    key[p], cell[p] = height, place


@njit(cache=True, nogil=True)
def roomier(key: Heights, cell: Cells) -> tuple[Heights, Cells]:
    """Copies with twice the room."""
    keys, cells = np.empty(2 * len(key), key.dtype), np.empty(2 * len(cell), cell.dtype)
    keys[: len(key)], cells[: len(cell)] = key, cell
    return keys, cells
