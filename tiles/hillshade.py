"""Hillshade: heights as if the sun stood in the north-west (B. K. P. Horn, Proc. IEEE 69, 1981)."""

from typing import Any

import numpy as np

AZIMUTH, ALTITUDE = 315.0, 45.0

type Heights = np.ma.MaskedArray[Any, Any]


def hillshade(
    heights: Heights, cell: float, azimuth: float = AZIMUTH, altitude: float = ALTITUDE
) -> Heights:
    """Light on each cell, 0 to 255; masked where there is no height.

    255 times the cosine between the sun and the normal, 0 in the shade. The gradients are Horn's,
    of the 3 x 3 cells around: (c + 2f + i - a - 2d - g) / 8 cell eastward, likewise southward.

    heights: metres, shape (rows + 2, columns + 2), a rim of neighbours around what is shaded;
        a neighbour without a height counts as level.
    cell: side of a cell in metres; azimuth, altitude: of the sun, in degrees.
    """
    middle = heights[1:-1, 1:-1]
    level = np.ma.filled(middle.astype(np.float64), 0.0)

    def beside(down: int, right: int) -> Any:
        rows, columns = middle.shape
        part = heights[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
        return np.where(np.ma.getmaskarray(part), level, np.ma.getdata(part))

    east = sum((2 - abs(n)) * (beside(n, 1) - beside(n, -1)) for n in (-1, 0, 1)) / (8 * cell)
    south = sum((2 - abs(n)) * (beside(1, n) - beside(-1, n)) for n in (-1, 0, 1)) / (8 * cell)
    turn, rise = np.radians(azimuth), np.radians(altitude)
    # the normal is (-east, south, 1), with y northward
    sunward = (
        -east * np.sin(turn) * np.cos(rise) + south * np.cos(turn) * np.cos(rise) + np.sin(rise)
    )
    light = sunward / np.sqrt(1 + east**2 + south**2)
    return np.ma.array(255 * np.clip(light, 0, 1), mask=np.ma.getmaskarray(middle))
