"""Coverages as EDR's GeoJSON: a feature for each place, with its values."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ogc_api.rasters.covjson import Node, plain
from spatial import crs


def features(coverages: Iterable[Node]) -> Node:
    """A FeatureCollection in CRS84. Values of several times are lists beside `datetime`."""
    found = [
        {
            "type": "Feature",
            "id": name or number,
            "geometry": {"type": "Point", "coordinates": place},
            "properties": values,
        }
        for number, (name, place, values) in enumerate(_places(coverages), 1)
    ]
    return {"type": "FeatureCollection", "features": found, "numberReturned": len(found)}


def _places(coverages: Iterable[Node]) -> Iterator[tuple[str | None, list[float], Node]]:
    for coverage in coverages:
        domain, ranges = coverage["domain"], coverage["ranges"]
        axes, kind = domain["axes"], domain["domainType"]
        to, named = _to_degrees(domain), coverage.get("id")
        names = list(coverage["parameters"])
        times = axes["t"]["values"] if "t" in axes else None
        if kind == "Trajectory":
            labels = axes["composite"]["coordinates"]
            series = {name: plain(ranges[name]["values"]) for name in names}
            for at, place in enumerate(axes["composite"]["values"]):
                said = dict(zip(labels, place, strict=True))
                values = {name: series[name][at] for name in names}
                when = {"datetime": said["t"]} if "t" in said else {}
                yield named, to(said["x"], said["y"]), when | values
            continue
        xs, ys = _axis(axes["x"]), _axis(axes["y"])
        shape = (len(times) if times else 1, len(ys), len(xs))
        table = {
            name: np.array(plain(ranges[name]["values"]), object).reshape(shape) for name in names
        }
        for row, y in enumerate(ys):
            for column, x in enumerate(xs):
                cells = {name: table[name][:, row, column].tolist() for name in names}
                if len(xs) * len(ys) > 1 and all(v is None for c in cells.values() for v in c):
                    continue
                if times is None or len(times) == 1:
                    cells = {name: values[0] for name, values in cells.items()}
                when = {} if not times else {"datetime": times if len(times) > 1 else times[0]}
                yield named, to(float(x), float(y)), when | cells


def _axis(axis: Node) -> Any:
    if "values" in axis:
        return axis["values"]
    return np.linspace(axis["start"], axis["stop"], axis["num"])


def _to_degrees(domain: Node) -> Any:
    code = crs.srid(domain["referencing"][0]["system"]["id"])
    turn = crs.transformer(code, crs.WGS84)

    def to(x: float, y: float) -> list[float]:
        return [round(one, 9) for one in turn.transform(x, y)]

    return to
