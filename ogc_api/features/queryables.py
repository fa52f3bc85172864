"""What a layer's features are made of, can be asked for and sorted by, as JSON Schema."""

from typing import Any
from urllib.parse import quote

from ogc_api import context
from ogc_api.config import field
from ogc_api.rasters import config
from spatial import catalogue
from spatial.filter.terms import FID, GEOMETRY, terms_of
from spatial.layer import Layer
from spatial.query import snapshot
from spatial.raster import Raster
from spatial.rasters import rasters

MIMETYPE = "application/schema+json"
_OURS: dict[str, dict[str, Any]] = {
    FID: {"title": "fid", "type": "integer", "x-ogc-role": "id"},
    GEOMETRY: {"title": "geometry", "format": "geometry-any", "x-ogc-role": "primary-geometry"},
}


def queryables(name: str) -> dict[str, Any]:
    """What filters and query parameters may name: attributes, geometry and fid; of rasters none."""
    if grid := _grid(name):
        return _schema(grid, "queryables", {})
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
    """The attributes that features have, their geometry, id and time (Features, Part 5).

    Id and time stand outside a feature's `properties`, and so without a plain `type` here: QGIS
    would make empty columns of them.
    """
    if grid := _grid(name):
        bands = {band.name: config.field(band) for band in grid.latest.bands}
        return _schema(grid, "schema", bands)
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
    told = {
        _free(FID, layer): _ID,
        GEOMETRY: geometry,
        **attributes,
        _free("valid_from", layer): _bound("valid from 起", "start"),
        _free("valid_to", layer): _bound("valid to 止", "end"),
    }
    return _schema(layer, "schema", told)


def _grid(name: str) -> Raster | None:
    with snapshot(context.database.get()) as pg:
        return next((one for one in rasters(pg, context.grant.get()) if one.name == name), None)


_ID = {
    "title": "id",
    "x-ogc-role": "id",
    "readOnly": True,
    "oneOf": [{"type": "integer"}, {"type": "string", "description": "of one state: fid.version"}],
}


def _bound(title: str, side: str) -> dict[str, Any]:
    instant = {"type": "string", "format": "date-time"}
    role = f"primary-interval-{side}"
    return {"title": title, "x-ogc-role": role, "oneOf": [instant, {"type": "null"}]}


def _free(name: str, layer: Layer) -> str:
    """The name, or one like it that no attribute has."""
    while name in layer.column_names:
        name += "_"
    return name


def _find(name: str) -> Layer:
    with snapshot(context.database.get()) as pg:
        return catalogue.find_visible(pg, name, context.grant.get())


def _schema(layer: Layer | Raster, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{context.base_url.get()}/collections/{quote(layer.name)}/{kind}",
        "type": "object",
        "title": layer.title("zh"),
        "properties": properties,
        "additionalProperties": False,
    }
