"""What is not measured, estimated from the nearest that is: kriging over a network's distances."""

from dataclasses import dataclass

import numpy as np

from spatial.traffic.graph import Floats, Graph, Integers
from spatial.traffic.shortest import Finder

#: Of the nearest measured links at most so many count.
NEIGHBOURS = 8


@dataclass(frozen=True)
class Near:
    """Pairs of a measured place and any place, and how far apart they are over the network.

    measured: (e,) by its place among those that are measured; place: (e,); distance: (e,).
    """

    measured: Integers
    place: Integers
    distance: Floats

    def among(self, chosen: Integers) -> "Near":
        """Only the pairs of some of the measured, ascending, which are numbered anew."""
        at = np.searchsorted(chosen, self.measured).clip(max=max(0, len(chosen) - 1))
        keep = chosen[at] == self.measured
        return Near(at[keep], self.place[keep], self.distance[keep])

    def neighbours(self, places: int, count: int = NEIGHBOURS) -> tuple[Integers, Floats]:
        """(places, count) the nearest that are measured, -1 where there are fewer; how far."""
        order = np.lexsort((self.measured, self.distance, self.place))
        of = self.place[order]
        rank = np.arange(len(of)) - np.searchsorted(of, of)
        keep = rank < count
        who = np.full((places, count), -1)
        far = np.full((places, count), np.inf)
        who[of[keep], rank[keep]] = self.measured[order[keep]]
        far[of[keep], rank[keep]] = self.distance[order[keep]]
        return who, far

    def between(self, one: Integers, other: Integers, places: Integers) -> Floats:
        """How far measured places are from each other, infinite where no pair tells.

        one, other: of any shape, by their place among the measured; places: (p,) where those are.
        """
        wide = int(self.place.max(initial=0)) + 1
        key = self.measured * wide + self.place
        order = np.argsort(key, kind="stable")
        sought = one * wide + places[other]
        if not len(key):
            return np.full(sought.shape, np.inf)
        at = np.minimum(np.searchsorted(key[order], sought), len(key) - 1)
        return np.where(key[order][at] == sought, self.distance[order][at], np.inf)


def along_network(graph: Graph, length: Floats, measured: Integers, limit: float) -> Near:
    """How far links are from the measured ones, middle to middle, up- or downstream.

    length: (m,) metres; measured: (p,) links in the graph's order; no further than `limit`.
    """
    back = Graph.of(graph.head, graph.tail)
    half = length / 2
    ahead, behind = Finder(graph, length), Finder(back, length[back.order])
    who, where, far = [], [], []
    for row, link in enumerate(measured.tolist()):
        ahead.reach(int(graph.head[link]), limit)
        behind.reach(int(graph.tail[link]), limit)
        way = np.minimum(ahead.label[graph.tail], behind.label[graph.head]) + half + half[link]
        way[link] = 0.0
        found = np.flatnonzero(way <= limit)
        who.append(np.full(len(found), row))
        where.append(found)
        far.append(way[found])
    if not who:
        return Near(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Near(np.concatenate(who), np.concatenate(where), np.concatenate(far))


def krige(
    near: Near, measured: Integers, value: Floats, places: int, reach: float, nugget: float = 0.1,
    *, apart: bool = False,
) -> tuple[Floats, Floats]:  # fmt: skip
    """(places,) the expected value of every place and its standard deviation.

    Simple kriging: measured values (p,) at `measured` (p,) have a mean and a variance s², and
    covariance s² exp(-d / reach) over a distance d; `nugget` is the share of s² by which one
    measurement differs from the next at the same place. For a place with covariances k to its
    neighbours and C among them: mean + k C⁻¹ (value - mean), and s² (1 + nugget) - k C⁻¹ k
    (Cressie 1993). Distances over a network need not make C positive: its negative parts are cut
    off. apart: a measured place is estimated without its own value, which tests the method.
    """
    usual, spread = float(value.mean()), float(value.var())
    who, far = near.neighbours(places, NEIGHBOURS + 1)
    if apart:
        own = who == np.searchsorted(measured, np.arange(places))[:, None]
        own &= np.isin(np.arange(places), measured)[:, None]
        far = np.where(own, np.inf, far)
    there = np.isfinite(far)
    some = there.any(axis=1)
    who, far, there = np.where(there, who, 0)[some], far[some], there[some]
    cover = np.exp(-far / reach)
    among = np.exp(-near.between(who[:, :, None], who[:, None, :], measured) / reach)
    among = (among + among.transpose(0, 2, 1)) / 2 * (there[:, :, None] & there[:, None, :])
    diagonal = np.arange(who.shape[1])
    among[:, diagonal, diagonal] = 1.0 + nugget
    root, turn = np.linalg.eigh(among)
    turned = np.einsum("nji,nj->ni", turn, cover) / np.maximum(root, nugget)
    weight = np.einsum("nij,nj->ni", turn, turned)
    mean, variance = np.full(places, usual), np.full(places, spread * (1 + nugget))
    mean[some] += (weight * (value[who] - usual)).sum(axis=1)
    variance[some] -= spread * (weight * cover).sum(axis=1)
    return mean, np.sqrt(np.maximum(variance, 0.0))


@dataclass(frozen=True)
class Estimate:
    """(places,) mean and standard deviation; those of measured places are of the measurement.

    reach, nugget: the model's, as chosen. error: (p,) measured minus estimated from the others.
    """

    mean: Floats
    deviation: Floats
    reach: float
    nugget: float
    error: Floats


def estimate(near: Near, measured: Integers, value: Floats, places: int) -> Estimate:
    """What is measured, and of everything else what `krige` expects.

    Of several reaches and nuggets those are taken with the least squared error where each
    measured place (p,), ascending, is estimated from the others; deviations are scaled so that
    these errors are as large as they say.
    """
    far = near.distance[near.distance > 0]
    usual = float(np.median(far)) if len(far) else 1.0
    tried = []
    for reach in (usual / 2, usual, 2 * usual):
        for nugget in (0.1, 0.3, 1.0):
            mean, deviation = krige(near, measured, value, places, reach, nugget, apart=True)
            error = value - mean[measured]
            tried.append((float(error @ error), reach, nugget, error, deviation[measured]))
    _, reach, nugget, error, told = min(tried, key=lambda one: one[0])
    mean, deviation = krige(near, measured, value, places, reach, nugget)
    surprise = np.divide(error, told, out=np.zeros(len(error)), where=told > 0)
    deviation *= np.sqrt(float(surprise @ surprise) / max(1, len(error)))
    mean[measured], deviation[measured] = value, 0.0
    return Estimate(mean, deviation, reach, nugget, error)
