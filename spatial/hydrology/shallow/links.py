"""Links carry water from one cell to another, or out of the grid: culverts, pumps, sluice gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from spatial.errors import Invalid
from spatial.hydrology.shallow.ground import Ground
from spatial.hydrology.shallow.kernel import GRAVITY, Doubles, Flags
from spatial.hydrology.shallow.series import Series

type Cell = tuple[int, int]


@dataclass(frozen=True)
class Opening:
    """A rectangular opening that joins two cells: a culvert, or a sluice gate that moves.

    invert: level of its floor, m. width, height: m; the height may change with time. length, n: of
    a culvert, for its friction. loss: coefficient of entrance and exit. one_way: a flap lets water
    pass from `start` to `end` only.
    """

    start: Cell
    end: Cell
    invert: float
    width: float
    height: Series
    length: float = 0.0
    manning: float = 0.013
    loss: float = 1.5
    one_way: bool = False

    def discharge(self, above: float, below: float, time: float) -> float:
        """m³/s between two levels, positive from start to end.

        Free flow over its floor as a broad-crested weir, 1.705 w H^1.5, and under pressure or
        drowned Q = A sqrt(2 g dH / (loss + 2 g n² L / R^(4/3))); the smaller of both.
        """
        if above < below:
            return 0.0 if self.one_way else -self._from(below, above, self.height.at(time))
        return self._from(above, below, self.height.at(time))

    def _from(self, high: float, low: float, height: float) -> float:
        head = high - self.invert
        if head <= 0 or height <= 0:
            return 0.0
        depth = min(head, height)
        area = self.width * depth
        radius = area / (self.width + 2 * depth)
        losses = self.loss + 2 * GRAVITY * self.manning**2 * self.length / radius ** (4 / 3)
        drop = high - max(low, self.invert)
        full = area * sqrt(2 * GRAVITY * drop / losses)
        return min(full, 1.705 * self.width * head * sqrt(head))


@dataclass(frozen=True)
class Pump:
    """Lifts water from a cell to another, or out of the grid (`end` None).

    on, off: levels at `start`, m: it starts at or above `on` and runs until the level falls to
    `off`. heads, capacities: m and m³/s, its curve; a single pair is a constant capacity.
    outside: the level that it lifts to where `end` is None.
    """

    start: Cell
    end: Cell | None
    on: float
    off: float
    heads: tuple[float, ...]
    capacities: tuple[float, ...]
    outside: float = 0.0

    def __post_init__(self) -> None:
        if self.off >= self.on:
            raise Invalid("a pump must stop at a lower level than it starts at")
        if len(self.heads) != len(self.capacities) or not self.heads:
            raise Invalid("a pump's curve needs as many capacities as heads")
        if any(a >= b for a, b in zip(self.heads, self.heads[1:], strict=False)):
            raise Invalid("the heads of a pump's curve must ascend")
        if min(self.capacities) < 0:
            raise Invalid("a pump's capacity must not be negative")

    def discharge(self, above: float, below: float) -> float:
        """m³/s while it runs, from one level to another."""
        return float(np.interp(below - above, self.heads, self.capacities))


type Link = Opening | Pump


def check(links: Sequence[Link], ground: Ground) -> None:
    """Raise Invalid where a link begins or ends outside the open ground."""
    for link in links:
        for cell in (link.start, link.end):
            if cell is not None and not ground.open[cell]:
                raise Invalid("a link begins or ends on a block or where there is no ground")


def move(
    links: Sequence[Link], running: Flags, ground: Ground, h: Doubles, time: float, dt: float
) -> float:
    """Let the links carry water over a step, one after the other; m³ that left the grid.

    running: (links,) which pumps run, carried from step to step. No link carries more than there
    is, and no opening more than what evens the two levels.
    """
    out = 0.0
    for k, link in enumerate(links):
        above = float(ground.z[link.start]) + h[link.start]
        if isinstance(link, Pump):
            below = link.outside if link.end is None else float(ground.z[link.end]) + h[link.end]
            running[k] = above > link.off if running[k] else above >= link.on
            depth = link.discharge(above, below) * dt / ground.area if running[k] else 0.0
        else:
            below = float(ground.z[link.end]) + h[link.end]
            depth = link.discharge(above, below, time) * dt / ground.area
            even = abs(above - below) / 2
            depth = min(max(depth, -even), even)
        giver, taker = (link.start, link.end) if depth >= 0 else (link.end, link.start)
        assert giver is not None
        depth = min(abs(depth), h[giver])
        h[giver] -= depth
        if taker is None:
            out += depth * ground.area
        else:
            h[taker] += depth
    return out
