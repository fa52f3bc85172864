"""Slope, aspect, hillshade and roughness of ground, from each cell and its eight neighbours.

The gradient is Horn's (1981), as in GDAL and ESRI. Neighbours without data are put on the plane of
those that have some, so that edges have values too; a side with none opposite is level.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from spatial.hydrology.neighbours import Floats, Heights

#: slope, aspect: degrees; hillshade: 0 to 255; roughness: in the heights' unit.
KINDS = ("slope", "aspect", "hillshade", "roughness")
#: The aspect of level ground.
LEVEL = -1.0

type Relief = npt.NDArray[np.float32]


@njit(cache=True, nogil=True)
def relief(
    level: Heights, dx: Floats, dy: Floats, azimuth: float, altitude: float
) -> tuple[Relief, Relief, Relief, Relief]:
    """Of a padded grid, each (rows, columns) within the ring, NaN without data; see KINDS.

    dx, dy: (rows,) size of the cells of each row in the heights' unit, the ring's with them.
    aspect: where the slope faces, clockwise from the north, -1 on level ground. hillshade: light
    from `azimuth` (clockwise from the north) at `altitude`, in degrees; shade below 0 is 0.
    roughness: the highest less the lowest of the nine (Wilson et al. 2007).
    """
    rows, columns = level.shape[0] - 2, level.shape[1] - 2
    slope = np.full((rows, columns), np.nan, np.float32)
    aspect, shade, rough = slope.copy(), slope.copy(), slope.copy()
    toward, high = np.radians(azimuth), np.radians(altitude)
    z = np.empty((3, 3))
    for r in range(rows):
        for c in range(columns):
            here = np.float64(level[r + 1, c + 1])
            if np.isnan(here):
                continue
            low = top = here
            for i in range(3):
                for j in range(3):
                    z[i, j] = level[r + i, c + j]
                    if not np.isnan(z[i, j]):
                        low, top = min(low, z[i, j]), max(top, z[i, j])
            for i, j in ((0, 1), (1, 0), (1, 2), (2, 1)):
                if np.isnan(z[i, j]):
                    across = np.float64(level[r + 2 - i, c + 2 - j])
                    z[i, j] = here if np.isnan(across) else 2 * here - across
            for i in (0, 2):
                for j in (0, 2):
                    if np.isnan(z[i, j]):
                        z[i, j] = z[i, 1] + z[1, j] - here
            east = (z[0, 2] + 2 * z[1, 2] + z[2, 2] - z[0, 0] - 2 * z[1, 0] - z[2, 0]) / 8
            north = (z[0, 0] + 2 * z[0, 1] + z[0, 2] - z[2, 0] - 2 * z[2, 1] - z[2, 2]) / 8
            east, north = east / dx[r + 1], north / dy[r + 1]
            steep = np.hypot(east, north)
            slope[r, c] = np.degrees(np.arctan(steep))
            aspect[r, c] = LEVEL if steep == 0 else np.degrees(np.arctan2(-east, -north)) % 360
            lit = np.sin(high) - np.cos(high) * (east * np.sin(toward) + north * np.cos(toward))
            shade[r, c] = 255 * max(lit / np.sqrt(1 + steep * steep), 0)
            rough[r, c] = top - low
    return slope, aspect, shade, rough
