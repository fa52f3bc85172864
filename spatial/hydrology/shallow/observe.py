"""What a flood leaves behind at each cell: deepest, fastest, most dangerous, and when it came."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numba import njit

from spatial.hydrology.shallow.kernel import Doubles, Singles, Tiles

#: Water shallower than this (m) counts as dry where people ask.
WET = 0.01
#: A cell is reached when the water is this deep (m).
REACHED = 0.05
#: Of each class H1 to H5: depth × speed (m²/s), depth (m) and speed (m/s) at most; beyond is H6.
#: Australian Institute for Disaster Resilience, Guideline 7-3 (2017), after Smith et al. (2014).
HAZARD = np.array(
    [[0.3, 0.3, 2.0], [0.6, 0.5, 2.0], [0.6, 1.2, 2.0], [1.0, 2.0, 2.0], [4.0, 4.0, 4.0]]
)


@dataclass
class Peaks:
    """(rows, columns) each: depth m, speed m/s, hazard class 0 (dry) to 6, arrival s (or NaN)."""

    depth: Singles
    speed: Singles
    hazard: Singles
    arrival: Singles

    @classmethod
    def none(cls, shape: tuple[int, int]) -> Self:
        """Nothing has been seen yet."""
        calm = [np.zeros(shape, np.float32) for _ in range(3)]
        return cls(calm[0], calm[1], calm[2], np.full(shape, np.nan, np.float32))

    def arrays(self) -> dict[str, Singles]:
        """By name, for a checkpoint."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@njit(cache=True, nogil=True, inline="always")
def _hazard(depth: float, speed: float, limits: Doubles) -> int:
    for k in range(len(limits)):
        if depth * speed <= limits[k, 0] and depth <= limits[k, 1] and speed <= limits[k, 2]:
            return k + 1
    return len(limits) + 1


@njit(cache=True, nogil=True)
def observe(
    tiles: Tiles, chosen: Tiles, h: Doubles, qx: Singles, qy: Singles, time: float,
    limits: Doubles, depth: Singles, speed: Singles, hazard: Singles, arrival: Singles,
) -> None:  # fmt: skip
    """Raise what has been seen by what is there now."""
    for k in chosen:
        for i in range(tiles[k, 0], tiles[k, 1]):
            for j in range(tiles[k, 2], tiles[k, 3]):
                v = h[i, j]
                if v < WET:
                    continue
                x, y = qx[i, j] + qx[i, j + 1], qy[i, j] + qy[i + 1, j]
                u = 0.5 * np.sqrt(x * x + y * y) / v
                depth[i, j] = max(depth[i, j], v)
                speed[i, j] = max(speed[i, j], u)
                hazard[i, j] = max(hazard[i, j], _hazard(v, u, limits))
                if v >= REACHED and np.isnan(arrival[i, j]):
                    arrival[i, j] = time


def speeds(h: Doubles, qx: Singles, qy: Singles) -> Singles:
    """(rows, columns) speed of the water in m/s, 0 where it is dry."""
    x, y = qx[:, :-1] + qx[:, 1:], qy[:-1] + qy[1:]
    wet = h >= WET
    return np.where(wet, 0.5 * np.hypot(x, y) / np.where(wet, h, 1.0), 0.0).astype(np.float32)
