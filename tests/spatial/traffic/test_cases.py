"""Several classes, zones, selected links, and solutions that are started from."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import Invalid
from spatial.traffic import solution
from spatial.traffic.case import Case
from spatial.traffic.proof import certificate
from spatial.traffic.reading import Places
from spatial.traffic.select_link import selected
from spatial.traffic.solving import solve
from spatial.traffic.user_class import UserClass, closed, user_classes

CARS, LORRIES = UserClass("car", toll_weight=5.0), UserClass("lorry", pcu=2.0)
# two roads from 1 to 2, 10 + flow / 10 each; the second takes a toll of 1
TWO = pd.DataFrame({
    "init_node": [1, 1], "term_node": [2, 2], "free_flow_time": 10.0, "b": 1.0, "capacity": 100.0,
    "power": 1.0, "toll": [0.0, 1.0],
})  # fmt: skip


def trips(*rows, names=("origin", "destination", "trips", "class")):
    return pd.DataFrame(list(rows), columns=names[: len(rows[0])])


def by_class(case, found):
    flows = found.bushes.by_class(case.demand.kind, len(case.classes), len(found.flow))
    return np.array([case.links(one) for one in flows])


def test_two_classes_by_hand():
    """To a car the toll is 5: with x cars on the free road 10 + x/10 = 15 + (170 - x)/10."""
    pairs = trips((1, 2, 120.0, "car"), (1, 2, 25.0, "lorry"))
    case = Case.of(TWO, pairs, [CARS, LORRIES])
    found = solve(case, gap=1e-12)
    flows = by_class(case, found)
    assert flows == pytest.approx(np.array([[110, 10], [0, 50]]))
    assert case.links(found.cost[0]) == pytest.approx([21, 21])
    assert case.links(found.cost[1]) == pytest.approx([21, 16])
    assert case.cost.total(found.flow, found.bushes.by_class(case.demand.kind, 2, 2)) == (
        pytest.approx(120 * 21 + 50 * 16)
    )
    assert certificate(case.graph, case.demand, found, 1e-12).holds
    with pytest.raises(Invalid, match="need the method 'bush'"):
        solve(case, "frank-wolfe")


def test_a_road_closed_to_a_class():
    rows = TWO.assign(closed_to=["", "lorry, bus"])
    assert closed(rows, [CARS, LORRIES]).tolist() == [[False, False], [False, True]]
    case = Case.of(rows, trips((1, 2, 120.0, "car"), (1, 2, 25.0, "lorry")), [CARS, LORRIES])
    found = solve(case, gap=1e-12)
    assert by_class(case, found)[1].tolist() == [50, 0]
    # cars even out: 10 + (50 + x)/10 = 15 + (120 - x)/10
    assert by_class(case, found)[0] == pytest.approx([60, 60])
    shut = Case.of(rows.iloc[1:], trips((1, 2, 120.0, "car"), (1, 2, 25.0, "lorry")),
                   [CARS, LORRIES])  # fmt: skip
    assert shut.demand.left_out == {"no path leads to the destination": 50.0}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"class": ["car", None]}, "column class"),
        ({"name": ["car"]}, "column class"),
        ({"class": ["car", "car"]}, "one twice"),
        ({"class": ["car"], "pcu": [0.0]}, "'car' has a weight or pcu"),
        ({"class": ["car"], "toll_weight": [-1.0]}, "'car' has a weight or pcu"),
    ],
)
def test_classes_that_are_none(rows, message):
    with pytest.raises(Invalid, match=message):
        user_classes(pd.DataFrame(rows))
    with pytest.raises(Invalid, match="name a class 'bus'"):
        Case.of(TWO, trips((1, 2, 1.0, "bus")), [CARS, LORRIES])


def random_rows(seed, nodes=12, links=60):
    random = np.random.default_rng(seed)
    start, end = random.integers(1, nodes + 1, (2, links))
    rows = pd.DataFrame({
        "init_node": start, "term_node": end, "free_flow_time": random.uniform(1, 9, links),
        "capacity": random.uniform(5, 20, links),
    })  # fmt: skip
    pairs = random.integers(1, nodes + 1, (30, 2))
    return rows, trips(*((*pair, float(n)) for pair, n in zip(pairs, range(30), strict=True)))


@pytest.mark.parametrize("seed", range(6))
def test_selected_links_like_every_path(seed):
    """Against all paths of every bush, each with its share at every node."""
    rows, pairs = random_rows(seed)
    case = Case.of(rows, pairs)
    found = solve(case, gap=1e-10)
    graph, demand, bushes = case.graph, case.demand, found.bushes
    busy = np.argsort(-found.flow)[:2]
    chosen = np.isin(np.arange(len(found.flow)), busy)
    flow, of = selected(graph, demand, bushes, chosen)
    wanted, each = np.zeros(len(flow)), np.zeros(len(of))
    for r, origin in enumerate(demand.origin.tolist()):
        part, carried = nx.MultiDiGraph(), dict[int, float]()
        for k in range(bushes.count[r]):
            if bushes.flow[r, k] > 0:
                link = int(bushes.link[r, k])
                carried[link] = bushes.flow[r, k]
                part.add_edge(int(graph.tail[link]), int(graph.head[link]), key=link)
        into = np.bincount(graph.head[list(carried)], list(carried.values()), len(graph.node))
        for e in range(demand.first[r], demand.first[r + 1]):
            for path in nx.all_simple_edge_paths(part, origin, int(demand.goal[e])):
                links = [key for *_, key in path]
                size = demand.trips[e] * np.prod([carried[a] / into[graph.head[a]] for a in links])
                if chosen[links].any():
                    each[e] += size
                    wanted[links] += size
    assert of == pytest.approx(each)
    assert flow == pytest.approx(wanted)
    assert flow[busy] == pytest.approx(found.flow[busy])


@pytest.mark.parametrize("seed", range(6))
def test_a_start_from_another_network(seed):
    """Links closed and opened, parallel ones too, an origin new and one gone, other trips."""
    rows, pairs = random_rows(seed)
    before = Case.of(rows, pairs)
    base = solve(before, gap=1e-10)
    content = solution.packed(before.graph, before.demand, base.bushes, before.names())
    new = pd.DataFrame({"init_node": [1, 40, 2], "term_node": [40, 2, 3], "free_flow_time": 1.0,
                        "capacity": 9.0})  # fmt: skip
    changed = pd.concat([rows.drop(index=[3, 8, 20]), new], ignore_index=True)
    more = pd.concat([pairs[pairs["origin"] != 5], trips((40, 6, 7.0), (9, 40, 3.0))])
    after = Case.of(changed, more.assign(trips=more["trips"] * 1.2))
    start = solution.unpacked(content, after.graph, after.demand, after.names())
    warm, cold = solve(after, gap=1e-11, start=start), solve(after, gap=1e-11)
    assert warm.gap <= 1e-11
    assert after.cost.integral(warm.flow) == pytest.approx(after.cost.integral(cold.flow))
    assert certificate(after.graph, after.demand, warm, 1e-11).holds
    again = solution.unpacked(content, before.graph, before.demand, before.names())
    assert len(solve(before, gap=1e-9, start=again).gaps) == 1
    with pytest.raises(Invalid, match="no solution"):
        solution.unpacked(b"x", after.graph, after.demand, after.names())


def test_zones_join_near_junctions():
    """A square of streets that can be left everywhere, with a blind one-way street nearer by."""
    corners = [(0, 0), (600, 0), (600, 600), (0, 600)]
    ends = [(a, b) for k in range(4) for a, b in ((k, (k + 1) % 4), ((k + 1) % 4, k))] + [(0, 4)]
    points = [*corners, (-300, 0)]
    rows = gpd.GeoDataFrame(
        {"fid": range(1, 10), "from_node": [a for a, _ in ends], "to_node": [b for _, b in ends],
         "minutes": 1.0, "length_m": 600.0, "capacity": 100.0},
        geometry=[shapely.LineString([points[a], points[b]]) for a, b in ends],
    )  # fmt: skip
    frame = gpd.GeoDataFrame({"fid": [7, 8, 9]}, geometry=[shapely.Point(0, 0)] * 3)
    zones = Places(None, frame, np.array([[-400.0, 0], [700, 600], [90_000, 0]]))
    case = Case.of(
        rows,
        trips((7, 8, 10.0), (8, 9, 4.0)),
        zones=zones,
    )
    assert case.alone == 1
    assert case.demand.left_out == {"the destination is no node of the network": 4.0}
    found = solve(case, gap=1e-12)
    assert case.links(found.flow)[8] == 0
    proof = certificate(case.graph, case.demand, found, 1e-12, alone=case.alone)
    assert proof.holds
    assert "1 zones have no junction near enough" in proof.notes[-1]
    # at 20 km/h past the near corner to that above it, along one side, and on
    least = case.links(found.cost)[5]
    assert found.flow @ found.cost == pytest.approx(
        10 * (3 * np.hypot(0.4, 0.6) + least + 3 * 0.1), rel=1e-6
    )
