"""User equilibria against the published ones, and each other's methods."""

import numpy as np
import pandas as pd
import pytest
from reading import only

from spatial.errors import Invalid
from spatial.traffic import tables
from spatial.traffic.demand import INTRAZONAL, NO_DESTINATION, NO_ORIGIN, UNREACHABLE, Demand
from spatial.traffic.equilibrium import equilibrium
from spatial.traffic.frank_wolfe import by_links, on_free_roads
from spatial.traffic.graph import Graph
from spatial.traffic.link_cost import LinkCost
from spatial.traffic.proof import certificate, imbalance

FILES = {
    "Braess": ("Braess-Example", "Braess"),
    "SiouxFalls": ("SiouxFalls", "SiouxFalls"),
    "Anaheim": ("Anaheim", "Anaheim"),
    "ChicagoSketch": ("Chicago-Sketch", "ChicagoSketch"),
}
# Beckmann's objective and total travel cost, recomputed from the published best-known flows.
KNOWN = {
    "Braess": (386.00000008, 552.0),
    "SiouxFalls": (4231335.28710744, 7480225.3449),
    "Anaheim": (1286032.1710960, 1419913.8511),
    "ChicagoSketch": (17313018.7387478, 18935450.2616),
}
WEIGHTS = {"ChicagoSketch": (0.02, 0.04)}


def frame(path):
    return pd.DataFrame(only(path).rows)


@pytest.fixture(scope="session")
def instance(shared_data, tmp_path_factory):
    def read(name):
        folder, stem = FILES[name]
        place = shared_data / "traffic" / "tntp" / folder
        # away from the file of nodes, whose reference system nobody tells
        alone = tmp_path_factory.mktemp("tntp") / f"{stem}_net.tntp"
        alone.symlink_to(place / f"{stem}_net.tntp")
        table = tables.links(frame(alone), *WEIGHTS.get(name, (0, 0)))
        graph = table.graph()
        demand = Demand.of(graph, *tables.trips(frame(place / f"{stem}_trips.tntp")))
        return graph, table.cost.taken(graph.order), demand, place / f"{stem}_flow.tntp"

    return read


@pytest.mark.parametrize("name", KNOWN)
def test_published_optimum(instance, name):
    graph, cost, demand, published = instance(name)
    found = equilibrium(graph, cost, demand, gap=1e-12)
    assert found.gap <= 1e-12
    objective, total = KNOWN[name]
    assert cost.integral(found.flow) == pytest.approx(objective, rel=1e-9)
    assert found.flow @ cost.at(found.flow) == pytest.approx(total, rel=1e-9)
    assert np.abs(imbalance(graph, demand, found.flow)).max() < 1e-8 * demand.total
    assert certificate(graph, demand, found, 1e-12).holds
    if published.is_file():
        flows = frame(published)
        wanted = dict(
            zip(zip(flows["from"], flows["to"], strict=True), flows.iloc[:, 2], strict=True)
        )
        ends = zip(graph.node[graph.tail].tolist(), graph.node[graph.head].tolist(), strict=True)
        theirs = np.array([wanted[pair] for pair in ends])
        assert found.flow == pytest.approx(theirs, rel=1e-4, abs=0.01)


def test_braess_paradox(instance):
    """Two vehicles on each of three paths, all of which cost 92; 83 without the shortcut."""
    graph, cost, demand, _ = instance("Braess")
    found = equilibrium(graph, cost, demand, gap=1e-13)
    flow = dict(zip(zip(graph.tail + 1, graph.head + 1, strict=True), found.flow, strict=True))
    assert flow == pytest.approx({(1, 3): 4, (1, 4): 2, (3, 2): 2, (3, 4): 2, (4, 2): 4})
    best = equilibrium(graph, cost.marginal(), demand, gap=1e-13)
    assert best.flow @ cost.at(best.flow) == pytest.approx(498)


def random_case(seed, nodes=30, links=140):
    random = np.random.default_rng(seed)
    start, end = random.integers(1, nodes + 1, (2, links))
    time = random.integers(0, 9, links).astype(float)
    graph = Graph.of(start, end)
    power = random.choice([1.0, 1.5, 2.5, 4.0, 0.0], links)
    cost = LinkCost.bpr(time, np.full(links, 0.5), random.uniform(1, 9, links), power, 0 * time)
    pairs = random.integers(1, nodes + 1, (2, 60))
    return graph, cost.taken(graph.order), Demand.of(graph, *pairs, random.uniform(0, 5, 60))


@pytest.mark.parametrize("seed", range(12))
def test_wardrop_on_random_networks(seed):
    """With loops, parallel links, dead ends, free links and powers of all kinds."""
    graph, cost, demand = random_case(seed)
    found = equilibrium(graph, cost, demand, gap=1e-9)
    assert found.gap <= 1e-9
    assert certificate(graph, demand, found, 1e-9).holds
    assert (found.flow >= 0).all()
    by_arcs = by_links(graph, cost, demand, "bi-conjugate", gap=1e-4, most=400)
    ours = cost.integral(found.flow)
    assert ours <= cost.integral(by_arcs.flow) * (1 + 1e-9)
    # for a convex sum, the gap bounds how far above the least it is
    bound = by_arcs.gap * float(by_arcs.flow @ by_arcs.cost)
    assert cost.integral(by_arcs.flow) - ours <= bound * (1 + 1e-6) + 1e-6


@pytest.mark.parametrize(("method", "gap"), [
    ("frank-wolfe", 1e-3), ("conjugate", 1e-4), ("bi-conjugate", 1e-5),
])  # fmt: skip
def test_methods_by_links(instance, method, gap):
    graph, cost, demand, _ = instance("SiouxFalls")
    found = by_links(graph, cost, demand, method, gap=gap, most=2000)
    assert found.gap <= gap
    above = cost.integral(found.flow) - KNOWN["SiouxFalls"][0]
    assert -1e-3 < above <= gap * float(found.flow @ found.cost)
    assert certificate(graph, demand, found, gap).holds


def test_all_or_nothing(instance):
    graph, cost, demand, _ = instance("Anaheim")
    found = on_free_roads(graph, cost, demand)
    assert certificate(graph, demand, found, 1.0).holds
    assert certificate(graph, demand, found, 1e-3).notes[-1].startswith("not converged")


def test_a_warm_start_takes_fewer_iterations(instance):
    graph, cost, demand, _ = instance("Anaheim")
    base = equilibrium(graph, cost, demand, gap=1e-8)
    narrowed = LinkCost(cost.base, cost.factor.copy(), cost.curve)
    narrowed.factor[100] *= 5
    cold = equilibrium(graph, narrowed, demand, gap=1e-6)
    warm = equilibrium(graph, narrowed, demand, gap=1e-6, start=base.bushes)
    assert warm.gap <= 1e-6
    assert len(warm.gaps) <= len(cold.gaps)
    assert narrowed.integral(warm.flow) == pytest.approx(narrowed.integral(cold.flow), rel=1e-6)
    assert np.array_equal(equilibrium(graph, cost, demand, gap=1e-8).flow, base.flow)


def test_system_optimum_costs_no_more(instance):
    graph, cost, demand, _ = instance("SiouxFalls")
    best = equilibrium(graph, cost.marginal(), demand, gap=1e-10)
    total = best.flow @ cost.at(best.flow)
    assert total == pytest.approx(cost.marginal().integral(best.flow))
    assert total < KNOWN["SiouxFalls"][1] * 0.97


def test_trips_that_cannot_travel_are_told_apart():
    # 1 -> 2 -> 3 is a one-way trap; 4 <-> 5 an island; zone 9 is unknown
    graph = Graph.of(np.array([1, 2, 4, 5, 3]), np.array([2, 3, 5, 4, 3]))
    origin, destination = np.array([1, 3, 1, 9, 1, 2, 1]), np.array([3, 1, 4, 1, 9, 2, 3])
    demand = Demand.of(graph, origin, destination, np.array([1.0, 2, 4, 8, 16, 32, 0.5]))
    assert demand.left_out == {
        INTRAZONAL: 32.0, NO_ORIGIN: 8.0, NO_DESTINATION: 16.0, UNREACHABLE: 6.0
    }  # fmt: skip
    assert demand.assigned == 1.5
    ones = np.ones(5)
    cost = LinkCost.bpr(ones, 0.15 * ones, ones, 4 * ones, 0 * ones)
    found = equilibrium(graph, cost, demand)
    assert graph.restored(found.flow).tolist() == [1.5, 1.5, 0, 0, 0]
    assert certificate(graph, demand, found, 1e-6).holds


def test_zones_are_not_passed():
    start, end = np.array([1, 1, 2, 3, 4, 3]), np.array([2, 3, 4, 4, 3, 5])
    graph = Graph.of(start, end).stopping_before(3)
    demand = Demand.of(graph, np.array([1, 1]), np.array([4, 2]), np.array([1.0, 2.0]))
    time = np.array([1.0, 5, 1, 5, 5, 1])
    cost = LinkCost.bpr(time, 0 * time, 0 * time, 0 * time, 0 * time).taken(graph.order)
    found = equilibrium(graph, cost, demand)
    assert graph.restored(found.flow).tolist() == [2, 1, 0, 1, 0, 0]


def test_no_trips_at_all():
    graph = Graph.of(np.array([1]), np.array([2]))
    demand = Demand.of(graph, np.array([], int), np.array([], int), np.array([]))
    cost = LinkCost.bpr(np.ones(1), np.ones(1), np.ones(1), np.ones(1), np.zeros(1))
    assert equilibrium(graph, cost, demand).flow.tolist() == [0]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("time", -1, "link 2 .* free-flow time is negative"),
        ("time", np.nan, "free-flow time"),
        ("b", -0.1, "its b is negative"),
        ("power", 0.5, "its power is between 0 and 1"),
        ("power", np.inf, "power is negative or no number"),
        ("capacity", 0, "capacity is zero or negative"),
        ("capacity", -5, "capacity is zero or negative"),
        ("capacity", np.nan, "capacity is no number"),
        ("capacity", 1e-300, "out of all measure"),
        ("extra", -3, "toll and distance cost is negative"),
    ],
)
def test_links_without_an_equilibrium_are_refused(field, value, message):
    given = {name: np.ones(3) for name in ("time", "b", "capacity", "power", "extra")}
    given["power"] *= 4
    given[field][1] = value
    with pytest.raises(Invalid, match=message):
        LinkCost.bpr(**given)


def test_trips_that_are_no_numbers_are_refused():
    graph = Graph.of(np.array([1]), np.array([2]))
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(Invalid, match="from 1 to 2 are negative or no number"):
            Demand.of(graph, np.array([1]), np.array([2]), np.array([bad]))
