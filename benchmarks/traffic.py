"""Traffic: paths against scipy, equilibria by iteration: `python -m benchmarks.traffic [DATA]`.

DATA is the directory of shared data; with it, the published instances are assigned.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from datasets.formats import tntp
from spatial.traffic import tables
from spatial.traffic.demand import Demand
from spatial.traffic.equilibrium import equilibrium, ready
from spatial.traffic.graph import Graph
from spatial.traffic.shortest import Finder

SIDE, ORIGINS, TIMES = 100, 50, 3
INSTANCES = {
    "SiouxFalls/SiouxFalls": (0.0, 0.0),
    "Anaheim/Anaheim": (0.0, 0.0),
    "Chicago-Sketch/ChicagoSketch": (0.02, 0.04),
}


def main() -> dict[str, Any]:
    """Milliseconds for one origin, ours and scipy's; seconds to each gap of each instance."""
    results: dict[str, Any] = {"one to all": paths()}
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    for name, weights in INSTANCES.items() if data else ():
        results[name] = assigned(data / "traffic" / "tntp" / name, *weights) if data else None
    return results


def paths() -> tuple[float, float]:
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
    print(f"one to all, {len(start):,} links: {1e3 * ours:.2f} ms, scipy {1e3 * theirs:.2f} ms")
    return ours, theirs


def assigned(stem: Path, toll: float, distance: float) -> dict[str, float]:
    """Seconds to relative gaps of 1e-6 and 1e-12."""
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
    return seconds


def frame(path: Path) -> pd.DataFrame:
    """The rows of a file of TNTP, without geometry."""
    (raw,) = tntp.read(path)
    names = [column.name for column in raw.schema]
    return pd.concat([rows.select(names).to_pandas() for rows in raw.rows()], ignore_index=True)


if __name__ == "__main__":
    main()
