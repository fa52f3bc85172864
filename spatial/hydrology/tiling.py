"""A grid larger than memory in tiles, and how the cells of their edges meet across.

Each fixed-pass algorithm here is of one shape (Barnes 2016, 2017): every tile is worked on alone
and tells of its edge; a graph of all edges is solved; every tile is finished with its share.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from spatial.hydrology.neighbours import COLUMNS, ROWS

type Integers = npt.NDArray[np.int64]

#: Rows and columns of a tile: about 30 MB of work for each core, much of it in the cache.
TILE = 1024


class Spread(Protocol):
    """Maps parts to results in any order, as `spatial.parallel.Parallel.map` does."""

    def __call__[T, R](self, function: Callable[[T], R], parts: Sequence[T], /) -> Iterator[R]: ...


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a grid: its number in row order, where it begins, and its shape."""

    number: int
    top: int
    left: int
    rows: int
    columns: int

    def edge(self) -> tuple[Integers, Integers]:
        """Rows and columns in the tile of the cells of its edge: top, bottom, left, right."""
        row, column, between = (
            np.arange(self.rows), np.arange(self.columns), np.arange(1, self.rows - 1),
        )  # fmt: skip
        rows, columns = [np.zeros_like(column)], [column]
        if self.rows > 1:
            rows += [np.full_like(column, row[-1]), between]
            columns += [column, np.zeros_like(between)]
        if self.rows > 1 and self.columns > 1:
            rows.append(between)
            columns.append(np.full_like(between, column[-1]))
        return np.concatenate(rows), np.concatenate(columns)


@dataclass(frozen=True)
class Tiling:
    """All tiles of a grid, and as nodes, numbered tile by tile, the cells of all their edges.

    tile, row, column: (n,) where each node is in the grid. first: where a tile's nodes begin.
    """

    shape: tuple[int, int]
    size: int
    tiles: tuple[Tile, ...]
    first: Integers
    tile: Integers
    row: Integers
    column: Integers

    @classmethod
    def of(cls, shape: tuple[int, int], size: int = TILE) -> "Tiling":
        """Square tiles of so many cells a side, the last ones smaller."""
        tiles = [
            (top, left, min(size, shape[0] - top), min(size, shape[1] - left))
            for top in range(0, shape[0], size)
            for left in range(0, shape[1], size)
        ]
        made = tuple(Tile(number, *place) for number, place in enumerate(tiles))
        edges = [one.edge() for one in made]
        counts = [len(rows) for rows, _ in edges]
        return cls(
            shape,
            size,
            made,
            np.concatenate([[0], np.cumsum(counts)]),
            np.repeat(np.arange(len(made)), counts),
            np.concatenate([rows + one.top for one, (rows, _) in zip(made, edges, strict=True)]),
            np.concatenate([left + one.left for one, (_, left) in zip(made, edges, strict=True)]),
        )

    def nodes(self, tile: Tile) -> slice:
        """Where the nodes of a tile are among all."""
        return slice(int(self.first[tile.number]), int(self.first[tile.number + 1]))

    def find(self, row: Integers, column: Integers) -> Integers:
        """The nodes at cells of the grid that are on the edges of their tiles."""
        across = -(-self.shape[1] // self.size)
        down, right = row // self.size, column // self.size
        rows = np.minimum(self.size, self.shape[0] - down * self.size)
        columns = np.minimum(self.size, self.shape[1] - right * self.size)
        r, c = row - down * self.size, column - right * self.size
        sides = 2 * columns + r - 1
        slot = np.where(
            r == 0,
            c,
            np.where(r == rows - 1, columns + c, np.where(c == 0, sides, sides + rows - 2)),
        )
        found: Integers = self.first[down * across + right] + slot
        return found

    def crossings(self, k: int) -> tuple[Integers, Integers]:
        """Nodes whose k-th neighbour is a cell of another tile, and that cell's nodes."""
        row, column = self.row + ROWS[k], self.column + COLUMNS[k]
        within = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        here = np.flatnonzero(within)
        row, column = row[here], column[here]
        other = (row // self.size != self.row[here] // self.size) | (
            column // self.size != self.column[here] // self.size
        )
        return here[other], self.find(row[other], column[other])
