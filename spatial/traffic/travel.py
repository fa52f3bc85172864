"""Travel over a network: from points to points, each by its nearest node."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from spatial.errors import Invalid
from spatial.traffic import tables
from spatial.traffic.graph import Floats, Graph, Integers
from spatial.traffic.shortest import Finder

_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True)
class Roads:
    """Links ready to travel: the graph, (m,) fids, minutes, lengths and shapes in its order.

    place: (n, 2) where the nodes are. kind: (m,) the class of each link's road, where it is told.
    """

    graph: Graph
    fid: Integers
    minutes: Floats
    length: Floats
    shape: npt.NDArray[Any]
    place: Floats
    kind: npt.NDArray[Any]

    @classmethod
    def of(cls, rows: pd.DataFrame, shape: npt.NDArray[Any]) -> Self:
        """From the links of a network and their lines; raises Invalid for what is missing."""
        if not len(shape):
            raise Invalid("the network holds no links at this moment")
        start, end = tables.ends(rows)
        minutes, length = tables.numbers(rows, tables.TIME), tables.numbers(rows, tables.LENGTH)
        for values in (minutes, length):
            if not (np.isfinite(values) & (values >= 0)).all():
                raise Invalid("minutes and lengths of links must be numbers and not negative")
        graph = Graph.of(start, end)
        if "first_thru_node" in rows:
            graph = graph.stopping_before(tables.first_through(rows))
        shape = shape[graph.order]
        alone = shapely.get_num_geometries(shape) == 1
        shape = np.where(alone, shapely.get_geometry(shape, 0), shape)
        place = node_places(graph, shape)
        fid = np.asarray(rows["fid"], np.int64)
        order = graph.order
        kind = rows["class"] if "class" in rows else pd.Series("", index=rows.index)
        kinds = kind.fillna("").to_numpy(object)[order]
        return cls(graph, fid[order], minutes[order], length[order], shape, place, kinds)

    def finder(self, by: str) -> Finder:
        """Shortest paths by `time` or by `distance`."""
        return Finder(self.graph, self.minutes if by == "time" else self.length)

    def nearest(self, points: Floats) -> Integers:
        """(k,) the node nearest to each point (k, 2); of several at one place the first."""
        tree, first = self._index
        return np.asarray(first[tree.query(points)[1]], np.int64)

    @cached_property
    def _index(self) -> tuple[Any, Integers]:
        place, first = np.unique(self.place, axis=0, return_index=True)
        return cKDTree(place), first.astype(np.int64)

    def along(self, links: Integers) -> Any:
        """One line along some links, in their order."""
        parts = [shapely.get_coordinates(one) for one in self.shape[links]]
        points = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
        return shapely.LineString(points)


def node_places(graph: Graph, shape: npt.NDArray[Any]) -> Floats:
    """(n, 2) where the nodes are, from the lines of the links in the graph's order."""
    if shapely.is_missing(shape).any():
        raise Invalid("the network's links need their lines: make it with 'network'")
    points, line = shapely.get_coordinates(shape, return_index=True)
    begins, ends = (np.searchsorted(line, np.arange(len(shape)), side) for side in _SIDES)
    if (begins == ends).any():
        raise Invalid("a link of the network has an empty line")
    place = np.empty((len(graph.node), 2))
    place[graph.tail], place[graph.head] = points[begins], points[ends - 1]
    return place


def chain(roads: Roads, stops: Sequence[int], by: str) -> list[Integers]:
    """The links of each leg between nodes; raises Invalid where no path leads on."""
    finder, legs = roads.finder(by), []
    for number, (one, other) in enumerate(pairwise(stops), 1):
        finder.reach(one)
        if not np.isfinite(finder.label[other]):
            raise Invalid(f"no path leads from stop {number} to stop {number + 1}")
        legs.append(finder.path(other))
    return legs
