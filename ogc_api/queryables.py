"""What a layer's features are made of, can be asked for and sorted by, as JSON Schema."""

from typing import Any
from urllib.parse import quote

from ogc_api import context
from ogc_api.config import field
from spatial import catalogue
from spatial.filter.terms import FID, GEOMETRY, terms_of
from spatial.layer import Layer
from spatial.query import snapshot

MIMETYPE = "application/schema+json"
_OURS: dict[str, dict[str, Any]] = {
    FID: {"title": "fid", "type": "integer", "x-ogc-role": "id"},
    GEOMETRY: {"title": "geometry", "format": "geometry-any", "x-ogc-role": "primary-geometry"},
}


def queryables(name: str) -> dict[str, Any]:
    """What filters and query parameters may name: attributes, geometry and fid."""
    layer = _find(name)
    theirs = {column.name: field(column) for column in layer.columns}
    asked = {
        known: theirs.get(known) or _OURS[known]
        for known, term in terms_of(layer).items()
        if term.kind != "json"
    }
    return _schema(layer, "queryables", asked)


def sortables(name: str) -> dict[str, Any]:
    """What `sortby` may name."""
    layer = _find(name)
    return _schema(layer, "sortables", {c.name: field(c) for c in layer.columns})


def schema(name: str) -> dict[str, Any]:
    """The attributes that features have, and their kind of geometry (Features, Part 5)."""
    layer = _find(name)
    kind = layer.geometry_type.removesuffix("Z").lower()
    geometry = _OURS[GEOMETRY] | {
        "format": f"geometry-{'any' if kind == 'geometry' else kind}",
        "x-ogc-propertySeq": 1,
    }
    attributes = {
        column.name: field(column) | {"x-ogc-propertySeq": place}
        for place, column in enumerate(layer.columns, 2)
    }
    return _schema(layer, "schema", {GEOMETRY: geometry, **attributes})


def _find(name: str) -> Layer:
    with snapshot(context.database.get()) as pg:
        return catalogue.find_visible(pg, name, context.grant.get())


def _schema(layer: Layer, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{context.base_url.get()}/collections/{quote(layer.name)}/{kind}",
        "type": "object",
        "title": layer.title("zh"),
        "properties": properties,
        "additionalProperties": False,
    }
