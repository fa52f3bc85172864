"""The analysis `network`: a road layer becomes directed links between numbered nodes."""

from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyproj
import shapely
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName, OptionalLayer
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Output, Run
from spatial.certificate import Certificate
from spatial.frame import fetch
from spatial.layer import Column
from spatial.traffic.graph import Floats, Integers
from spatial.traffic.junctions import Pieces, pieces
from spatial.traffic.roads import travelling
from spatial.traffic.turns import apart, forbidden

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
FIRST = Column("first_thru_node", "bigint", "nodes with smaller numbers only start and end paths")
#: Vehicles an hour that turn, at least: turning delays nobody here.
TURNING = 1e6
_METRES_A_MINUTE = 1000 / 60
_METRES_A_DEGREE = 111_320.0


class NetworkInputs(Inputs):
    """Of which roads, and how near ends must be to meet."""

    roads: Annotated[LayerName, Label("道路图层：线", "the layer of roads: lines")]
    snap: Annotated[
        float, Field(gt=0, le=50), Label("捕捉距离", "ends so near to each other meet", unit="m")
    ] = 0.5
    mode: Annotated[
        Literal["drive", "cycle", "walk"],
        Label("出行方式：驾车、骑行、步行", "who travels: by car, by bicycle, on foot"),
    ] = "drive"
    turns: Annotated[
        OptionalLayer,
        Label(
            "禁止转向表：from_road、to_road（道路要素号）",
            "table of forbidden turns: from_road, to_road (fids of roads)",
        ),
    ] = None


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
    named = [inputs.roads, *([inputs.turns] if inputs.turns is not None else [])]
    with readings(run.database, named, run.asof, run.grant) as (pg, (view, *more)):
        layer = view.layer
        require_shape(layer, "LineString")
        frame = fetch(run.database, pg, view).sort_values("fid", ignore_index=True)
        turns = fetch(run.database, pg, more[0]) if more else None
    system = pyproj.CRS.from_epsg(layer.srid)
    unit = 1.0 if not system.is_geographic else _METRES_A_DEGREE
    roads = travelling(frame, inputs.mode)
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
    fids = frame["fid"].to_numpy(np.int64)
    links = pd.DataFrame({
        "road": fids[road], "from_node": source, "to_node": target, "class": roads.kind[road],
        "length_m": metres[both], "minutes": minutes[both], "capacity": roads.capacity[road],
        "island": made.island[source - 1].astype(np.int32) if len(source) else 0,
        "geometry": shapes,
    })  # fmt: skip
    links = links.sort_values(["road", "from_node", "to_node"], ignore_index=True)
    columns, closed = list(COLUMNS), int((~roads.along & ~roads.against).sum())
    banned = np.zeros((0, 2), np.int64)
    if turns is not None:
        ends = (links[name].to_numpy() for name in ("road", "from_node", "to_node"))
        banned = forbidden(turns, *ends)
        links, columns = _turned(links, banned, made), [*columns, FIRST]
    given, kept = float(shapely.length(lines).sum()), float(shapely.length(made.line).sum())
    return Outcome(
        {"layer": new_layer(run, links, columns, layer.srid, geometry_type="LineString")}
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
            "links": len(links),
            "closed_to_mode": closed,
            "forbidden_turns": len(banned),
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


def _turned(links: pd.DataFrame, banned: Integers, made: Pieces) -> pd.DataFrame:
    """The links where no path takes a banned pair, with a link of no length for every turn."""
    found = apart(links["from_node"].to_numpy(), links["to_node"].to_numpy(), banned)
    links = links.assign(from_node=found.start, to_node=found.end)
    at = found.node[found.turn_start - 1] - 1
    turns = pd.DataFrame({
        "road": pd.array([None] * found.turns, "Int64"), "from_node": found.turn_start,
        "to_node": found.turn_end, "class": "turn", "length_m": 0.0, "minutes": 0.0,
        "capacity": TURNING, "island": made.island[at].astype(np.int32),
        "geometry": shapely.linestrings(np.repeat(made.place[at][:, None], 2, axis=1)),
    })  # fmt: skip
    whole = pd.concat([links.astype({"road": "Int64"}), turns], ignore_index=True)
    return whole.assign(first_thru_node=found.first_through)


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
