"""JSON-FG 1.0: GeoJSON that says of what type, when, and in which CRS its features are."""

from typing import Any

from ogc_api.links import place_of
from ogc_api.wanted import Wanted
from spatial import crs
from spatial.layer import Layer

GEOJSON, MIMETYPE = "application/geo+json", "application/vnd.ogc.fg+json"
CONFORMS_TO = (
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas",
)
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}


def mimetype(wanted: Wanted) -> str:
    """The media type of the features that are wanted."""
    return MIMETYPE if wanted.fg else GEOJSON


def head(layer: Layer, wanted: Wanted) -> dict[str, Any]:
    """The members that JSON-FG puts at the root of a document; none in plain GeoJSON."""
    if not wanted.fg:
        return {}
    shape = _DIMENSIONS.get(layer.shape)
    return {
        "conformsTo": list(CONFORMS_TO),
        "featureType": layer.name,
        "featureSchema": place_of(layer.name, "schema"),
        **({} if shape is None else {"geometryDimension": shape}),
        **({} if wanted.crs == crs.CRS84_URI else {"coordRefSys": wanted.crs}),
    }
