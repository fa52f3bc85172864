"""Water over the ground through time: steps as long as they are stable, over several threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from spatial.errors import Invalid
from spatial.hydrology.shallow import kernel, links
from spatial.hydrology.shallow.ground import Ground
from spatial.hydrology.shallow.kernel import GRAVITY, Doubles, Tiles
from spatial.hydrology.shallow.links import Link
from spatial.hydrology.shallow.observe import HAZARD, observe
from spatial.hydrology.shallow.series import Series
from spatial.hydrology.shallow.sources import Inflow, Source
from spatial.hydrology.shallow.state import State
from spatial.hydrology.shallow.tiling import Tiling

#: Fewer cells than this are not worth a second thread.
_WORTH = 50_000
#: The peaks are looked at once in so many steps.
_LOOK = 10
#: The depth (m) that sets the longest step where all is dry, and the most by which an inflow
#: raises its cells in a step where nothing deeper is there.
_SHALLOW, _RISE = 0.01, 0.1


@dataclass(frozen=True)
class Flood:
    """A ground with what feeds and empties it.

    rain: m/s over all of the ground. courant: the step is courant × dx / sqrt(g × deepest).
    weight: of a face's own discharge, against its neighbours'; 1 is the scheme of Bates (2010).
    """

    ground: Ground
    rain: Series = field(default_factory=lambda: Series.constant(0.0))
    sources: Sequence[Source] = ()
    links: Sequence[Link] = ()
    courant: float = 0.7
    weight: float = 0.8

    def __post_init__(self) -> None:
        if (self.rain.values < 0).any():
            raise Invalid("rain must not be negative")
        if not 0 < self.courant <= 1:
            raise Invalid("the Courant number must be above 0 and at most 1")
        links.check(self.links, self.ground)

    def start(self, depth: Doubles | float = 0.0) -> State:
        """Still water of some depth, by default none."""
        h = np.broadcast_to(np.asarray(depth, float), self.ground.shape)
        return State.still(self.ground, h, len(self.tiling.tiles), len(self.links))

    @property
    def tiling(self) -> Tiling:
        return Tiling.of(self.ground.shape)

    def advance(
        self,
        state: State,
        until: float,
        *,
        threads: int = 1,
        tell: Callable[[float], None] | None = None,
    ) -> None:
        """Take the state on to `until` seconds; the result does not depend on the threads.

        tell: is told the time now and then.
        """
        with _crew(threads) as crew:
            step = _Step(self, state, crew)
            while state.time < until:
                step.take(until)
                if state.steps % _LOOK == 0 or state.time >= until:
                    step.look()
                    if tell is not None:
                        tell(state.time)


@contextmanager
def _crew(threads: int) -> Iterator[ThreadPoolExecutor | None]:
    if threads <= 1:
        yield None
        return
    with ThreadPoolExecutor(threads) as pool:
        yield pool


class _Step:
    """Steps of one flood from one state, with the room that they need."""

    def __init__(self, flood: Flood, state: State, crew: ThreadPoolExecutor | None) -> None:
        self.flood, self.state, self.crew = flood, state, crew
        self.tiling = flood.tiling
        count = len(self.tiling.tiles)
        self.spare = np.zeros_like(state.qx), np.zeros_like(state.qy)
        self.hasty, self.sums = np.zeros(count, bool), np.zeros((count, 3))
        self.active = np.zeros(count, bool)
        self.gain = float(flood.ground.gain.sum(dtype=float)) * flood.ground.area
        self.always = np.zeros(count, bool)
        for source in flood.sources:
            self.always |= self.tiling.holding(source.cells.rows, source.cells.columns)
        for link in flood.links:
            for cell in (link.start, link.end):
                if cell is not None:
                    self.always |= self.tiling.holding(*np.array([cell]).T)

    def take(self, until: float) -> None:
        """One step, no further than `until`."""
        state, ground, dx = self.state, self.flood.ground, self.flood.ground.dx
        dt = self._stable()
        last = state.time + dt >= until
        dt = until - state.time if last else dt
        rain = self.flood.rain.total(state.time, state.time + dt)
        chosen = self._choose(raining=rain > 0)
        tiles, (qx, qy), h = self.tiling.tiles, self.spare, state.h
        self._each(
            chosen, kernel.flow, ground.z, ground.crest_x, ground.crest_y, ground.friction, h,
            state.qx, state.qy, qx, qy, dt, dx, self.flood.weight, self.hasty,
        )  # fmt: skip
        if self.hasty[chosen].any():
            doubtful = np.flatnonzero(self.tiling.before(self.hasty & self.active) & self.active)
            self._each(doubtful, kernel.hold, h, qx, qy, dt, dx)
        self._each(
            chosen, kernel.store, h, qx, qy, dt, dx, rain, ground.gain, ground.soil,
            ground.drains, self.sums,
        )  # fmt: skip
        self.spare, state.qx, state.qy = (state.qx, state.qy), qx, qy
        sums, balance = self.sums[chosen], state.balance
        balance.rain += rain * self.gain
        balance.infiltrated += float(sums[:, 1].sum()) * ground.area
        balance.drained += float(sums[:, 2].sum()) * ground.area
        state.wet = np.zeros(len(tiles), bool)
        state.wet[chosen] = sums[:, 0] > 0
        state.deepest = float(sums[:, 0].max(initial=0.0))
        for source in self.flood.sources:
            entered, left = source.act(h, state.time, dt)
            deepest = h[source.cells.rows, source.cells.columns].max()
            state.deepest = max(state.deepest, float(deepest))
            balance.entered += entered
            balance.left += left
        balance.pumped_out += links.move(self.flood.links, state.running, ground, h, state.time, dt)
        state.time = until if last else state.time + dt
        state.steps += 1

    def _stable(self) -> float:
        """Seconds: what the deepest water allows, and what the inflows do."""
        state, flood = self.state, self.flood
        dt = flood.courant * flood.ground.dx / sqrt(GRAVITY * max(state.deepest, _SHALLOW))
        for source in flood.sources:
            if isinstance(source, Inflow) and (rise := source.rise(state.time)) > 0:
                dt = min(dt, max(state.deepest, _RISE) / rise)
        return dt

    def look(self) -> None:
        """Raise the peaks by what is there now."""
        state = self.state
        chosen = np.flatnonzero(state.wet | self.always)
        self._each(
            chosen, observe, state.h, state.qx, state.qy, state.time, HAZARD,
            *state.peaks.arrays().values(),
        )  # fmt: skip

    def _choose(self, *, raining: bool) -> Tiles:
        """The tiles that this step goes through; in those that fall dry the water stands still."""
        wet = self.state.wet | self.always
        active = np.ones_like(wet) if raining else self.tiling.spread(wet)
        for top, bottom, left, right in self.tiling.tiles[self.active & ~active]:
            for q in (self.state.qx, self.state.qy, *self.spare):
                q[top:bottom, left:right] = 0
        self.active = active
        return np.flatnonzero(active)

    def _each(self, chosen: Tiles, work: Callable[..., None], *arrays: object) -> None:
        """Work through the tiles, in as many parts as there are threads."""
        tiles = self.tiling.tiles
        cells = len(chosen) * self.state.h.size // len(tiles)
        if self.crew is None or cells < _WORTH:
            work(tiles, chosen, *arrays)
            return
        parts = np.array_split(chosen, self.crew._max_workers)
        for done in [self.crew.submit(work, tiles, part, *arrays) for part in parts]:
            done.result()
