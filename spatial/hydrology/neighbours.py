"""The eight neighbours of a cell, and the codes of directions.

Codes are ESRI's: 1 east, 2 south-east, 4 south, 8 south-west, 16 west, 32 north-west, 64 north,
128 north-east; 0 where the water ends (an outlet, or a pit that nobody filled), 255 no data.
Rows go south, columns east. Ties go to the sides before the corners, clockwise from the east.

Kernels work on *padded* grids: one ring of cells about the grid, flat in row order, so that no
step asks whether it leaves the grid. Outside and without data a height is NaN and a code is 255.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

type Grid = npt.NDArray[Any]
type Cells = npt.NDArray[np.int32]
type Codes = npt.NDArray[np.uint8]
type Heights = npt.NDArray[np.floating]
type Floats = npt.NDArray[np.float64]
type Flags = npt.NDArray[np.bool_]

ENDS, NO_DATA = 0, 255
CODES = np.array([1, 4, 16, 64, 2, 8, 32, 128], np.uint8)
ROWS = np.array([0, 1, 0, -1, 1, 1, -1, -1], np.int64)
COLUMNS = np.array([1, 0, -1, 0, 1, -1, -1, 1], np.int64)
#: The code that points back, by the place in these arrays.
BACK = np.array([16, 64, 1, 4, 32, 128, 2, 8], np.uint8)


@njit(cache=True, nogil=True)
def steps(width: int) -> npt.NDArray[np.int64]:
    """(8,) how far the neighbours lie in a flat grid of so many columns, padding and all."""
    return ROWS * width + COLUMNS


@njit(cache=True, nogil=True)
def step_by_code(width: int) -> npt.NDArray[np.int64]:
    """(256,) how far a code leads; 0 for those that lead nowhere."""
    found = np.zeros(256, np.int64)
    for k in range(8):
        found[CODES[k]] = ROWS[k] * width + COLUMNS[k]
    return found


def step_to(code: int) -> tuple[int, int]:
    """How many rows and columns on a code leads; 0, 0 for those that lead nowhere."""
    k = np.flatnonzero(code == CODES)
    return (int(ROWS[k[0]]), int(COLUMNS[k[0]])) if len(k) else (0, 0)


def padded(cells: Grid, fill: float) -> Grid:
    """A grid (rows, columns) with a ring of `fill` about it."""
    made: Grid = np.full((cells.shape[0] + 2, cells.shape[1] + 2), fill, cells.dtype)
    made[1:-1, 1:-1] = cells
    return made


def inner(cells: Grid) -> Grid:
    """The grid without its ring, a view."""
    return cells[1:-1, 1:-1]
