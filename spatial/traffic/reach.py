"""From many origins to many places: origins in parts, worked on wherever there is room."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from spatial.analyses.run import Run
from spatial.analyses.selection import Selection
from spatial.asof import AsOf
from spatial.grant import Grant
from spatial.parallel import database_here
from spatial.traffic.graph import Floats, Integers
from spatial.traffic.reading import roads_here
from spatial.traffic.travel import Roads

#: Links that one part of origins may pass, each origin all of the network's.
PART = 100_000_000


@dataclass(frozen=True, slots=True)
class Reached:
    """Pairs of an origin and a goal, by their places in what was asked, and the least cost."""

    origin: Integers
    goal: Integers
    cost: Floats


@dataclass(frozen=True, slots=True)
class Reacher:
    """Finds from a part of the origins the goals within a limit; reads the network itself."""

    conninfo: str = field(repr=False)
    network: str | Selection
    asof: AsOf
    grant: Grant
    by: str
    limit: float
    goal: Integers

    def __call__(self, part: tuple[int, Integers]) -> Reached:
        """first: the place of the part's first origin among all; then nodes, by their index."""
        first, origins = part
        roads, _ = roads_here(database_here(self.conninfo), self.network, self.asof, self.grant)
        return within(roads, origins, self.goal, self.by, self.limit, first)


def within(
    roads: Roads, origins: Integers, goals: Integers, by: str, limit: float, first: int = 0
) -> Reached:
    """The pairs of nodes (o,) and (g,) that a path of at most `limit` joins, by origin."""
    finder, rows, columns, costs = roads.finder(by), [], [], []
    for row, origin in enumerate(origins, first):
        finder.reach(int(origin), limit)
        cost = finder.label[goals]
        near = np.flatnonzero(np.isfinite(cost))
        rows.append(np.full(len(near), row))
        columns.append(near)
        costs.append(cost[near])
    if not rows:
        return Reached(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Reached(np.concatenate(rows), np.concatenate(columns), np.concatenate(costs))


def reach(
    run: Run,
    network: str | Selection,
    roads: Roads,
    origins: Integers,
    goals: Integers,
    by: str,
    limit: float = np.inf,
) -> Reached:
    """The same as `within`, in parts by origin; parallel equals serial."""
    parts = list(divided(origins, len(roads.minutes), PART))
    if len(parts) <= 1:
        return within(roads, origins, goals, by, limit)
    task = Reacher(run.database.conninfo, network, run.asof, run.grant, by, limit, goals)
    found = list[Reached]()
    for one in run.parallel.map(task, parts):
        found.append(one)
        run.progress(0.1 + 0.8 * len(found) / len(parts), f"{len(found)} of {len(parts)} parts")
    found = [one for one in found if len(one.origin)]
    found.sort(key=lambda one: int(one.origin[0]))
    if not found:
        return within(roads, origins[:0], goals, by, limit)
    return Reached(
        np.concatenate([one.origin for one in found]),
        np.concatenate([one.goal for one in found]),
        np.concatenate([one.cost for one in found]),
    )


def divided(origins: Integers, links: int, at_most: int) -> Iterator[tuple[int, Integers]]:
    """The origins in parts of about the same work, each with the place of its first."""
    size = max(1, at_most // max(1, links))
    for first in range(0, len(origins), size):
        yield first, origins[first : first + size]
