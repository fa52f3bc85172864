"""TileJSON 3.0 of a layer at an AsOf."""

from typing import Any
from urllib.parse import quote, urlencode

from spatial.asof import AsOf
from spatial.filter.filter import Filter
from spatial.layer import Layer
from tiles.vector import MAX_ZOOM, MIN_ZOOM

_NUMBERS = ("integer", "bigint", "double precision")
WORLD_BOUNDS = (-180.0, -85.0511, 180.0, 85.0511)
DEEPEST_DRAWN = 16


def tiles_url(base_url: str, name: str, asof: AsOf, wanted: Filter | None = None) -> str:
    """The XYZ template of a layer's tiles at an AsOf, of the features that a filter wants."""
    query = urlencode(asof.params() | (wanted.params() if wanted else {}))
    return f"{base_url}/tiles/{quote(name)}/{{z}}/{{x}}/{{y}}.mvt" + (f"?{query}" if query else "")


def tilejson(
    layer: Layer,
    base_url: str,
    asof: AsOf,
    language: str = "zh",
    wanted: Filter | None = None,
) -> dict[str, Any]:
    """The TileJSON document; clients overzoom beyond the deepest zoom it names."""
    west, south, east, north = layer.extent or WORLD_BOUNDS
    return {
        "tilejson": "3.0.0",
        "name": layer.name,
        "description": layer.title(language),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [tiles_url(base_url, layer.name, asof, wanted)],
        "minzoom": MIN_ZOOM,
        "maxzoom": min(DEEPEST_DRAWN, MAX_ZOOM),
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, 13],
        "vector_layers": [vector_layer(layer, language)],
    }


def vector_layer(layer: Layer, language: str) -> dict[str, Any]:
    """What a layer's tiles hold, as TileJSON and archives say it."""
    return {
        "id": layer.name,
        "description": layer.title(language),
        "fields": {c.name: _kind(c.type) for c in layer.columns},
    }


def _kind(column_type: str) -> str:
    if column_type in _NUMBERS:
        return "Number"
    return "Boolean" if column_type == "boolean" else "String"
