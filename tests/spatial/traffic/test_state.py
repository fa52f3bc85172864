"""Speeds of links from what is measured: matched, estimated where nothing is, judged."""

import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.traffic.congestion import incidents, travel_time_index
from spatial.traffic.estimate import Near, along_network, estimate, krige
from spatial.traffic.map_matching import Matcher
from spatial.traffic.travel import Roads


def grid(side=5, block=200.0):
    """Two-way streets of a square grid; node (row, column) has the id side * row + column + 1."""
    ends = [
        (side * r + c, side * (r + a) + c + b)
        for r in range(side) for c in range(side) for a, b in ((0, 1), (1, 0))
        if r + a < side and c + b < side
    ]  # fmt: skip
    both = np.array(ends + [(b, a) for a, b in ends])
    place = np.array([(c * block, r * block) for r in range(side) for c in range(side)])
    rows = pd.DataFrame({
        "fid": np.arange(len(both)) + 1, "from_node": both[:, 0] + 1, "to_node": both[:, 1] + 1,
        "minutes": 1.0, "length_m": block,
    })  # fmt: skip
    return Roads.of(rows, shapely.linestrings(place[both]))


def driven(roads, nodes, every=40.0):
    """Points along a way through nodes, at 10 m/s."""
    line = shapely.LineString(roads.place[np.array(nodes) - 1])
    along = np.arange(5.0, line.length, every)
    return shapely.get_coordinates(shapely.line_interpolate_point(line, along)), along / 10


def test_a_noisy_trace_is_matched_to_its_way():
    """The links of the way, in their direction, in spite of noise as large as sigma."""
    roads, nodes = grid(), [1, 2, 3, 8, 13, 14, 19, 24]
    points, seconds = driven(roads, nodes)
    noisy = points + np.random.default_rng(1).normal(0, 8, points.shape)
    found = Matcher(roads).match(noisy, seconds)
    assert found.breaks == 0
    links = np.concatenate([one for one, _ in found.passed])
    links = links[np.r_[True, np.diff(links) != 0]]
    graph = roads.graph
    assert graph.node[graph.tail[links]].tolist() == nodes[:-1]
    assert graph.node[graph.head[links]].tolist() == nodes[1:]
    metres = sum(float(one.sum()) for _, one in found.passed)
    assert metres == pytest.approx(10 * (seconds[found.used[-1]] - seconds[found.used[0]]), rel=0.1)


def test_a_trace_breaks_where_no_way_leads_on():
    """A jump of 800 m within a second is none that anybody drove."""
    roads = grid()
    points, seconds = np.array([[50.0, 0.0], [90.0, 0.0], [750.0, 800.0]]), np.array([0, 4, 5.0])
    found = Matcher(roads).match(points, seconds)
    assert found.breaks == 1
    assert len(found.link) == 3
    off = Matcher(roads).match(np.array([[0.0, 5000.0]]), np.zeros(1))
    assert not len(off.used)


def test_distances_along_a_street():
    """From the middle of a link: its own length to the next one's, either way."""
    roads = grid(side=2, block=100.0)
    near = along_network(roads.graph, roads.length, np.array([0]), 100.0)
    told = dict(zip(near.place.tolist(), near.distance.tolist(), strict=True))
    graph = roads.graph
    joined = (graph.tail == graph.head[0]) | (graph.head == graph.tail[0])
    assert told == {0: 0.0} | {int(k): 100.0 for k in np.flatnonzero(joined)}


def test_kriging_by_hand():
    """One neighbour at distance d: mean + exp(-d) / 1.1 of its difference, and the variance."""
    near = Near(np.array([0, 1, 0]), np.array([0, 1, 2]), np.array([0.0, 0.0, 0.5]))
    value = np.array([1.0, 3.0])
    mean, sd = krige(near, np.array([0, 1]), value, 4, 1.0)
    assert mean == pytest.approx([2 - 1 / 1.1, 2 + 1 / 1.1, 2 - np.exp(-0.5) / 1.1, 2])
    assert sd**2 == pytest.approx([1.1 - 1 / 1.1] * 2 + [1.1 - np.exp(-1) / 1.1, 1.1])
    apart, _ = krige(near, np.array([0, 1]), value, 4, 1.0, apart=True)
    assert apart == pytest.approx([2, 2, 2 - np.exp(-0.5) / 1.1, 2])


def test_sensors_that_are_held_out(shared_data):
    """METR-LA: a fifth of the sensors from the others, every two hours of a week.

    Distances are those of its published adjacency, exp(-d²), up- or downstream. The estimate errs
    less than the mean of all sensors at that time, and its interval holds what was measured.
    """
    folder = shared_data / "sensors" / "metr_la_week"
    weight = pd.read_csv(folder / "los_adj.csv", header=None).to_numpy()
    kmh = 1.609344 * pd.read_csv(folder / "los_speed.csv.gz").to_numpy(float)
    weight = np.maximum(weight, weight.T)
    one, other = np.nonzero(weight)
    distance = np.sqrt(-np.log(np.minimum(weight[one, other], 1.0)))
    ours, plain, inside = [], [], []
    for time, now in enumerate(kmh[::24]):
        held = (np.arange(len(now)) % 5 == time % 5) & (now > 0)
        use = np.flatnonzero((now > 0) & ~held)
        row = np.searchsorted(use, one).clip(max=len(use) - 1)
        keep = use[row] == one
        found = estimate(Near(row[keep], other[keep], distance[keep]), use, now[use], len(now))
        error = np.abs(found.mean - now)[held]
        ours.append(error)
        plain.append(np.abs(now[use].mean() - now)[held])
        inside.append(error <= 1.96 * found.deviation[held])
    ours, plain, inside = (np.concatenate(one).mean() for one in (ours, plain, inside))
    print(f"held out: {ours:.2f} km/h, by the mean of all {plain:.2f}; 95 % interval: {inside:.3f}")
    assert ours < 0.8 * plain
    assert 0.9 < inside < 0.98


def test_travel_time_index_by_hand():
    """Two kilometres at half of the free speed and one at the free speed: (4 + 1) / 3."""
    index = travel_time_index(
        np.array([0, 0, 1, -1]), np.array([2000.0, 1000, 500, 9]),
        np.array([30.0, 70, np.nan, 1]), np.array([60.0, 60, 60, 60]), 2,
    )  # fmt: skip
    assert index[0] == pytest.approx(5 / 3)
    assert np.isnan(index[1])


def test_incidents_are_runs_far_below_the_usual():
    steady = np.full(12, 60.0) + np.tile([0.5, -0.5], 6)
    fell = steady.copy()
    fell[4:7] = [20, 15, 25]
    once = steady.copy()
    once[3] = 10
    gap = fell.copy()
    gap[5] = np.nan
    found = incidents(np.array([steady, fell, once, gap]))
    assert found.to_numpy().tolist() == [[1, 4, 6, 15.0, pytest.approx(59.5)]]
