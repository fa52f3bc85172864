"""The analysis `network`: a road layer becomes directed links between numbered nodes."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyproj
import shapely
from psycopg import sql
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, Outcome, Output, Run
from spatial.analyses.staging import counts
from spatial.certificate import Certificate
from spatial.frame import fetch
from spatial.layer import Column
from spatial.query import names
from spatial.traffic.graph import Floats, Integers
from spatial.traffic.junctions import Pieces, pieces
from spatial.traffic.roads import driving

COLUMNS = (
    Column("road", "bigint", "the road's fid"),
    Column("from_node", "bigint"),
    Column("to_node", "bigint"),
    Column("class", "text"),
    Column("length_m", "double precision"),
    Column("minutes", "double precision"),
    Column("capacity", "double precision", "vehicles an hour"),
    Column("island", "integer", "connected part of the network, 0 the largest"),
)
DANGLING = (Column("node", "bigint"), Column("island", "integer"))
FAULTS = (
    Column("fault", "text", "island or duplicate"),
    Column("road", "bigint"),
    Column("island", "integer"),
    Column("length_m", "double precision"),
)
_ROWS = "SELECT {columns} FROM {staging} WHERE {counts} ORDER BY road, from_node, to_node"
_METRES_A_MINUTE = 1000 / 60
_METRES_A_DEGREE = 111_320.0


class NetworkInputs(Inputs):
    """Of which roads, and how near ends must be to meet."""

    roads: Annotated[LayerName, Label("道路图层：线", "the layer of roads: lines")]
    snap: Annotated[
        float, Field(gt=0, le=50), Label("捕捉距离", "ends so near to each other meet", unit="m")
    ] = 0.5


@analysis(
    "network",
    zh="路网构建",
    en="Road network",
    about_zh="由道路线图层生成可计算的路网：在真正相交处打断并捕捉，立交不相连；识别单行、等级、"
    "车速与通行能力，成果为有向路段；并报告悬挂端点、孤岛与重复。",
    about_en="Makes a routable network of a layer of roads: cut and snapped where roads truly "
    "meet, not where one passes over another; one-way streets, class, speed and capacity. Gives "
    "directed links, and counts dangling ends, islands and duplicates.",
)
def network(run: Run, inputs: NetworkInputs) -> Outcome:
    """Cut the roads and make their links; see `spatial.traffic.junctions.pieces`.

    Raises Invalid for a layer without lines.
    """
    run.progress(0.0, "reading the roads")
    with readings(run.database, [inputs.roads], run.asof, run.grant) as (pg, (view,)):
        layer = view.layer
        require_shape(layer, "LineString")
        frame = fetch(run.database, pg, view).sort_values("fid", ignore_index=True)
    system = pyproj.CRS.from_epsg(layer.srid)
    unit = 1.0 if not system.is_geographic else _METRES_A_DEGREE
    roads = driving(frame)
    lines = np.asarray(frame.geometry, object)
    run.progress(0.3, f"cutting {len(frame)} roads")
    made = pieces(lines, roads.level, inputs.snap / unit)
    metres = lengths(made.line, system)
    minutes = metres / (roads.speed[made.road] * _METRES_A_MINUTE)
    along, against = (
        np.flatnonzero(roads.along[made.road]),
        np.flatnonzero(roads.against[made.road]),
    )
    both = np.concatenate([along, against])
    source, target = (
        np.concatenate([one[along], other[against]])
        for one, other in ((made.start, made.end), (made.end, made.start))
    )
    shapes = np.concatenate([made.line[along], shapely.reverse(made.line[against])])
    road = made.road[both]
    values: list[Any] = [
        frame["fid"].to_numpy(np.int64)[road], source, target, roads.kind[road],
        metres[both], minutes[both], roads.capacity[road],
        made.island[source - 1].astype(np.int32) if len(source) else np.zeros(0, np.int32),
    ]  # fmt: skip
    staging = run.staging(tuple((one.name, one.type) for one in COLUMNS), layer.srid)
    batch = staging.write(
        run.database,
        [pa.array(one) for one in values],
        pa.array(shapely.to_wkb(shapes), pa.binary()),
    )
    given, kept = float(shapely.length(lines).sum()), float(shapely.length(made.line).sum())
    return Outcome(
        {
            "layer": NewLayer(
                geometry_type="LineString",
                srid=layer.srid,
                columns=COLUMNS,
                rows=sql.SQL(_ROWS).format(
                    columns=names([*(one.name for one in COLUMNS), "geom"]),
                    staging=staging.table,
                    counts=counts([batch]),
                ),
            )
        }
        | _faults(run, made, frame["fid"].to_numpy(np.int64), metres, layer.srid),
        certificate=Certificate(
            equation="length of roads = length of pieces + duplicates",
            left=given,
            right=kept + made.repeated,
            residual=abs(given - kept - made.repeated),
            tolerance=1e-9 * max(given, 1.0),
            unit="unit of the layer's CRS",
            dropped=made.repeated,
        ),
        summary={
            "nodes": len(made.place),
            "links": len(both),
            "roads": len(frame),
            "pieces": len(made.line),
            "dangling": len(made.dangling()),
            "islands": made.islands,
            "duplicates": len(made.again),
            "without_length": made.points,
            "speeds_assumed": roads.assumed,
            "km": float(metres.sum()) / 1000,
        },
    )


def _faults(run: Run, made: Pieces, fid: Integers, metres: Floats, srid: int) -> dict[str, Output]:
    """Layers of what to look at: ends that meet nothing; islands and duplicates."""
    loose = made.dangling()
    ends = pd.DataFrame({
        "node": loose + 1, "island": made.island[loose].astype(np.int32),
        "geometry": shapely.points(made.place[loose]),
    })  # fmt: skip
    island = made.island[made.start - 1].astype(np.int32) if len(made.line) else made.island
    cut_off = np.flatnonzero(island > 0)
    again = lengths(made.again, pyproj.CRS.from_epsg(srid))
    lines = pd.DataFrame({
        "fault": np.repeat(np.array(["island", "duplicate"], object), [len(cut_off), len(again)]),
        "road": fid[np.concatenate([made.road[cut_off], made.again_road])],
        "island": np.concatenate([island[cut_off], np.zeros(len(again), np.int32)]),
        "length_m": np.concatenate([metres[cut_off], again]),
        "geometry": np.concatenate([made.line[cut_off], made.again]),
    })  # fmt: skip
    return {
        "dangling": new_layer(
            run, ends, DANGLING, srid, key="dangling", geometry_type="Point",
            title_zh="悬挂端点", title_en="dangling ends",
        ),
        "faults": new_layer(
            run, lines, FAULTS, srid, key="faults", geometry_type="LineString",
            title_zh="孤岛与重复", title_en="islands and duplicates",
        ),
    }  # fmt: skip


def lengths(lines: Any, system: pyproj.CRS) -> Floats:
    """(s,) metres: planar in a projected CRS, ellipsoidal where coordinates are degrees."""
    if not system.is_geographic:
        return np.asarray(shapely.length(lines) * system.axis_info[0].unit_conversion_factor)
    globe = system.get_geod() or pyproj.Geod(ellps="WGS84")
    return np.array([globe.geometry_length(line) for line in lines], np.float64)
