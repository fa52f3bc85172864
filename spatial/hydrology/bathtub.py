"""Water that stands level over the ground, as far as it can come to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from spatial.hydrology.neighbours import Flags, Floats


@dataclass(frozen=True)
class Pool:
    """Places that water comes from, and the level that it stands at, m; without places, any."""

    level: float
    places: Flags | None = None


def bathtub(heights: npt.NDArray[np.floating], pools: Sequence[Pool]) -> tuple[Floats, Flags]:
    """(rows, columns) depths in m, and the ground below a level that no water comes to.

    heights: m, NaN without ground. Ground lower than a pool's level is under water where cells of
    such ground lead to it from the pool, side by side; where pools meet the highest level counts.
    """
    depth, low = np.zeros(heights.shape), np.zeros(heights.shape, bool)
    for pool in pools:
        below = heights < pool.level
        low |= below
        if pool.places is not None:
            below = _reached(below, pool.places)
        depth[below] = np.maximum(depth[below], pool.level - heights[below])
    return depth, low & (depth == 0)


def _reached(below: Flags, places: Flags) -> Flags:
    parts, count = label(below)
    holds = np.zeros(count + 1, bool)
    holds[parts[places]] = True
    holds[0] = False
    reached: Flags = holds[parts]
    return reached


def spills(heights: npt.NDArray[np.floating], depth: Floats) -> int:
    """How many sides there are over which water would run on to dry ground lower than it."""
    surface, found = np.where(depth > 0, heights + depth, np.inf), 0
    for first, second in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        for one, other in ((first, second), (second, first)):
            dry = (depth[other] == 0) & (depth[one] > 0)
            found += int(np.count_nonzero(dry & (heights[other] < surface[one])))
    return found
