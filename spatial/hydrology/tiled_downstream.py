"""What each cell meets first on its way downstream, over a grid larger than memory.

Marks stand on some cells: of a pour point, a reach of a river, the height of its bed. Each cell
takes the mark of the first marked cell on its way, its own if it has one. Tiles are worked on
twice, as for the accumulation of flow, and the graph of their edges is followed between.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from spatial.hydrology import grid_store
from spatial.hydrology.neighbours import NO_DATA, Codes, Floats, inner, step_by_code
from spatial.hydrology.tiled_edges import crossing, edge_cells, own
from spatial.hydrology.tiling import Integers, Spread, Tile, Tiling


@dataclass(frozen=True, slots=True)
class _Part:
    codes: Path
    marks: Path
    target: Path
    tile: Tile
    met: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Told:
    number: int
    code: Codes
    mark: Floats
    link: Integers


def carry(codes: Path, marks: Path, target: Path, tiling: Tiling, spread: Spread) -> None:
    """For every cell the mark that it meets first downstream; NaN where none.

    codes, marks (float64, NaN without), target (float64): scratch grids. The codes turn in no
    circle.
    """
    parts = [_Part(codes, marks, target, tile) for tile in tiling.tiles]
    told = sorted(spread(_alone, parts), key=lambda one: one.number)
    met = _met(tiling, told)
    finish = [_Part(codes, marks, target, tile, met[tiling.nodes(tile)]) for tile in tiling.tiles]
    for _ in spread(_finished, finish):
        pass


def _ground(part: _Part) -> tuple[Codes, Floats]:
    return (
        grid_store.read(part.codes, part.tile, NO_DATA),
        grid_store.read(part.marks, part.tile, np.nan),
    )


def _alone(part: _Part) -> _Told:
    code, mark = _ground(part)
    row, column = part.tile.edge()
    cell, place = edge_cells(part.tile, own(code))
    found, link = _followed(code.reshape(-1), mark.reshape(-1), code.shape[1], cell, place)
    return _Told(part.tile.number, inner(code)[row, column], found, link)


@njit(cache=True, nogil=True)
def _followed(
    code: Codes, mark: Floats, width: int, cell: Integers, place: Integers
) -> tuple[Floats, Integers]:
    """For each cell of the edge the mark that it meets in the tile, else where it leaves it."""
    lead = step_by_code(width)
    found, link = np.full(len(cell), np.nan), np.full(len(cell), -1)
    for start in range(len(cell)):
        c = cell[start]
        while code[c] != NO_DATA:
            if not np.isnan(mark[c]):
                found[start] = mark[c]
                break
            step = lead[code[c]]
            if step == 0:
                break
            if code[c + step] == NO_DATA:
                link[start] = place[c]
                break
            c += step
    return found, link


def _met(tiling: Tiling, told: list[_Told]) -> Floats:
    """(n,) for each node what water meets that comes into its tile there."""
    code = np.concatenate([one.code for one in told])
    found = np.concatenate([one.mark for one in told])
    leaves = np.full(len(code), -1, np.int64)
    for one in told:
        nodes = tiling.nodes(tiling.tiles[one.number])
        leaves[nodes] = np.where(one.link >= 0, one.link + nodes.start, -1)
    onward = np.where(leaves >= 0, crossing(tiling, code)[leaves], -1)
    return _chased(onward, found)


@njit(cache=True, nogil=True)
def _chased(onward: Integers, found: Floats) -> Floats:
    """Each node's own mark, else that of the first node onward that has one."""
    known = onward < 0
    for node in range(len(onward)):
        if not np.isnan(found[node]):
            known[node] = True
    for node in range(len(onward)):
        end = node
        while not known[end]:
            end = onward[end]
        mark, c = found[end], node
        while not known[c]:
            known[c], found[c] = True, mark
            c = onward[c]
    return found


def _finished(part: _Part) -> None:
    code, mark = _ground(part)
    code[[0, -1]] = code[:, [0, -1]] = NO_DATA
    row, column = part.tile.edge()
    inner(mark)[row, column] = part.met  # all that is to know of what lies beyond
    grid_store.write(part.target, part.tile, inner(carried(code, mark)))


def carried(code: Codes, mark: Floats) -> Floats:
    """The marks of a padded grid carried upstream, in place."""
    _carry(code.reshape(-1), mark.reshape(-1), code.shape[1])
    return mark


@njit(cache=True, nogil=True)
def _carry(code: Codes, mark: Floats, width: int) -> None:
    lead = step_by_code(width)
    known = ~np.isnan(mark)
    for start in range(len(code)):
        c = start
        while not known[c] and code[c] != NO_DATA and lead[code[c]] != 0:
            c += lead[code[c]]
        met, c = mark[c], start
        while not known[c] and code[c] != NO_DATA:
            known[c], mark[c] = True, met
            c += lead[code[c]]
