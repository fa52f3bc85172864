"""Roads become a graph: cut where they truly meet, their ends snapped together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely.ops import substring

from spatial.traffic.graph import Floats, Integers

type Lines = npt.NDArray[Any]


@dataclass(frozen=True)
class Pieces:
    """Roads cut at their junctions: s pieces between n nodes, numbered from 1.

    road: (s,) the road of each piece; line: (s,) its geometry; start, end: (s,) its nodes.
    place: (n, 2) where the nodes are. degree: (n,) pieces at each node. island: (n,) which
    connected part a node is in, 0 the largest. again: pieces left out because an earlier one has
    the same shape, and again_road the road of each; points: roads without length, left out too.
    """

    road: Integers
    line: Lines
    start: Integers
    end: Integers
    place: Floats
    degree: Integers
    island: Integers
    again: Lines
    again_road: Integers
    points: int

    @property
    def repeated(self) -> float:
        """The length of what is left out as a duplicate."""
        return float(shapely.length(self.again).sum())

    def dangling(self) -> Integers:
        """(d,) the places of the nodes at which only one piece ends."""
        return np.flatnonzero(self.degree == 1)

    @property
    def islands(self) -> int:
        """Connected parts beside the largest."""
        return int(self.island.max(initial=0))


def pieces(lines: Lines, level: Sequence[Any], snap: float) -> Pieces:
    """Cut lines where they meet, and join ends within `snap` (unit of the coordinates).

    Roads meet where the end of one lies on another, and where both have a vertex at the same
    place and the same `level` (bridge, tunnel, layer; one for each line). Lines that only cross
    do not meet: one passes over the other.
    """
    parts, road = shapely.get_parts(shapely.force_2d(lines), return_index=True)
    real = shapely.length(parts) > 0
    parts, road, points = parts[real], road[real], int((~real).sum())
    cut, owner = _cut(parts, _meetings(parts, np.asarray(level, object)[road], snap), snap)
    _, first = np.unique(shapely.to_wkb(shapely.normalize(cut)), return_index=True)
    first.sort()
    again, again_road = np.delete(cut, first), road[np.delete(owner, first)]
    cut, owner = cut[first], owner[first]
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(cut, k)) for k in (0, -1)])
    node, place = _joined(ends, snap)
    start, end = node[: len(cut)], node[len(cut) :]
    degree = np.bincount(node, minlength=len(place))
    island = _islands(start, end, len(place))
    return Pieces(
        road[owner], cut, start + 1, end + 1, place, degree, island, again, again_road, points
    )


def _meetings(parts: Lines, level: npt.NDArray[Any], snap: float) -> list[tuple[int, float]]:
    """The places where lines are cut: line, and distance along it."""
    vertex, line = shapely.get_coordinates(parts, return_index=True)
    if not len(parts):
        return []
    is_end = np.r_[True, np.diff(line) > 0] | np.r_[np.diff(line) > 0, True]
    found: set[tuple[int, float]] = set()
    _, same, count = np.unique(vertex, axis=0, return_inverse=True, return_counts=True)
    code = np.unique([str(one) for one in level], return_inverse=True)[1][line]
    meeting = (count[same] > 1) & ~is_end
    order = np.lexsort((line, code, same))
    alike = np.flatnonzero(
        (np.diff(same[order]) == 0) & (np.diff(code[order]) == 0) & (np.diff(line[order]) > 0)
    )
    shared = np.zeros(len(vertex), bool)
    shared[order[alike]] = shared[order[alike + 1]] = True
    for at in np.flatnonzero(meeting & shared):
        found.add((int(line[at]), float(parts[line[at]].project(shapely.Point(vertex[at])))))
    ends = shapely.points(vertex[is_end])
    point, other = shapely.STRtree(parts).query(ends, predicate="dwithin", distance=snap)
    along = shapely.line_locate_point(parts[other], ends[point])
    length = shapely.length(parts[other])
    inside = (along > snap) & (along < length - snap) & (line[is_end][point] != other)
    found |= set(zip(other[inside].tolist(), along[inside].tolist(), strict=True))
    return sorted(found)


def _cut(
    parts: Lines, meetings: Sequence[tuple[int, float]], snap: float
) -> tuple[Lines, Integers]:
    """The lines in pieces, and the line of each piece."""
    places: dict[int, list[float]] = {}
    for line, along in meetings:
        places.setdefault(line, []).append(along)
    whole = np.setdiff1d(np.arange(len(parts)), list(places))
    made, owner = [], []
    for line, cuts in places.items():
        length = float(parts[line].length)
        apart = [b for a, b in pairwise([0.0, *cuts]) if b - a > snap and length - b > snap]
        bounds = [0.0, *apart, length]
        for low, high in pairwise(bounds):
            if high > low:
                made.append(substring(parts[line], low, high))
                owner.append(line)
    lines = np.concatenate([parts[whole], np.array(made, object)])
    owners = np.concatenate([whole, np.array(owner, np.int64)])
    order = np.argsort(owners, kind="stable")
    return lines[order], owners[order]


def _joined(ends: Floats, snap: float) -> tuple[Integers, Floats]:
    """The node of each end, ends within `snap` of each other sharing one, and the nodes' places."""
    place, node = np.unique(ends, axis=0, return_inverse=True)
    pairs = cKDTree(place).query_pairs(snap, output_type="ndarray") if len(place) else None
    if pairs is None or not len(pairs):
        return node.astype(np.int64), place
    ones = np.ones(len(pairs), bool)
    graph = coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(place), len(place)))
    count, group = connected_components(graph, directed=False)
    size = np.bincount(group, minlength=count)[:, None]
    middle = np.column_stack([np.bincount(group, place[:, k], count) for k in (0, 1)]) / size
    return group[node].astype(np.int64), middle


def _islands(start: Integers, end: Integers, nodes: int) -> Integers:
    graph = coo_matrix((np.ones(len(start), bool), (start, end)), shape=(nodes, nodes))
    count, part = connected_components(graph, directed=False)
    rank = np.empty(count, np.int64)
    rank[np.argsort(-np.bincount(part, minlength=count), kind="stable")] = np.arange(count)
    return np.asarray(rank[part])
