"""The kernel of viewsheds: a line of sight from an eye to every cell of a field of view."""

import numpy as np
import numpy.typing as npt
from numba import njit

type Floats = npt.NDArray[np.float64]
type Bytes = npt.NDArray[np.uint8]

OUTSIDE, HIDDEN, SEEN, BUILT = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def viewshed(
    surface: Floats,
    ground: Floats,
    built: npt.NDArray[np.bool_],
    eye: Floats,
    facing: float,
    half: float,
    reach: float,
    target: float,
    found: Bytes,
) -> None:
    """What is seen from an eye: fills `found` (h, w) with OUTSIDE, HIDDEN, SEEN or BUILT.

    surface (h, w): heights of what stands in the way; ground: of what is looked at; all in metres
    over one datum, and cells of one metre (scale the heights' places beforehand). eye: row and
    column of it, in cells, the middle of the first being 0, and its height. facing, half: radians
    clockwise from north (rows count to the south), half the angle of view; half >= pi is all
    around. reach: cells. A cell is in the field where its middle is. It is seen where the
    slope to `target` over its ground is no less than to the surface of every cell that the line
    crosses before: the line is followed by steps of at most half a cell, each the nearest cell (R3
    of Franklin and Ray 1994, without interpolation). Built cells are told as such. NaN is no
    ground, and hides nothing.
    """
    height, width = surface.shape
    row, column, level = eye[0], eye[1], eye[2]
    for r in range(height):
        for c in range(width):
            found[r, c] = OUTSIDE
            dr, dc = r - row, c - column
            far = np.hypot(dr, dc)
            if far > reach or np.isnan(ground[r, c]):
                continue
            if half < np.pi and far > 0:
                turn = np.arctan2(dc, -dr) - facing
                if abs((turn + np.pi) % (2 * np.pi) - np.pi) > half:
                    continue
            if built[r, c]:
                found[r, c] = BUILT
                continue
            steps = int(np.ceil(2 * max(abs(dr), abs(dc))))
            found[r, c] = SEEN
            rise = ground[r, c] + target - level
            for k in range(1, steps):
                part = k / steps
                y, x = int(np.rint(row + part * dr)), int(np.rint(column + part * dc))
                if (y == r and x == c) or surface[y, x] - level <= part * rise:
                    continue
                if abs(y - row) < 0.5 and abs(x - column) < 0.5:
                    continue  # its own mast
                found[r, c] = HIDDEN
                break
