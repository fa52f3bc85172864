"""The analysis `service-area`: what can be reached over a network within a time."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
import shapely
from pydantic import Field
from shapely.ops import substring

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.crs import parse
from spatial.errors import Invalid
from spatial.layer import Column
from spatial.traffic.reading import By, Network, read_roads
from spatial.traffic.shortest import Finder
from spatial.traffic.travel import Roads

COLUMNS = (Column("origin", "bigint", "fid of the origin"), Column("cost", "double precision"))


class ServiceAreaInputs(Inputs):
    """From where, how far, and how wide a strip along a road counts as reached."""

    network: Network
    origins: Annotated[LayerName, Label("起点图层", "the layer of origins")]
    limit: Annotated[
        float, Field(gt=0), Label("上限：分钟或米", "how far: minutes, or metres by distance")
    ]
    by: By = "time"
    width: Annotated[
        float, Field(gt=0, le=5000), Label("道路两侧宽度", "on each side of a road", unit="m")
    ] = 50.0


@analysis(
    "service-area",
    quick=True,
    zh="服务区（等时圈）",
    en="Service area (isochrone)",
    about_zh="每个起点在给定时间或距离内沿路网可达的范围：可达路段两侧成面。",
    about_en="Of every origin what can be reached over the network within a time or distance: a "
    "polygon along the roads that are reached.",
)
def service_area(run: Run, inputs: ServiceAreaInputs) -> Outcome:
    """Draw the areas; raises Invalid for a network in degrees."""
    roads, srid, (origin,) = read_roads(run, inputs.network, inputs.origins)
    if parse(srid).is_geographic:
        raise Invalid("service areas need a network in a projected reference system")
    finder, shapes = roads.finder(inputs.by), list[Any]()
    for node in roads.nearest(origin.point):
        finder.reach(int(node), inputs.limit)
        reached = reached_lines(roads, finder, inputs.limit)
        place = shapely.Point(roads.place[node])
        area = shapely.union_all(shapely.buffer([*reached, place], inputs.width, quad_segs=4))
        shapes.append(shapely.MultiPolygon(shapely.get_parts(area).tolist()))
        run.progress(0.1 + 0.8 * len(shapes) / len(origin.frame), f"{len(shapes)} areas")
    rows = pd.DataFrame({"origin": origin.fid, "cost": inputs.limit, "geometry": shapes})
    asked, count = float(len(rows)), float(len(shapes))
    return Outcome(
        {"layer": new_layer(run, rows, COLUMNS, srid, geometry_type="MultiPolygon")},
        Certificate("origins = areas", asked, count, abs(asked - count), 0.0, "areas"),
        {"areas": len(shapes)},
    )


def reached_lines(roads: Roads, finder: Finder, limit: float) -> list[Any]:
    """The streets that the finder's last origin reaches, the last of them as far as it gets.

    Of a street whose two ways are reached whole there is one line.
    """
    graph = roads.graph
    left = limit - finder.label[graph.tail]
    reached = np.flatnonzero(left > 0)
    whole = reached[left[reached] >= finder.cost[reached]]
    ends = np.sort(np.column_stack([graph.tail, graph.head])[whole], axis=1)
    street = np.column_stack([ends, roads.length[whole].round(3)])
    _, first = np.unique(street, axis=0, return_index=True)
    part = np.setdiff1d(reached, whole, assume_unique=True)
    share = left[part] / finder.cost[part]
    cut = [
        substring(line, 0, float(far), normalized=True)
        for line, far in zip(roads.shape[part], share, strict=True)
    ]
    return [*roads.shape[whole[first]], *cut]
