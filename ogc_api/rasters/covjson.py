"""CoverageJSON (OGC 21-069): grids, series at points, trajectories, and collections of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from datasets.cells import Cells
from ogc_api.rasters.grids import Seen
from ogc_api.rasters.subset import Subset
from spatial import crs
from spatial.asof import format_instant

MIMETYPE = "application/vnd.cov+json"
_UCUM = "http://www.opengis.net/def/uom/UCUM/"
type Node = dict[str, Any]


def grid_bytes(view: Seen, subset: Subset, values: Cells) -> bytes:
    """A part of a raster as a Grid coverage."""
    said = parameters(
        (b.name, b.title, b.unit) for b in (subset.steps[-1].edition.bands[n] for n in subset.bands)
    )
    times = [step.period.start for step in subset.steps]
    return encode(grid(subset, values, said, times))


def grid(
    subset: Subset, values: Cells, said: Node, times: Sequence[datetime | None], **extra: Any
) -> Node:
    """Values (step, band, row, column) on a frame."""
    xs, ys = subset.frame.centres()
    axes: Node = {"x": _axis(xs), "y": _axis(ys)}
    names = ["y", "x"]
    timed = None not in times
    if timed:
        axes["t"] = {"values": [format_instant(at) for at in times if at is not None]}
        names = ["t", *names]
    shape = [len(times), *subset.frame.shape] if timed else list(subset.frame.shape)
    ranges = {
        name: array(values[:, at] if timed else values[-1, at], names, shape)
        for at, name in enumerate(said)
    }
    return {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "Grid",
            "axes": axes,
            "referencing": referencing(subset.frame.srid, timed),
        },
        "parameters": said,
        "ranges": ranges,
        **extra,
    }


def point_series(
    x: float, y: float, srid: int, times: Sequence[datetime | None], values: Any, said: Node
) -> Node:
    """Values (step, parameter) at one place."""
    axes: Node = {"x": {"values": [x]}, "y": {"values": [y]}}
    timed = None not in times
    if timed:
        axes["t"] = {"values": [format_instant(at) for at in times if at is not None]}
    kept = values if timed else values[-1:]
    return {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "PointSeries" if timed else "Point",
            "axes": axes,
            "referencing": referencing(srid, timed),
        },
        "parameters": said,
        "ranges": {
            name: array(kept[:, at], ["t"] if timed else [], [len(kept)] if timed else [])
            for at, name in enumerate(said)
        },
    }


def trajectory(
    places: Sequence[tuple[Any, ...]], names: Sequence[str], srid: int, values: Any, said: Node
) -> Node:
    """Values (parameter, place) along a path; a place is t, x, y or x, y as the names say."""
    return {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "Trajectory",
            "axes": {
                "composite": {
                    "dataType": "tuple",
                    "coordinates": list(names),
                    "values": [_written(place) for place in places],
                }
            },
            "referencing": referencing(srid, "t" in names),
        },
        "parameters": said,
        "ranges": {
            name: array(values[at], ["composite"], [len(places)]) for at, name in enumerate(said)
        },
    }


def _written(place: tuple[Any, ...]) -> list[Any]:
    return [format_instant(one) if isinstance(one, datetime) else one for one in place]


def collection(coverages: Sequence[Node], said: Node, domain: str) -> Node:
    """Several coverages of the same parameters; one alone stays as it is."""
    if len(coverages) == 1:
        return coverages[0]
    bare = [{key: v for key, v in one.items() if key != "parameters"} for one in coverages]
    return {
        "type": "CoverageCollection",
        "domainType": domain,
        "parameters": said,
        "coverages": bare,
    }


def parameters(bands: Iterable[tuple[str, str, str | None]]) -> Node:
    """Parameters from name, title and unit (UCUM)."""
    made: Node = {}
    for name, title, unit in bands:
        made[name] = {
            "type": "Parameter",
            "description": {"en": title},
            "observedProperty": {"id": name, "label": {"en": title}},
        }
        if unit:
            made[name]["unit"] = {"symbol": {"value": unit, "type": _UCUM}}
    return made


def array(values: Any, names: Sequence[str], shape: Sequence[int]) -> Node:
    """An NdArray; a value that is missing is null."""
    if values.dtype.kind == "f":
        # the encoder writes what is no number as null, and single precision in its own digits
        numbers: Any = np.ascontiguousarray(np.ma.filled(values, np.nan)).ravel()
    else:
        numbers = np.ma.array(values).ravel().tolist()
    kind = "float" if values.dtype.kind == "f" else "integer"
    node: Node = {"type": "NdArray", "dataType": kind, "values": numbers}
    return node | ({"axisNames": list(names), "shape": list(shape)} if names else {})


def referencing(srid: int, timed: bool) -> list[Node]:
    """Of the axes x, y and t; x comes first whatever the authority's order."""
    srs = crs.parse(srid)
    code = crs.CRS84_URI if srid == crs.WGS84 else crs.uri(srid)
    kind = "GeographicCRS" if srs.is_geographic else "ProjectedCRS"
    found: list[Node] = [{"coordinates": ["x", "y"], "system": {"type": kind, "id": code}}]
    if timed:
        found.append(
            {"coordinates": ["t"], "system": {"type": "TemporalRS", "calendar": "Gregorian"}}
        )
    return found


def _axis(values: Any) -> Node:
    if len(values) == 1:
        return {"values": [float(values[0])]}
    return {"start": float(values[0]), "stop": float(values[-1]), "num": len(values)}


def plain(values: Any) -> list[float | int | None]:
    """The values of an NdArray as Python's numbers, None where there is none."""
    read: list[float | int | None] = orjson.loads(
        orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    )
    return read


def encode(document: Mapping[str, Any]) -> bytes:
    """As JSON text."""
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
