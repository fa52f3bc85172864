"""Contour lines by marching squares over the middles of cells."""

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from spatial.hydrology.neighbours import Floats, Heights
from spatial.hydrology.tiling import Integers

# of the four sides of a square (top, right, bottom, left) those that a line joins, by which of its
# corners (1 top left, 2 top right, 4 bottom right, 8 bottom left) are not below the level; the
# saddles 5 and 10 have two, and another two where the middle is below
_JOINS = np.full((18, 4), -1, np.int64)
for _case, _sides in {
    1: (3, 0), 2: (0, 1), 3: (3, 1), 4: (1, 2), 6: (0, 2), 7: (3, 2), 8: (2, 3), 9: (0, 2),
    11: (1, 2), 12: (1, 3), 13: (0, 1), 14: (0, 3), 5: (0, 1, 2, 3), 10: (0, 3, 1, 2),
    16: (3, 0, 1, 2), 17: (0, 1, 2, 3),
}.items():  # fmt: skip
    _JOINS[_case, : len(_sides)] = _sides


@njit(cache=True, nogil=True)
def pieces(heights: Heights, base: float, interval: float) -> tuple[Floats, Integers]:
    """Pieces of lines (m, 4) as row, column, row, column of their ends, and each one's level.

    Levels are base + k interval, and k is given. A cell at a level counts as above it. Squares with
    a corner without data (NaN) have no lines.
    """
    ends, levels = [0.0 for _ in range(0)], [0 for _ in range(0)]
    z = np.empty(4)
    for r in range(heights.shape[0] - 1):
        for c in range(heights.shape[1] - 1):
            z[0], z[1] = heights[r, c], heights[r, c + 1]
            z[2], z[3] = heights[r + 1, c + 1], heights[r + 1, c]
            low, top = z.min(), z.max()
            if np.isnan(low) or np.isnan(top):
                continue
            first = int(np.floor((low - base) / interval)) + 1
            last = int(np.floor((top - base) / interval))
            for k in range(first, last + 1):
                level, case = base + k * interval, 0
                for corner in range(4):
                    if z[corner] >= level:
                        case |= 1 << corner
                if case in (5, 10) and z.mean() < level:
                    case = 16 if case == 5 else 17
                for pair in range(2):
                    if _JOINS[case, 2 * pair] < 0:
                        break
                    for end in range(2):
                        side = _JOINS[case, 2 * pair + end]
                        # the same arithmetic from both squares of a side
                        a, b = (z[3], z[2]) if side == 2 else (z[0], z[1])
                        if side == 1:
                            a, b = z[1], z[2]
                        elif side == 3:
                            a, b = z[0], z[3]
                        part = (level - a) / (b - a)
                        down = part if side in (1, 3) else (1.0 if side == 2 else 0.0)
                        right = part if side in (0, 2) else (1.0 if side == 1 else 0.0)
                        ends.append(r + down)
                        ends.append(c + right)
                    levels.append(k)
    return np.array(ends).reshape(-1, 4), np.array(levels, np.int64)


def merged(ends: Floats, levels: Integers) -> tuple[npt.NDArray[np.object_], Integers]:
    """Lines of pieces (m, 4) that share their ends, level by level; and each one's level."""
    lines, of = [], []
    for level in np.unique(levels):
        here = ends[levels == level].reshape(-1, 2, 2)
        here = here[(here[:, 0] != here[:, 1]).any(axis=1)]  # a line that touches a cell's middle
        whole = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(here)))
        parts = shapely.get_parts(whole)
        lines.append(parts)
        of.append(np.full(len(parts), level))
    if not lines:
        return np.empty(0, object), np.empty(0, np.int64)
    return np.concatenate(lines), np.concatenate(of)
