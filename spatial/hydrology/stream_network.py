"""Cells of streams as a network: reaches from head or confluence to the next, and their order.

Order is Strahler's (1957): a head has 1; where two or more of the highest order meet, one more.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from spatial.hydrology.lattice import Lattice
from spatial.hydrology.neighbours import Codes, Floats, step_by_code
from spatial.hydrology.tiling import Integers


@dataclass(frozen=True)
class StreamCells:
    """Cells of streams, ascending by `place`, their number in row order in the grid.

    code: D8; height: NaN where nobody told; count: cells that drain through.
    """

    place: Integers
    code: Codes
    height: Floats
    count: Integers

    def onward(self, columns: int) -> Integers:
        """(n,) the next stream cell by its index, -1 where the stream ends or leaves."""
        target = self.place + step_by_code(columns)[self.code]
        index = np.minimum(np.searchsorted(self.place, target), max(len(self.place) - 1, 0))
        goes = (target != self.place) & (target >= 0)
        # a step over the east or west edge lands in another row
        goes &= np.abs(target % columns - self.place % columns) <= 1
        if not len(self.place):
            return index
        return np.where(goes & (self.place[index] == target), index, -1)


@dataclass(frozen=True)
class Reaches:
    """reach: (n,) of each cell, from 1. Of each of the m reaches, first to last by number:

    order: Strahler's. onward: the reach below, 0 where it ends. length_m, along the ground from
    its first cell to the first of the reach below. drop: of the height on that way. cells: its
    own. count: cells that drain through its last. line: through the middles of the cells; None
    for a single cell that leads nowhere.
    """

    reach: Integers
    order: Integers
    onward: Integers
    length_m: Floats
    drop: Floats
    cells: Integers
    count: Integers
    line: npt.NDArray[np.object_]


def reaches(cells: StreamCells, lattice: Lattice) -> Reaches:
    """The network of stream cells, see `Reaches`."""
    columns = lattice.shape[1]
    onward = cells.onward(columns)
    reach, order, firsts, sequence = _ordered(onward)
    count = len(firsts)
    row, column = cells.place // columns, cells.place % columns
    to_row, to_column = row[onward], column[onward]
    long = np.hypot((to_column - column) * lattice.dx[row], (to_row - row) * lattice.dy[row])
    long = np.where(onward >= 0, long, 0.0)
    fall = np.where(onward >= 0, cells.height - cells.height[onward], 0.0)
    last = np.zeros(count, np.int64)
    last[reach[sequence] - 1] = sequence  # cells come downstream, so the last stays
    below = np.where(onward[last] >= 0, reach[onward[last]], 0)
    x, y = lattice.centres(row, column)
    lines = np.full(count, None, object)
    path = np.argsort(reach[sequence], kind="stable")
    cuts = np.searchsorted(reach[sequence][path], np.arange(1, count + 2))
    for k in range(count):
        way = sequence[path[cuts[k] : cuts[k + 1]]]
        if onward[last[k]] >= 0:
            way = np.append(way, onward[last[k]])
        if len(way) > 1:
            lines[k] = shapely.linestrings(x[way], y[way])
    return Reaches(
        reach,
        order[firsts],
        below,
        np.bincount(reach, long, minlength=count + 1)[1:],
        np.bincount(reach, fall, minlength=count + 1)[1:],
        np.bincount(reach, minlength=count + 1)[1:],
        cells.count[last],
        lines,
    )


@njit(cache=True, nogil=True)
def _ordered(onward: Integers) -> tuple[Integers, Integers, Integers, Integers]:
    """Reach and order of each cell, the first cell of each reach, and all cells downstream."""
    n = len(onward)
    inflows, waiting = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for c in range(n):
        if onward[c] >= 0:
            inflows[onward[c]] += 1
    waiting[:] = inflows
    order, highest, twice = np.ones(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.bool_)
    reach, firsts = np.zeros(n, np.int64), [0 for _ in range(0)]
    sequence, size = np.empty(n, np.int64), 0
    for start in range(n):
        c = start
        while c >= 0 and waiting[c] == 0:
            waiting[c] = -1
            sequence[size] = c
            size += 1
            if inflows[c] > 0:
                order[c] = highest[c] + (1 if twice[c] else 0)
            if inflows[c] != 1:
                firsts.append(c)
                reach[c] = len(firsts)
            to = onward[c]
            if to >= 0:
                waiting[to] -= 1
                if inflows[to] == 1:
                    reach[to] = reach[c]
                if order[c] == highest[to]:
                    twice[to] = True
                elif order[c] > highest[to]:
                    highest[to], twice[to] = order[c], False
            c = to
    return reach, order, np.array(firsts, np.int64), sequence
