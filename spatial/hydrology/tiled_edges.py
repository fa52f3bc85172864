"""The edges of tiles, over which water flows from one to the next."""

import numpy as np

from spatial.hydrology.neighbours import CODES, NO_DATA, Codes
from spatial.hydrology.tiling import Integers, Tile, Tiling


def own(code: Codes) -> Codes:
    """The codes of a padded tile without its ring, whose cells are the neighbours', in place."""
    code[[0, -1]] = code[:, [0, -1]] = NO_DATA
    return code


def edge_cells(tile: Tile, code: Codes) -> tuple[Integers, Integers]:
    """The flat places of a tile's edge in its padded grid, and of each cell its place among them.

    -1 for cells that are not at the edge.
    """
    row, column = tile.edge()
    cell = (row + 1) * code.shape[1] + column + 1
    place = np.full(code.size, -1, np.int64)
    place[cell] = np.arange(len(cell))
    return cell, place


def crossing(tiling: Tiling, code: Codes) -> Integers:
    """(n,) the node of another tile that each node's water flows to; -1 where there is none.

    code: (n,) of the nodes, the cells of all tiles' edges.
    """
    onward = np.full(len(code), -1, np.int64)
    for k in range(8):
        here, there = tiling.crossings(k)
        flows = (code[here] == CODES[k]) & (code[there] != NO_DATA)
        onward[here[flows]] = there[flows]
    return onward
