"""Directions of flow as angles, D-infinity (Tarboton 1997)."""

import numpy as np
from numba import njit

from spatial.errors import Invalid, TooLarge
from spatial.hydrology.neighbours import CODES, COLUMNS, ENDS, NO_DATA, ROWS, Codes, Floats, Heights

#: Cells that are accumulated at once: about 1.2 GB.
MOST = 50_000_000
#: A share of less than this is none: angles are single precision.
_NEAR = 1e-5
# the neighbours anticlockwise from the east
_ROWS = np.array([0, -1, -1, -1, 0, 1, 1, 1])
_COLUMNS = np.array([1, 1, 0, -1, -1, -1, 0, 1])
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


def accumulate(angle: Heights, dx: Floats, dy: Floats) -> tuple[Floats, float]:
    """Cells that drain through each, as shares of them, and how many leave the grid in all.

    angle: (rows, columns) as `angles` gives it, without a ring; a cell counts itself. Its water
    parts between the two neighbours about its angle, by how near each is (Tarboton 1997); what
    goes beyond the grid or to a cell without data leaves. 0 without data.
    Raises Invalid for angles that turn in a circle, TooLarge for more than MOST cells.
    """
    if angle.size > MOST:
        raise TooLarge(f"{angle.size} cells are too many for D-infinity at once: at most {MOST}")
    wide = np.full((angle.shape[0] + 2, angle.shape[1] + 2), np.nan, np.float32)
    wide[1:-1, 1:-1] = angle
    amount = np.where(np.isnan(wide), 0.0, 1.0)
    left, passed = _accumulate(
        wide.reshape(-1), wide.shape[1], np.arctan2(dy, dx), amount.reshape(-1)
    )
    if passed != np.count_nonzero(np.isfinite(angle)):
        raise Invalid("the directions of flow turn in a circle: they are no drainage")
    return np.ascontiguousarray(amount[1:-1, 1:-1]), left


@njit(cache=True, nogil=True, inline="always")
def _parted(angle: float, corner: float) -> tuple[int, float]:
    """The first of the two neighbours, anticlockwise from the east, and the other's share."""
    quarter = int(angle / (np.pi / 2)) % 4
    turn = angle - quarter * (np.pi / 2)
    # the corners lie as far from the east and the west as from the ends of a row
    middle = corner if quarter % 2 == 0 else np.pi / 2 - corner
    if turn < middle:
        first, share = 2 * quarter, turn / middle
    else:
        first, share = 2 * quarter + 1, (turn - middle) / (np.pi / 2 - middle)
    if share < _NEAR:
        return first, 0.0
    if share > 1 - _NEAR:
        return (first + 1) % 8, 0.0
    return first, share


@njit(cache=True, nogil=True)
def _accumulate(angle: Heights, width: int, corner: Floats, amount: Floats) -> tuple[float, int]:
    around = _ROWS * width + _COLUMNS
    awaited = np.zeros(len(angle), np.uint8)
    for c in range(len(angle)):
        if angle[c] >= 0:
            first, share = _parted(angle[c], corner[c // width - 1])
            awaited[c + around[first]] += 1
            if share > 0:
                awaited[c + around[(first + 1) % 8]] += 1
    ready = np.empty(len(angle), np.int64)
    size, passed, left = 0, 0, 0.0
    for c in range(len(angle)):
        if not np.isnan(angle[c]) and awaited[c] == 0:
            ready[size] = c
            size += 1
    while size > 0:
        size -= 1
        c = ready[size]
        passed += 1
        if angle[c] < 0:
            left += amount[c]
            continue
        first, share = _parted(angle[c], corner[c // width - 1])
        for k in range(2 if share > 0 else 1):
            to = c + around[(first + k) % 8]
            gives = amount[c] * (share if k == 1 else 1 - share)
            if np.isnan(angle[to]):
                left += gives
                continue
            amount[to] += gives
            awaited[to] -= 1
            if awaited[to] == 0:
                ready[size] = to
                size += 1
    return left, passed


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
