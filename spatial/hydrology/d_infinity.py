"""Directions of flow as angles, D-infinity (Tarboton 1997)."""

import numpy as np
from numba import njit

from spatial.hydrology.neighbours import CODES, COLUMNS, ENDS, NO_DATA, ROWS, Codes, Floats, Heights

#: The angle of cells where water ends.
NOWHERE = -1.0

# the eight facets: a side and the corner beside it, by their places among the neighbours
_SIDE = np.array([0, 3, 3, 2, 2, 1, 1, 0])
_CORNER = np.array([7, 7, 6, 6, 5, 5, 4, 4])
_TURN = np.array([1.0, -1, 1, -1, 1, -1, 1, -1])
_FROM = np.array([0.0, 1, 1, 2, 2, 3, 3, 4]) * (np.pi / 2)


def angles(level: Heights, code: Codes, dx: Floats, dy: Floats) -> Heights:
    """(rows, columns) radians anticlockwise from the east, of a padded grid, float32.

    The steepest of the eight triangles about each cell. On flat ground, where no triangle falls,
    the angle is that of the cell's D8 code; -1 where water ends, NaN without data.
    dx, dy: (rows,) width and height of the cells of each row, the ring's with them.
    """
    made = np.full(level.shape, np.nan, np.float32)
    _angles(level, code, dx, dy, made)
    return made


@njit(cache=True, nogil=True)
def _angles(level: Heights, code: Codes, dx: Floats, dy: Floats, made: Heights) -> None:
    for r in range(1, level.shape[0] - 1):
        for c in range(1, level.shape[1] - 1):
            if code[r, c] == NO_DATA:
                continue
            made[r, c] = NOWHERE
            if code[r, c] == ENDS:
                continue
            here, steepest = np.float64(level[r, c]), 0.0
            for k in range(8):
                side, corner = _SIDE[k], _CORNER[k]
                near = np.float64(level[r + ROWS[side], c + COLUMNS[side]])
                far = np.float64(level[r + ROWS[corner], c + COLUMNS[corner]])
                if np.isnan(near) or np.isnan(far):
                    continue
                along, across = (dx[r], dy[r]) if ROWS[side] == 0 else (dy[r], dx[r])
                s1, s2 = (here - near) / along, (near - far) / across
                turn, slope = np.arctan2(s2, s1), np.hypot(s1, s2)
                widest = np.arctan2(across, along)
                if turn < 0:
                    turn, slope = 0.0, s1
                elif turn > widest:
                    turn, slope = widest, (here - far) / np.hypot(along, across)
                if slope > steepest:
                    steepest = slope
                    made[r, c] = (_TURN[k] * turn + _FROM[k]) % (2 * np.pi)
            if steepest == 0:
                for k in range(8):
                    if CODES[k] == code[r, c]:
                        way = np.arctan2(-ROWS[k] * dy[r], COLUMNS[k] * dx[r])
                        made[r, c] = way % (2 * np.pi)
