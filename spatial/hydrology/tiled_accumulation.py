"""Accumulation of flow over a grid larger than memory, each tile twice (Barnes 2017).

A tile alone counts its own cells. What flows in over its edge leaves it again at one cell or ends
in it; so all edges make a graph in which each node flows to one other. Solved, it tells what flows
into each tile, and the tile is counted again with that.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from spatial.errors import Invalid
from spatial.hydrology import grid_store
from spatial.hydrology.accumulation import Counts, gather
from spatial.hydrology.neighbours import NO_DATA, Codes, inner, step_by_code
from spatial.hydrology.tiled_edges import crossing, edge_cells, own
from spatial.hydrology.tiling import Integers, Spread, Tile, Tiling

_CIRCLE = "the directions of flow turn in a circle: they are no drainage"


@dataclass(frozen=True, slots=True)
class _Part:
    source: Path
    target: Path
    tile: Tile
    inflow: Counts | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    """Of a tile's edge: codes, own cells through each, and where its water leaves: an edge cell
    of the tile by its place, or -1."""

    number: int
    code: Codes
    amount: Counts
    link: Integers


def accumulate(source: Path, target: Path, tiling: Tiling, spread: Spread) -> None:
    """Count over the codes of a scratch grid into another; the same as `accumulation.accumulate`.

    Raises Invalid for codes that turn in a circle.
    """
    parts = [_Part(source, target, tile) for tile in tiling.tiles]
    told = sorted(spread(_alone, parts), key=lambda one: one.number)
    inflow = _inflows(tiling, told)
    finish = [_Part(source, target, tile, inflow[tiling.nodes(tile)]) for tile in tiling.tiles]
    for _ in spread(_finished, finish):
        pass


def _counted(part: _Part) -> tuple[Codes, Counts]:
    code = own(grid_store.read(part.source, part.tile, NO_DATA))
    amount = (code != NO_DATA).astype(np.int64)
    given = int(np.count_nonzero(amount))
    if part.inflow is not None:
        row, column = part.tile.edge()
        inner(amount)[row, column] += part.inflow
    if gather(code.reshape(-1), code.shape[1], amount.reshape(-1)) != given:
        raise Invalid(_CIRCLE)
    return code, amount


def _alone(part: _Part) -> _Told:
    code, amount = _counted(part)
    row, column = part.tile.edge()
    cell, place = edge_cells(part.tile, code)
    link = leaving(code.reshape(-1), code.shape[1], cell, place)
    return _Told(part.tile.number, inner(code)[row, column], inner(amount)[row, column], link)


def _finished(part: _Part) -> None:
    grid_store.write(part.target, part.tile, inner(_counted(part)[1]))


@njit(cache=True, nogil=True)
def leaving(code: Codes, width: int, cell: Integers, place: Integers) -> Integers:
    """(m,) for each cell of the edge, the place of the cell where its water leaves the tile.

    -1 where it ends within. place: of each cell among those of the edge, -1 elsewhere.
    """
    lead, link = step_by_code(width), np.full(len(cell), -1)
    for start in range(len(cell)):
        c = cell[start]
        if code[c] == NO_DATA:
            continue
        while True:
            step = lead[code[c]]
            if step == 0:
                break
            if code[c + step] == NO_DATA:
                link[start] = place[c]
                break
            c += step
    return link


def _inflows(tiling: Tiling, told: list[_Told]) -> Counts:
    """(n,) what flows into each node from other tiles.

    A node stands twice: from 0 on as where water comes into its tile, from n on as where it leaves.
    """
    n = len(tiling.row)
    code = np.concatenate([one.code for one in told])
    amount = np.concatenate([one.amount for one in told])
    onward = np.full(2 * n, -1, np.int64)
    for one in told:
        nodes = tiling.nodes(tiling.tiles[one.number])
        onward[nodes] = np.where(one.link >= 0, one.link + nodes.start + n, -1)
    onward[n:] = crossing(tiling, code)
    total = np.concatenate([np.zeros(n, np.int64), amount])
    if not gather_along(onward, total):
        raise Invalid(_CIRCLE)
    return total[:n]


@njit(cache=True, nogil=True)
def gather_along(onward: Integers, amount: Counts) -> bool:
    """Add up along a graph in which each node leads to one other or, with -1, nowhere; in place.

    False where it turns in a circle.
    """
    inflows = np.zeros(len(onward), np.int64)
    for node in range(len(onward)):
        if onward[node] >= 0:
            inflows[onward[node]] += 1
    passed = 0
    for start in range(len(onward)):
        node = start
        while node >= 0 and inflows[node] == 0:
            inflows[node] = -1
            passed += 1
            to = onward[node]
            if to >= 0:
                amount[to] += amount[node]
                inflows[to] -= 1
            node = to
    return passed == len(onward)
