"""What AequilibraE and igraph do of the same, in the peers' environment: `traffic_peer.py FILE`.

FILE is a numpy archive of links and origins, and of trips where there are any; the answer is
seconds, as JSON.
"""

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

type Arrays = Mapping[str, Any]


def paths(given: Arrays) -> float:
    """Seconds of igraph for the distances from one origin to all."""
    import igraph

    graph = igraph.Graph(
        n=int(given["end"].max()) + 1,
        edges=np.column_stack([given["start"], given["end"]]),
        directed=True,
    )
    cost, best = given["cost"].tolist(), np.inf
    for _ in range(3):
        began = time.perf_counter()
        for origin in given["origin"].tolist():
            graph.distances(source=[origin], weights=cost)
        best = min(best, time.perf_counter() - began)
    return best / len(given["origin"])


def assigned(given: Arrays) -> dict[str, float]:
    """Seconds of AequilibraE's bi-conjugate Frank-Wolfe, and the gap that it came to."""
    import pandas as pd
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

    names = ("capacity", "free_flow_time", "b", "power", "fixed")
    graph = Graph()
    graph.network = pd.DataFrame({
        "link_id": np.arange(len(given["start"])) + 1, "a_node": given["start"],
        "b_node": given["end"], "direction": 1, **{name: given[name] for name in names},
    })  # fmt: skip
    graph.mode = "c"
    zones = given["trips"].shape[0]
    graph.prepare_graph(np.arange(zones) + 1)
    graph.set_graph("free_flow_time")
    graph.set_skimming(["free_flow_time"])
    graph.set_blocked_centroid_flows(True)
    matrix = AequilibraeMatrix()
    matrix.create_empty(zones=zones, matrix_names=["car"], memory_only=True)
    matrix.index = np.arange(zones) + 1
    matrix.matrix["car"][:, :] = given["trips"]
    matrix.computational_view(["car"])
    cars = TrafficClass("car", graph, matrix)
    cars.set_vot(1.0)
    cars.set_fixed_cost("fixed")
    work = TrafficAssignment()
    work.add_class(cars)
    work.set_vdf("BPR")
    work.set_vdf_parameters({"alpha": "b", "beta": "power"})
    work.set_capacity_field("capacity")
    work.set_time_field("free_flow_time")
    work.set_algorithm("bfw")
    work.max_iter, work.rgap_target = 1000, float(given["gap"])
    began = time.perf_counter()
    work.execute()
    return {"seconds": time.perf_counter() - began, "gap": float(work.assignment.rgap)}


if __name__ == "__main__":
    with np.load(sys.argv[1]) as archive:
        arrays = dict(archive)
    answer = assigned(arrays) if "trips" in arrays else paths(arrays)
    print(json.dumps(answer))
