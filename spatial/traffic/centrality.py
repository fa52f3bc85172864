"""The analysis `centrality`: how near each street is to all, and how many ways lead over it."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import shapely
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.analyses.selection import Selection
from spatial.asof import AsOf
from spatial.certificate import Certificate
from spatial.grant import Grant
from spatial.layer import Column
from spatial.parallel import database_here
from spatial.traffic.betweenness import Centrality, centrality
from spatial.traffic.graph import Integers
from spatial.traffic.reach import divided
from spatial.traffic.reading import By, Network, read_roads, roads_here

#: Links that one part of origins may pass: betweenness looks at each several times.
PART = 25_000_000
LINKS = (
    Column("link", "bigint", "the link's fid in the network"),
    Column("betweenness", "double precision", "shortest paths over it, of all pairs"),
    Column("share", "double precision", "of all pairs"),
)
NODES = (
    Column("node", "bigint"),
    Column("reached", "integer", "nodes that can be reached"),
    Column("closeness", "double precision", "Wasserman and Faust's"),
    Column("betweenness", "double precision", "shortest paths through it, of all pairs"),
)


class CentralityInputs(Inputs):
    """Of which network, by what, and how far."""

    network: Network
    by: By = "distance"
    limit: Annotated[
        float | None,
        Field(gt=0),
        Label("半径：分钟或米，缺省不限", "pairs within: minutes or metres; all where not given"),
    ] = None


@dataclass(frozen=True, slots=True)
class _Part:
    """Works out a part of the origins; reads the network itself."""

    conninfo: str = field(repr=False)
    network: str | Selection
    asof: AsOf
    grant: Grant
    by: str
    limit: float

    def __call__(self, part: tuple[int, Integers]) -> tuple[int, Centrality]:
        roads, _ = roads_here(database_here(self.conninfo), self.network, self.asof, self.grant)
        cost = roads.minutes if self.by == "time" else roads.length
        return part[0], centrality(roads.graph, cost, part[1], self.limit)


@analysis(
    "centrality",
    zh="街道中心性",
    en="Centrality of streets",
    about_zh="路网的接近中心性与中介中心性（Brandes 算法），可限半径；成果为路段图层与节点图层。",
    about_en="Closeness and betweenness (Brandes) of a network, of all pairs or of those within a "
    "radius: a layer of links and a layer of nodes.",
)
def street_centrality(run: Run, inputs: CentralityInputs) -> Outcome:
    """See `spatial.traffic.betweenness`; origins in parts, whose sums are the whole.

    The certificate: every pair's shortest paths end once, so that what all links carry is what
    passes within paths and what ends.
    """
    roads, srid, _ = read_roads(run, inputs.network)
    n, limit = len(roads.graph.node), inputs.limit or np.inf
    parts = list(divided(np.arange(n), len(roads.minutes), PART))
    task = _Part(run.database.conninfo, inputs.network, run.asof, run.grant, inputs.by, limit)
    found = dict[int, Centrality]()
    for first, one in run.parallel.map(task, parts):
        found[first] = one
        run.progress(0.1 + 0.8 * len(found) / len(parts), f"{len(found)} of {len(parts)} parts")
    ordered = [found[first] for first in sorted(found)]
    through, over = sum(one.through for one in ordered), sum(one.over for one in ordered)
    count = np.concatenate([one.count for one in ordered])
    far = np.concatenate([one.far for one in ordered])
    pairs = int(count.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.where(far > 0, count / far * count / max(1, n - 1), 0.0)
    links = gpd.GeoDataFrame(
        {"link": roads.fid, "betweenness": over, "share": over / max(1, pairs)},
        geometry=roads.shape, crs=srid,
    ).sort_values("link")  # fmt: skip
    nodes = gpd.GeoDataFrame(
        {"node": roads.graph.node, "reached": count, "closeness": near, "betweenness": through},
        geometry=shapely.points(roads.place), crs=srid,
    )  # fmt: skip
    carried, ended = float(np.sum(over)), float(pairs + np.sum(through))
    kinds: dict[str, Any] = {"link": "LineString", "node": "Point"}
    return Outcome(
        {
            "layer": new_layer(run, links, LINKS, srid, geometry_type=kinds["link"]),
            "nodes": new_layer(
                run, nodes, NODES, srid, geometry_type=kinds["node"], key="nodes",
                title_zh="节点", title_en="nodes",
            ),
        },
        Certificate(
            "paths over all links = paths that end + paths that pass nodes",
            carried, ended, abs(carried - ended), 1e-9 * max(1.0, carried), "paths",
        ),
        {"nodes": n, "links": len(links), "pairs": pairs, "parts": len(parts)},
    )  # fmt: skip
