"""Traffic: paths against scipy and igraph, equilibria against AequilibraE, building a network.

`python -m benchmarks.traffic [DATA]`; DATA is the directory of shared data: with it, the published
instances are assigned. A peer that cannot be had is said to be none.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from benchmarks import peers
from datasets.formats import tntp
from spatial.traffic import tables
from spatial.traffic.demand import Demand
from spatial.traffic.equilibrium import equilibrium, ready
from spatial.traffic.graph import Graph
from spatial.traffic.junctions import pieces
from spatial.traffic.link_cost import LinkCost
from spatial.traffic.shortest import Finder
from spatial.traffic.travel import Roads

SIDE, ORIGINS, TIMES = 100, 50, 3
#: Streets on a side of the city that is built; the peer's gap, ten times as wide as ours.
CITY, PEER_GAP = 160, 1e-5
INSTANCES = {
    "SiouxFalls/SiouxFalls": (0.0, 0.0),
    "Anaheim/Anaheim": (0.0, 0.0),
    "Chicago-Sketch/ChicagoSketch": (0.02, 0.04),
}


def main() -> dict[str, Any]:
    """Milliseconds for one origin, ours and scipy's; seconds to each gap of each instance."""
    results: dict[str, Any] = {"one to all": paths(), "building": building()}
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for name, weights in INSTANCES.items() if data else ():
        results[name] = assigned(data / "traffic" / "tntp" / name, *weights) if data else None
    return results


def asked(**arrays: Any) -> Any:
    """What the peers answer about some arrays; None where they cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "given.npz"
        np.savez(file, **arrays)
        script = Path(__file__).with_name("traffic_peer.py")
        try:
            done = subprocess.run(
                [peers.environment(), script, file], capture_output=True, text=True, check=True
            )
        except subprocess.CalledProcessError as error:
            print(f"no peer: {(error.stderr or '').strip().rpartition('\n')[2]}")
            return None
    return json.loads(done.stdout.strip().rpartition("\n")[2])


def building() -> dict[str, float]:
    """Seconds to cut the streets of a city and index its links, and bytes for each link."""
    at = np.arange(CITY) * 100.0
    rows = [shapely.LineString([(x, y) for x in at]) for y in at]
    rows += [shapely.LineString([(x, y) for y in at]) for x in at]
    began = time.perf_counter()
    made = pieces(np.array(rows, object), [0] * len(rows), 0.5)
    start, end = np.concatenate([made.start, made.end]), np.concatenate([made.end, made.start])
    shape = np.concatenate([made.line, shapely.reverse(made.line)])
    length = shapely.length(shape)
    links = pd.DataFrame({"fid": np.arange(len(start)), "from_node": start, "to_node": end,
                          "minutes": length / 500, "length_m": length})  # fmt: skip
    roads = Roads.of(links, shape)
    seconds = time.perf_counter() - began
    arrays = [*vars(roads.graph).values(), roads.fid, roads.minutes, roads.length, roads.place]
    each = sum(one.nbytes for one in arrays) / len(start)
    print(f"building {len(start):,} links: {seconds:.2f} s, {each:.0f} bytes each in arrays")
    return {"links": len(start), "seconds": seconds, "bytes": each}


def paths() -> tuple[float, float, float | None]:
    """One to all on a grid of streets of some 40,000 links."""
    random = np.random.default_rng(1)
    place = random.permutation(SIDE * SIDE).reshape(SIDE, SIDE)
    one = np.concatenate([place[:, :-1].ravel(), place[:-1].ravel()])
    other = np.concatenate([place[:, 1:].ravel(), place[1:].ravel()])
    start, end = np.concatenate([one, other]), np.concatenate([other, one])
    cost = random.uniform(1, 5, len(start))
    origins = random.integers(0, SIDE * SIDE, ORIGINS)
    graph = Graph.of(start, end)
    finder, matrix = Finder(graph, cost[graph.order]), csr_matrix((cost, (start, end)))
    finder.reach(0)
    ours = theirs = np.inf
    for _ in range(TIMES):
        began = time.perf_counter()
        for origin in origins:
            finder.reach(int(origin))
        middle = time.perf_counter()
        dijkstra(matrix, indices=origins, return_predecessors=True)
        ours = min(ours, (middle - began) / ORIGINS)
        theirs = min(theirs, (time.perf_counter() - middle) / ORIGINS)
    told = asked(start=start, end=end, cost=cost, origin=origins)
    print(f"one to all, {len(start):,} links: {1e3 * ours:.2f} ms, scipy {1e3 * theirs:.2f} ms, "
          f"igraph {1e3 * told if told else np.nan:.2f} ms")  # fmt: skip
    return ours, theirs, told


def assigned(stem: Path, toll: float, distance: float) -> dict[str, float]:
    """Seconds to gaps of 1e-6 and 1e-12, from a solution of other roads, and the peer's to 1e-5."""
    links, trips = (frame(stem.with_name(f"{stem.name}_{part}.tntp")) for part in ("net", "trips"))
    table = tables.links(links, toll, distance)
    graph = table.graph()
    demand = Demand.of(graph, *tables.trips(trips))
    cost = table.cost.taken(graph.order)
    ready()
    seconds: dict[str, float] = {}
    for gap in (1e-6, 1e-12):
        began = time.perf_counter()
        found = equilibrium(graph, cost, demand, gap=gap)
        seconds[f"{gap:g}"] = time.perf_counter() - began
        print(f"{stem.name}: gap {found.gap:.1e} in {seconds[f'{gap:g}']:.3f} s, "
              f"{len(found.gaps) - 1} iterations")  # fmt: skip
    seconds |= warm(graph, cost, demand)
    numbered = {name: links[name].to_numpy(float) for name in ("capacity", "free_flow_time", "b")}
    count = int(max(demand_ids.max() for demand_ids in tables.trips(trips)[:2]))
    matrix = np.zeros((count, count))
    origin, destination, flow = tables.trips(trips)
    matrix[origin - 1, destination - 1] = np.where(origin != destination, flow, 0.0)
    if stem.name.startswith("Chicago"):
        told = asked(
            start=table.start, end=table.end, power=links["power"].to_numpy(float), **numbered,
            fixed=toll * links["toll"].to_numpy(float) + distance * links["length"].to_numpy(float),
            trips=matrix, gap=PEER_GAP,
        )  # fmt: skip
        if told:
            seconds["peer"] = told["seconds"]
            print(f"{stem.name}: AequilibraE's bfw to {told['gap']:.1e} in {told['seconds']:.1f} s:"
                  f" {told['seconds'] / seconds['1e-06']:.0f} times ours to 1e-6")  # fmt: skip
    return seconds


def warm(graph: Graph, cost: LinkCost, demand: Demand) -> dict[str, float]:
    """Seconds to 1e-6 with one link at half of its capacity, from nothing and from a solution."""
    base = equilibrium(graph, cost, demand, gap=1e-6)
    factor = cost.factor.copy()
    factor[np.argmax(base.flow * cost.factor)] *= 2.0**4
    changed = LinkCost(cost.base, factor, cost.curve)
    seconds = {}
    for name, start in (("cold", None), ("warm", base.bushes)):
        began = time.perf_counter()
        equilibrium(graph, changed, demand, gap=1e-6, start=start)
        seconds[name] = time.perf_counter() - began
    print(f"a changed link: {seconds['cold']:.3f} s cold, {seconds['warm']:.3f} s warm")
    return seconds


def frame(path: Path) -> pd.DataFrame:
    """The rows of a file of TNTP, without geometry."""
    (raw,) = tntp.read(path)
    names = [column.name for column in raw.schema]
    return pd.concat([rows.select(names).to_pandas() for rows in raw.rows()], ignore_index=True)


if __name__ == "__main__":
    main()
