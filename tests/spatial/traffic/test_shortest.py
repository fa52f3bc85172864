"""Shortest paths against networkx."""

import networkx as nx
import numpy as np
import pytest

from spatial.traffic.graph import Graph
from spatial.traffic.shortest import Finder


@pytest.mark.parametrize("least", [0.0, 0.5])
@pytest.mark.parametrize("seed", range(20))
def test_like_networkx(seed, least):
    """With loops, parallel links, closed links, free links and parts that do not hang together."""
    random = np.random.default_rng(seed)
    nodes, links = int(random.integers(2, 60)), int(random.integers(1, 200))
    start, end = random.integers(0, nodes, (2, links))
    graph = Graph.of(start, end)
    cost = random.choice([least, 1.0, 2.5, np.inf, 7.25], links)[graph.order]
    theirs = nx.MultiDiGraph()
    theirs.add_nodes_from(range(len(graph.node)))
    for one, other, weight in zip(graph.tail.tolist(), graph.head.tolist(), cost, strict=True):
        if np.isfinite(weight):
            theirs.add_edge(one, other, weight=float(weight))
    finder = Finder(graph, cost)
    for origin in range(len(graph.node)):
        wanted = nx.single_source_dijkstra_path_length(theirs, origin)
        reached = finder.reach(origin)
        assert set(reached.tolist()) == set(wanted)
        place = np.full(nodes, -1)
        place[reached] = np.arange(len(reached))
        ways = finder.via[reached[1:]]
        assert (place[graph.tail[ways]] < place[graph.head[ways]]).all()
        for node, distance in wanted.items():
            assert finder.label[node] == pytest.approx(distance)
            path = finder.path(node)
            assert cost[path].sum() == pytest.approx(distance)
            assert graph.head[path[:-1]].tolist() == graph.tail[path[1:]].tolist()
        near = nx.single_source_dijkstra_path_length(theirs, origin, cutoff=3.0)
        assert set(finder.reach(origin, 3.0).tolist()) == set(near)
        assert set(np.flatnonzero(np.isfinite(finder.label))) == set(near)


def test_ids_that_are_not_there():
    graph = Graph.of(np.array([5, 9]), np.array([9, 70]))
    assert graph.index(np.array([70, 1, 9, 71])).tolist() == [2, -1, 1, -1]
