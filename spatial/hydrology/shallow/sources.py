"""Where water enters and leaves the grid: inflows, given levels, open edges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial.errors import Invalid
from spatial.hydrology.shallow.ground import Ground, Mask
from spatial.hydrology.shallow.kernel import GRAVITY, Doubles, Tiles
from spatial.hydrology.shallow.series import Series

#: The least slope (m/m) at which water leaves by an open edge.
LEAST_SLOPE = 1e-3
_NEWTON = 12


@dataclass(frozen=True)
class Cells:
    """Some cells of a grid, each once; raises Invalid for none, and for cells without ground."""

    ground: Ground
    rows: Tiles
    columns: Tiles

    def __post_init__(self) -> None:
        if not len(self.rows):
            raise Invalid("a source lies outside the grid")
        if not self.ground.open[self.rows, self.columns].all():
            raise Invalid("a source lies on a block or where there is no ground")


@dataclass(frozen=True)
class Inflow:
    """A discharge in m³/s, spread evenly over cells; negative takes away what is there."""

    cells: Cells
    discharge: Series

    def rise(self, time: float) -> float:
        """How fast it would raise its cells, m/s."""
        return abs(self.discharge.at(time)) / (len(self.cells.rows) * self.cells.ground.area)

    def act(self, h: Doubles, start: float, dt: float) -> tuple[float, float]:
        """Change the depths over a step; what entered and what left, m³."""
        where, area = (self.cells.rows, self.cells.columns), self.cells.ground.area
        wanted = self.discharge.total(start, start + dt) / (len(where[0]) * area)
        old = h[where]
        new = np.maximum(old + wanted, 0.0)
        h[where] = new
        if wanted >= 0:
            return wanted * len(old) * area, 0.0
        return 0.0, float((old - new).sum()) * area


@dataclass(frozen=True)
class Level:
    """Cells whose water stands at a given level, m above the datum of the bed."""

    cells: Cells
    level: Series

    def act(self, h: Doubles, start: float, dt: float) -> tuple[float, float]:
        """Change the depths at the end of a step; what entered and what left, m³."""
        where, ground = (self.cells.rows, self.cells.columns), self.cells.ground
        new = np.maximum(self.level.at(start + dt) - ground.z[where].astype(float), 0.0)
        change = (new - h[where]) * ground.area
        h[where] = new
        return float(change[change > 0].sum()), -float(change[change < 0].sum())


@dataclass(frozen=True)
class Outlet:
    """Cells with an open edge, where water leaves at normal depth: q = h^(5/3) sqrt(slope) / n.

    rate: (cells,) edges × sqrt(slope) / (n dx), so that dh/dt = -rate h^(5/3).
    """

    cells: Cells
    rate: Doubles

    @classmethod
    def of(cls, ground: Ground, where: Mask, slope: float | None = None) -> "Outlet | None":
        """Of chosen cells, where they lie at the edge of the ground; None where none does.

        slope: m/m; without it that of the bed towards the edge, at least LEAST_SLOPE.
        """
        rows, columns = np.nonzero(where & ground.open)
        outward, edges = _towards_the_edge(ground)
        at = edges[rows, columns] > 0
        rows, columns = rows[at], columns[at]
        if not len(rows):
            return None
        fall = outward[rows, columns] if slope is None else np.full(len(rows), slope)
        if (fall <= 0).any():
            raise Invalid("the slope of an outlet must be positive")
        n = np.sqrt(ground.friction[rows, columns].astype(float) / GRAVITY)
        rate = edges[rows, columns] * np.sqrt(fall) / (n * ground.dx)
        return cls(Cells(ground, rows, columns), rate)

    def act(self, h: Doubles, start: float, dt: float) -> tuple[float, float]:
        """Let out what leaves in a step, solved implicitly; what entered and what left, m³."""
        where = (self.cells.rows, self.cells.columns)
        old = h[where]
        new, gone = old.copy(), dt * self.rate
        for _ in range(_NEWTON):
            third = np.cbrt(new)
            squared = third * third
            new -= (new + gone * new * squared - old) / (1 + gone * 5 / 3 * squared)
        new = np.clip(new, 0.0, old)
        h[where] = new
        return 0.0, float((old - new).sum()) * self.cells.ground.area


type Source = Inflow | Level | Outlet


def downstream(ground: Ground, inflows: Sequence[Source]) -> Mask:
    """The cells at the edge of the ground whose bed falls towards it.

    With inflows, only those below half the way from the lowest inflow to the lowest of them: the
    edge that a river enters by is none that it leaves by.
    """
    slope, edges = _towards_the_edge(ground)
    where = (edges > 0) & (slope > LEAST_SLOPE) & ground.open
    if where.any() and inflows:
        entry = min(float(ground.z[one.cells.rows, one.cells.columns].min()) for one in inflows)
        lowest = float(ground.z[where].min())
        where &= ground.z <= max((entry + lowest) / 2, lowest)
    return where


def _towards_the_edge(ground: Ground) -> tuple[Doubles, Doubles]:
    """Of each cell the bed's slope towards its edges, at least LEAST_SLOPE, and how many it has.

    A block, such as a building, is no edge.
    """
    z = np.where(ground.open, ground.z, np.nan).astype(float)
    padded = np.pad(z, 1, constant_values=np.nan)
    beyond = np.pad(ground.void, 1, constant_values=True)
    edges, slope = np.zeros(z.shape), np.full(z.shape, LEAST_SLOPE)
    for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inner = np.roll(padded, -shift, axis)[1:-1, 1:-1]
        edge = np.roll(beyond, shift, axis)[1:-1, 1:-1]
        edges += edge
        fall = (inner - z) / ground.dx
        slope = np.where(edge & (fall > slope), fall, slope)
    return slope, edges
