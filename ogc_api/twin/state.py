"""The state of all assets at an AsOf as a collection of features."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ogc_api import context
from spatial import crs
from spatial.errors import Invalid, NotFound
from spatial.layer import STATE, Box
from tiles.tilejson import WORLD_BOUNDS
from twin_model.kinds import Kind
from twin_model.measured import Property
from twin_model.presence import Wanted
from twin_model.state import state
from twin_model.state_json import as_geojson

type Feature = dict[str, Any]

TITLE = {"zh": "城市状态", "en": "State of the city"}
ABOUT = {
    "zh": "各城市实体在所问时点的最新读数，移动的实体在其当时所在之处",
    "en": "Every asset with its newest readings at a moment, moving ones where they were then",
}
_TYPES = {Kind.number: "number", Kind.category: "string", Kind.position: "array"}
_UNKNOWN = ("filter", "sortby", "q")


def resource(measured: Mapping[str, Property]) -> dict[str, Any]:
    """The pygeoapi collection; measured: every property that some series is of."""
    fields = {"asset": {"type": "string"}, "fid": {"type": "integer"}} | {
        name: {"type": _TYPES[one.kind], "title": f"{name} ({one.unit})" if one.unit else name}
        for name, one in measured.items()
    }
    return {
        "type": "collection",
        "title": dict(TITLE),
        "description": dict(ABOUT),
        "keywords": {"en": ["state", "assets"], "zh": ["状态", "城市实体"]},
        "links": [],
        "extents": {
            "spatial": {"bbox": list(WORLD_BOUNDS), "crs": crs.CRS84_URI},
            "temporal": {"begin": None, "end": None},
        },
        "providers": [
            {
                "type": "feature",
                "default": True,
                "name": "ogc_api.features.providers.StateProvider",
                "data": STATE,
                "id_field": "id",
                "title_field": "asset",
                "fields": fields,
                "crs": [crs.CRS84_URI],
                "storage_crs": crs.CRS84_URI,
            }
        ],
    }


def page(
    box: Box | None,
    equal: Sequence[tuple[str, str]],
    chosen: Sequence[str],
    offset: int,
    limit: int,
    *,
    geometry: bool,
) -> dict[str, Any]:
    """Some of the assets that are in a box and have the values asked for, and how many there are.

    equal: properties and the texts of their values; chosen: the properties to give, all if empty.
    """
    for name in _UNKNOWN:
        if context.query.get().get(name):
            raise Invalid(f"the state takes no {name}: narrow it by bbox and by property=value")
    found = state(
        context.database.get(), context.asof.get(), context.grant.get(), Wanted(box),
        shapes=geometry,
    )  # fmt: skip
    part = slice(offset, offset + limit)
    document: dict[str, Any] = orjson.loads(as_geojson(found if equal else found.of(part)))
    features = [one for one in document["features"] if _has(one, equal)]
    matched = len(features) if equal else len(found.assets)
    if equal:
        features = features[part]
    for feature in features if chosen else ():
        told = feature["properties"]
        feature["properties"] = {name: told[name] for name in chosen if name in told}
    document |= {
        "features": features,
        "numberMatched": matched,
        "numberReturned": len(features),
    }
    return document


def one(name: str) -> Feature:
    """One asset with its values; raises NotFound where none is there."""
    found = state(
        context.database.get(), context.asof.get(), context.grant.get(), Wanted(assets=(name,)),
        shapes=True,
    )  # fmt: skip
    if not len(found.assets):
        raise NotFound(f"there is no asset '{name}' at that moment")
    feature: Feature = orjson.loads(as_geojson(found))["features"][0]
    return feature


def _has(feature: Feature, equal: Sequence[tuple[str, str]]) -> bool:
    return all(_same(feature["properties"].get(name), text) for name, text in equal)


def _same(value: Any, text: str) -> bool:
    if isinstance(value, int | float):
        try:
            return float(text) == value
        except ValueError:
            return False
    return value is not None and str(value) == text
