"""A state as JSON, by asset, and as GeoJSON."""

from collections.abc import Iterator
from typing import Any

import orjson

from spatial.asof import format_when
from twin_model.kinds import Kind, Quality
from twin_model.packed import moment
from twin_model.state import State

_UTC = orjson.OPT_UTC_Z


def as_json(of: State) -> bytes:
    """`{"at", "known_at", "scenario", "cursor", "assets": [{"asset", "fid", "layer", …}]}`."""
    return orjson.dumps({**_head(of), "assets": list(assets(of))}, option=_UTC)


def as_geojson(of: State) -> bytes:
    """A FeatureCollection: each asset a feature, its values the properties."""
    features = [
        {
            "type": "Feature",
            "id": one["asset"],
            "geometry": one["geometry"],
            "properties": {
                "asset": one["asset"],
                "fid": one["fid"],
                **{name: value["value"] for name, value in one["values"].items()},
            },
        }
        for one in assets(of)
    ]
    return orjson.dumps(
        {"type": "FeatureCollection", **_head(of), "features": features}, option=_UTC
    )


def _head(of: State) -> dict[str, Any]:
    return {
        "at": format_when(of.moment.valid_at),
        "known_at": format_when(of.moment.known_at),
        "scenario": of.moment.scenario,
        "cursor": of.cursor,
    }


def assets(of: State) -> Iterator[dict[str, Any]]:
    """Each asset that is there, in order, with its values by property."""
    found: dict[int, dict[str, Any]] = {}
    rows = zip(
        of.series(), of.values.at.tolist(), of.values.x.tolist(), of.values.y.tolist(),
        of.values.quality.tolist(), strict=True,
    )  # fmt: skip
    for series, at, x, y, quality in rows:
        value: Any = x
        if series.kind is Kind.category:
            value = of.words[int(x)]
        elif series.kind is Kind.position:
            value = [x, y]
        told: dict[str, Any] = {"value": value, "at": moment(at)}
        if series.unit:
            told["unit"] = series.unit
        if quality:
            told["quality"] = Quality(quality).name
        found.setdefault(series.asset, {})[series.property] = told
    shapes = of.shapes or [None] * len(of.assets)
    for place, shape in zip(of.assets.tolist(), shapes, strict=True):
        yield {
            "asset": of.roll.names[place],
            "fid": int(of.roll.fid[place]),
            "geometry": orjson.Fragment(shape) if shape else None,
            "values": found.get(place, {}),
        }
