"""Positions of a vehicle onto the links that it drove: a hidden Markov model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from spatial.traffic.graph import Floats, Integers
from spatial.traffic.shortest import Finder
from spatial.traffic.travel import Roads

#: Standard deviation of positions, and mean of |way - straight line|, in metres.
SIGMA, BETA = 10.0, 20.0
#: Links further away than so many sigmas are no candidates; nor more than so many at one point.
FAR, MOST = 5.0, 12
#: Nobody drives faster, in metres a second; and no way is so much longer than the straight line.
FASTEST, WINDING, LONGER = 60.0, 3.0, 500.0


@dataclass(frozen=True)
class Matched:
    """Where a trace went. used: (k,) which of its points count, by place in what was given.

    link: (k,) the link of each in the graph's order, and along: how many metres along it. passed:
    for each but the last the links that were driven until the next, and the metres on each of
    them; none where the trace breaks, because no way leads on.
    """

    used: Integers
    link: Integers
    along: Floats
    passed: tuple[tuple[Integers, Floats], ...]

    @property
    def breaks(self) -> int:
        """How often no way led on."""
        return sum(not len(links) for links, _ in self.passed)


class Matcher:
    """Matches traces to one network, whose coordinates and lengths are in metres."""

    def __init__(self, roads: Roads, sigma: float = SIGMA, beta: float = BETA) -> None:
        self._roads, self._sigma, self._beta = roads, sigma, beta
        self._tree = shapely.STRtree(roads.shape)
        self._finder: Finder = roads.finder("distance")
        # lengths are over the ground, lines in the plane of the map
        self._scale = roads.length / np.maximum(shapely.length(roads.shape), 1e-9)

    def match(self, points: Floats, seconds: Floats) -> Matched:
        """The likeliest way through points (k, 2) at ascending times (k,).

        Emission exp(-d² / 2 sigma²) of the distance d to the link; transition exp(-|w - s| / beta)
        of the way w and the straight line s between two points; the likeliest chain by Viterbi's
        algorithm (Newson and Krumm 2009). Points nearer than two sigmas to the last are passed
        over, as there, and those without a link near.
        """
        used, candidates = self._candidates(points)
        if not used:
            return Matched(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), ())
        score = [candidates[0][2]]
        back: list[Integers] = []
        for i in range(1, len(used)):
            straight = float(np.hypot(*(points[used[i]] - points[used[i - 1]])))
            span = float(seconds[used[i]] - seconds[used[i - 1]])
            step = self._steps(candidates[i - 1], candidates[i], straight, span)
            whole = score[-1][:, None] + step
            best = whole.argmax(axis=0)
            reached = whole[best, np.arange(whole.shape[1])]
            if not np.isfinite(reached).any():  # a break: the trace begins anew
                back.append(np.full(whole.shape[1], -1))
                score.append(candidates[i][2])
                continue
            back.append(best)
            score.append(reached + candidates[i][2])
        chosen = np.empty(len(used), np.int64)
        chosen[-1] = score[-1].argmax()
        for i in range(len(used) - 1, 0, -1):
            before = back[i - 1][chosen[i]]
            chosen[i - 1] = before if before >= 0 else score[i - 1].argmax()
        link = np.array([one[0][at] for one, at in zip(candidates, chosen, strict=True)])
        along = np.array([one[1][at] for one, at in zip(candidates, chosen, strict=True)])
        passed = tuple(
            self._passed(link[i], along[i], link[i + 1], along[i + 1])
            if back[i][chosen[i + 1]] >= 0 else (np.zeros(0, np.int64), np.zeros(0))
            for i in range(len(used) - 1)
        )  # fmt: skip
        return Matched(np.array(used), link, along, passed)

    def _candidates(self, points: Floats) -> tuple[list[int], list[tuple[Any, Any, Any]]]:
        """Points that count, and of each the links near, metres along them, and log-likelihood."""
        used: list[int] = []
        found: list[tuple[Any, Any, Any]] = []
        for i, place in enumerate(points):
            if used and np.hypot(*(place - points[used[-1]])) < 2 * self._sigma:
                continue
            point = shapely.Point(place)
            near = self._tree.query(point, "dwithin", distance=FAR * self._sigma)
            if not len(near):
                continue
            lines = self._roads.shape[near]
            far = shapely.distance(lines, point)
            order = np.argsort(far, kind="stable")[:MOST]
            near, far = near[order], far[order]
            along = shapely.line_locate_point(lines[order], point) * self._scale[near]
            used.append(i)
            found.append((near, along, -0.5 * (far / self._sigma) ** 2))
        return used, found

    def _steps(self, one: Any, other: Any, straight: float, span: float) -> Floats:
        """(a, b) the log-likelihood of going from each candidate to each of the next point."""
        graph, length = self._roads.graph, self._roads.length
        limit = WINDING * straight + LONGER
        way = np.full((len(one[0]), len(other[0])), np.inf)
        for row, (link, along) in enumerate(zip(one[0], one[1], strict=True)):
            self._finder.reach(int(graph.head[link]), limit)
            rest = length[link] - along
            way[row] = rest + self._finder.label[graph.tail[other[0]]] + other[1]
            same = (other[0] == link) & (other[1] >= along - 2 * self._sigma)
            way[row, same] = np.maximum(0.0, other[1][same] - along)
        way[(way > limit) | (way > FASTEST * max(span, 1.0))] = np.inf
        return np.asarray(-np.abs(way - straight) / self._beta)

    def _passed(self, a: int, start: float, b: int, end: float) -> tuple[Integers, Floats]:
        """The links between two matched points, and the metres on each."""
        if a == b and end >= start - 2 * self._sigma:
            return np.array([a]), np.array([max(0.0, end - start)])
        graph, length = self._roads.graph, self._roads.length
        self._finder.reach(int(graph.head[a]))
        between = self._finder.path(int(graph.tail[b]))
        links = np.concatenate([[a], between, [b]]).astype(np.int64)
        metres = length[links].copy()
        metres[0], metres[-1] = max(0.0, length[a] - start), end
        return links, metres
