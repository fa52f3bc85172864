"""Tilesets as OGC describes them (17-083r4, 20-057): of which layers, in which squares, where."""

from collections.abc import Sequence
from typing import Any

from ogc_api import context
from ogc_api.config import field
from spatial.crs import CRS84_URI
from spatial.layer import Layer
from tiles.matrix_set import MATRIX_SETS, MatrixSet
from tiles.tilejson import extent_of
from tiles.vector import MIMETYPE

type Document = dict[str, Any]

JSON = "application/json"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"
SCHEME = f"{_REL}/tiling-scheme"
TILESETS = f"{_REL}/tilesets-vector"
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}


def announced(landing: Document) -> Document:
    """The landing page's document, which leads to the tiles of all layers too."""
    link = _link(TILESETS, JSON, f"{context.base_url.get()}/tiles")
    return landing | {"links": [*landing["links"], link | {"title": "Tiles of all layers"}]}


def schemes(base_url: str, language: str) -> Document:
    """The tile matrix sets that tiles come in."""
    place = f"{base_url}/tileMatrixSets"
    listed = []
    for one in MATRIX_SETS.values():
        entry: Document = {"id": one.id, "title": one.title[language], "crs": one.crs_uri}
        if one.uri:
            entry["uri"] = one.uri
        listed.append(entry | {"links": [_link("self", JSON, f"{place}/{one.id}")]})
    return {"tileMatrixSets": listed, "links": [_link("self", JSON, place)]}


def tilesets(base_url: str, place: str, title: str, language: str) -> Document:
    """The tilesets under an address, one for each tile matrix set."""
    return {
        "title": title,
        "links": [_link("self", JSON, place)],
        "tilesets": [
            _head(one, base_url, place, f"{title}: {one.title[language]}")
            for one in MATRIX_SETS.values()
        ],
    }


def tileset(
    matrices: MatrixSet, layers: Sequence[Layer], base_url: str, place: str, language: str
) -> Document:
    """One of them: its layers with their attributes, and the rows and columns where they are."""
    west, south, east, north = box = extent_of(layers)
    titles = "; ".join(layer.title(language) for layer in layers)
    return {
        **_head(matrices, base_url, place, titles),
        "boundingBox": {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": CRS84_URI,
            "orderedAxes": ["Lon", "Lat"],
        },
        "tileMatrixSetLimits": matrices.limits(box),
        "layers": [_layer(layer, base_url, language) for layer in layers],
    }


def _head(matrices: MatrixSet, base_url: str, place: str, title: str) -> Document:
    here, scheme = f"{place}/{matrices.id}", f"{base_url}/tileMatrixSets/{matrices.id}"
    tile = f"{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?f=mvt"
    return {
        "title": title,
        "dataType": "vector",
        "crs": matrices.crs_uri,
        "tileMatrixSetId": matrices.id,
        "tileMatrixSetURI": matrices.uri or scheme,
        "links": [
            _link("self", JSON, here),
            _link(SCHEME, JSON, scheme),
            _link("item", MIMETYPE, tile) | {"templated": True},
        ],
    }


def _layer(layer: Layer, base_url: str, language: str) -> Document:
    document: Document = {
        "id": layer.name,
        "title": layer.title(language),
        "dataType": "vector",
        "propertiesSchema": {
            "type": "object",
            "properties": {column.name: field(column) for column in layer.columns},
        },
        "links": [_link("geodata", JSON, f"{base_url}/collections/{layer.name}")],
    }
    if layer.shape in _DIMENSIONS:
        document["geometryDimension"] = _DIMENSIONS[layer.shape]
    return document


def _link(rel: str, kind: str, href: str) -> Document:
    return {"rel": rel, "type": kind, "href": href}
