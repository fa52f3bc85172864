"""GTFS feeds: stops, shapes and routes on the map, and every other table as it is."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely

from datasets.formats import tables
from datasets.formats.raw import RawLayer, made
from spatial import crs as crs_of
from spatial.errors import Rejected

REQUIRED = ("stops", "routes", "trips", "stop_times")

type Lines = Mapping[Any, shapely.LineString]


def read(folder: Path, title: str) -> list[RawLayer]:
    """The layers of an unpacked feed, each named after the feed and its table."""
    missing = [name for name in REQUIRED if not (folder / f"{name}.txt").is_file()]
    if missing:
        raise Rejected(f"'{title}' is no whole GTFS feed: it has no {missing[0]}.txt")
    layers: dict[str, RawLayer] = {}
    for path in sorted(folder.glob("*.txt")):
        if path.read_bytes()[:4].strip():
            (layers[path.stem],) = tables.read(path)
    if "shapes" in layers:
        lines = _lines(_table(layers["shapes"]))
        layers["shapes"] = _shapes(lines)
        layers["routes"] = _routes(layers["routes"], _table(layers["trips"]), lines)
    return [replace(layer, title=f"{title}_{name}") for name, layer in layers.items()]


def _table(layer: RawLayer) -> pa.Table:
    batches = list(layer.rows())
    return pa.Table.from_batches(batches, batches[0].schema if batches else pa.schema(layer.schema))


def _lines(points: pa.Table) -> Lines:
    """A line for each shape, through its points in their order."""
    names = ("shape_id", "shape_pt_sequence", "shape_pt_lon", "shape_pt_lat")
    paths: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for shape, *point in zip(*(points[name].to_pylist() for name in names), strict=True):
        paths[shape].append(tuple(point))
    return {
        shape: shapely.LineString([place for _, *place in sorted(path)])
        for shape, path in paths.items()
        if len(path) > 1
    }


def _shapes(lines: Lines) -> RawLayer:
    wkb = [line.wkb for line in lines.values()]
    return made("shapes", {"shape_id": list(lines)}, wkb, "LineString", _degrees())


def _routes(routes: RawLayer, trips: pa.Table, lines: Lines) -> RawLayer:
    """Routes as the lines of all their trips; what no trip draws is told."""
    drawn: dict[Any, set[Any]] = defaultdict(set)
    if "shape_id" in trips.column_names:
        for route, shape in zip(
            *(trips[n].to_pylist() for n in ("route_id", "shape_id")), strict=True
        ):
            drawn[route].add(shape)
    table = _table(routes)
    columns = {field.name: table[field.name].to_pylist() for field in routes.schema}
    wkb = []
    for route in columns["route_id"]:
        found = [lines[shape] for shape in sorted(drawn[route], key=str) if shape in lines]
        wkb.append(shapely.MultiLineString(found).wkb if found else None)
    if not all(wkb):  # a route keeps its row even where nothing draws it
        return routes
    return made("routes", columns, wkb, "MultiLineString", _degrees())


def _degrees() -> Any:
    return crs_of.parse(crs_of.WGS84)
