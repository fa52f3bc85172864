"""Forbidden turns: paths over the junctions taken apart are those that may be driven."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from spatial.errors import Invalid
from spatial.traffic.graph import Graph
from spatial.traffic.shortest import Finder
from spatial.traffic.turns import apart, forbidden


def costs(start, end, cost, found, origin, goals):
    """From a node to others, over links and turns."""
    both = np.r_[found.start, found.turn_start], np.r_[found.end, found.turn_end]
    graph = Graph.of(*both).stopping_before(found.first_through)
    price = np.r_[cost, np.zeros(found.turns)]
    finder = Finder(graph, price[graph.order])
    # a junction that was taken apart is its own lowest number
    number = {old: int(np.flatnonzero(found.node == old)[0]) + 1 for old in [origin, *goals]}
    finder.reach(int(graph.index(np.array([number[origin]]))[0]))
    return [finder.label[graph.index(np.array([number[one]]))[0]] for one in goals]


@pytest.mark.parametrize("seed", range(6))
def test_as_over_the_graph_of_links(seed):
    """networkx over the graph whose nodes are links, and edges the turns that are allowed."""
    random = np.random.default_rng(seed)
    nodes, links = 7, 22
    start, end = random.integers(1, nodes + 1, (2, links))
    start, end = (
        np.r_[start, np.arange(1, nodes + 1)],
        np.r_[end, np.roll(np.arange(1, nodes + 1), 1)],
    )
    cost = random.uniform(1, 5, len(start))
    pairs = np.array([(a, b) for a in range(len(start)) for b in range(len(start))
                      if end[a] == start[b]])  # fmt: skip
    banned = pairs[random.random(len(pairs)) < 0.3]
    found = apart(start, end, banned)
    turns = nx.DiGraph()
    no = set(map(tuple, banned.tolist()))
    for a, b in pairs.tolist():
        if (a, b) not in no:
            turns.add_edge(a, b, weight=cost[b])
    for a in range(len(start)):
        turns.add_edge(("from", int(start[a])), a, weight=cost[a])
        turns.add_edge(a, ("to", int(end[a])), weight=0.0)
    goals = list(range(2, nodes + 1))
    told = nx.single_source_dijkstra_path_length(turns, ("from", 1))
    want = [told.get(("to", one), np.inf) for one in goals]
    assert costs(start, end, cost, found, 1, goals) == pytest.approx(want)


def test_which_pairs_are_forbidden():
    """Roads 10, two ways between 1 and 2; 20 from 2 to 3; a turn left, and to turn round at 2."""
    road = np.array([10, 10, 20])
    start, end = np.array([1, 2, 2]), np.array([2, 1, 3])
    turns = pd.DataFrame({"from_road": [10, 10], "to_road": [20, 10]})
    assert sorted(forbidden(turns, road, start, end).tolist()) == [[0, 1], [0, 2], [1, 0]]
    assert not len(forbidden(turns[:0], road, start, end))
    with pytest.raises(Invalid, match="to_road"):
        forbidden(pd.DataFrame({"from_road": [1]}), road, start, end)
