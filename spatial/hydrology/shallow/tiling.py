"""The grid in tiles: those without water, and without wet neighbours, cost nothing."""

from dataclasses import dataclass

import numpy as np

from spatial.hydrology.shallow.kernel import Flags, Tiles

HEIGHT, WIDTH = 32, 256


@dataclass(frozen=True)
class Tiling:
    """tiles: (n, 4) top, bottom, left, right, row by row of `shape`: (down, across)."""

    tiles: Tiles
    shape: tuple[int, int]

    @classmethod
    def of(cls, shape: tuple[int, int]) -> "Tiling":
        """Of a grid of so many rows and columns."""
        rows, columns = (range(0, n, size) for n, size in zip(shape, (HEIGHT, WIDTH), strict=True))
        tiles = [
            (top, min(top + HEIGHT, shape[0]), left, min(left + WIDTH, shape[1]))
            for top in rows
            for left in columns
        ]
        return cls(np.array(tiles), (len(rows), len(columns)))

    def holding(self, rows: Tiles, columns: Tiles) -> Flags:
        """The tiles that hold some cells."""
        held = np.zeros(self.shape, bool)
        held[rows // HEIGHT, columns // WIDTH] = True
        return held.ravel()

    def spread(self, wet: Flags) -> Flags:
        """The tiles that water may reach in a step: wet ones, and those beside."""
        grid = wet.reshape(self.shape)
        wide = grid.copy()
        wide[1:] |= grid[:-1]
        wide[:-1] |= grid[1:]
        wide[:, 1:] |= grid[:, :-1]
        wide[:, :-1] |= grid[:, 1:]
        return wide.ravel()

    def before(self, flags: Flags) -> Flags:
        """The tiles marked, and those to the left of and above one that is."""
        grid = flags.reshape(self.shape)
        wide = grid.copy()
        wide[:-1] |= grid[1:]
        wide[:, :-1] |= grid[:, 1:]
        return wide.ravel()
