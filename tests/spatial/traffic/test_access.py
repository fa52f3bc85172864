"""Accessibility and centrality: worked by hand, against networkx, in parts as in one."""

import networkx as nx
import numpy as np
import pytest

from spatial.errors import Invalid
from spatial.traffic.access import floating_catchment, opportunities, to_nearest
from spatial.traffic.betweenness import centrality
from spatial.traffic.graph import Graph
from spatial.traffic.reach import Reached, divided
from spatial.traffic.travel import Roads


def near(*pairs):
    origin, goal = np.array(pairs).T
    return Reached(origin, goal, np.ones(len(pairs)))


def test_two_steps_by_hand():
    """One hospital of 10 beds for 100 and 300 people, one of 6 for the 300 alone; one unreached."""
    share, idle = floating_catchment(
        near((0, 0), (1, 0), (1, 1)), np.array([100.0, 300.0, 50.0]), np.array([10.0, 6.0, 4.0])
    )
    assert share == pytest.approx([10 / 400, 10 / 400 + 6 / 300, 0])
    assert idle.tolist() == [0, 0, 4]
    assert share @ [100, 300, 50] == pytest.approx(16)


def test_sums_of_what_is_near():
    found = opportunities(near((0, 0), (0, 1), (2, 1)), 3, np.array([5.0, 2.5]))
    assert found.tolist() == [7.5, 0, 2.5]


@pytest.mark.parametrize("people", [[-1.0], [np.nan], [np.inf]])
def test_people_that_are_none(people):
    with pytest.raises(Invalid, match="population"):
        floating_catchment(near((0, 0)), np.array(people), np.ones(1))


@pytest.mark.parametrize("seed", range(10))
def test_betweenness_and_closeness_like_networkx(seed):
    """Integers as costs, so that many paths are equally short; not all is connected."""
    random = np.random.default_rng(seed)
    nodes = int(random.integers(3, 30))
    pairs = {tuple(map(int, one)) for one in random.integers(0, nodes, (90, 2))}
    start, end = np.array(sorted(one for one in pairs if one[0] != one[1])).T
    cost = random.integers(1, 4, len(start)).astype(float)
    theirs = nx.DiGraph()
    theirs.add_weighted_edges_from(zip(start.tolist(), end.tolist(), cost.tolist(), strict=True))
    graph = Graph.of(start, end)
    every = np.arange(len(graph.node))
    found = centrality(graph, cost[graph.order], every, np.inf)
    through = nx.betweenness_centrality(theirs, normalized=False, weight="weight")
    assert found.through == pytest.approx([through[node] for node in graph.node.tolist()])
    over = nx.edge_betweenness_centrality(theirs, normalized=False, weight="weight")
    ends = zip(graph.node[graph.tail].tolist(), graph.node[graph.head].tolist(), strict=True)
    assert found.over == pytest.approx([over[pair] for pair in ends])
    close = nx.closeness_centrality(theirs.reverse(), distance="weight")
    ours = np.divide(found.count**2, found.far * (len(every) - 1), where=found.far > 0,
                     out=np.zeros(len(every)))  # fmt: skip
    assert ours == pytest.approx([close[node] for node in graph.node.tolist()])
    for limit in (2.0, np.inf):
        whole = centrality(graph, cost[graph.order], every, limit)
        parts = [
            centrality(graph, cost[graph.order], part, limit)
            for _, part in divided(every, len(start), 3 * len(start))
        ]
        assert sum(one.over for one in parts) == pytest.approx(whole.over)
        assert np.concatenate([one.count for one in parts]).tolist() == whole.count.tolist()


def test_a_circle_that_can_be_told():
    """On a circle of five one-way links each link carries 1 + 2 + 3 + 4 paths."""
    start = np.arange(5)
    graph = Graph.of(start, (start + 1) % 5)
    found = centrality(graph, np.ones(5), start, np.inf)
    assert found.over.tolist() == [10.0] * 5
    assert found.through.tolist() == [6.0] * 5
    assert found.over.sum() == found.count.sum() + found.through.sum()


@pytest.mark.parametrize("seed", range(5))
def test_the_nearest_of_several_goals_like_networkx(seed):
    random = np.random.default_rng(seed)
    pairs = random.integers(0, 20, (60, 2))
    start, end = pairs[pairs[:, 0] != pairs[:, 1]].T
    cost = random.integers(0, 5, len(start)).astype(float)  # some links cost nothing
    graph = Graph.of(start, end)
    one, own = np.arange(len(start)), cost[graph.order]
    roads = Roads(graph, one, own, own, one, np.zeros((len(graph.node), 2)), one)
    goals = np.array([1, 5, 5])
    theirs = nx.MultiDiGraph()
    theirs.add_nodes_from(range(len(graph.node)))
    theirs.add_weighted_edges_from(zip(graph.head.tolist(), graph.tail.tolist(), own, strict=True))
    told = nx.multi_source_dijkstra_path_length(theirs, {1, 5})
    expected = [told.get(node, np.inf) for node in range(len(graph.node))]
    assert to_nearest(roads, goals, "time").tolist() == expected
    assert np.isinf(to_nearest(roads, goals[:0], "time")).all()
