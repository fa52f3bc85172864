"""TileJSON 3.0 of layers at an AsOf."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from spatial.asof import AsOf
from spatial.filter.filter import Filter
from spatial.layer import Box, Layer
from tiles.bands import DETAIL
from tiles.matrix_set import MAX_ZOOM, MIN_ZOOM
from tiles.render import cell_attributes

_NUMBERS = ("integer", "bigint", "double precision")
WORLD_BOUNDS = (-180.0, -85.0511, 180.0, 85.0511)
DEEPEST_DRAWN = 16


def tiles_url(base_url: str, names: str, asof: AsOf, wanted: Filter | None = None) -> str:
    """The XYZ template of the tiles of one or, with commas, of several layers at an AsOf.

    wanted: only the features that this filter wants.
    """
    query = urlencode(asof.params() | (wanted.params() if wanted else {}))
    place = f"{base_url}/tiles/{quote(names, safe=',')}/{{z}}/{{x}}/{{y}}.mvt"
    return place + (f"?{query}" if query else "")


def tilejson(
    layers: Sequence[Layer],
    base_url: str,
    asof: AsOf,
    language: str = "zh",
    wanted: Filter | None = None,
) -> dict[str, Any]:
    """The TileJSON document; clients overzoom beyond the deepest zoom it names."""
    names = ",".join(layer.name for layer in layers)
    west, south, east, north = extent_of(layers)
    return {
        "tilejson": "3.0.0",
        "name": names,
        "description": "; ".join(layer.title(language) for layer in layers),
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [tiles_url(base_url, names, asof, wanted)],
        "minzoom": MIN_ZOOM,
        "maxzoom": min(DEEPEST_DRAWN, MAX_ZOOM),
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, 13],
        "vector_layers": [
            vector_layer(layer, language) | _cells(layer, language) for layer in layers
        ],
    }


def extent_of(layers: Sequence[Layer]) -> Box:
    """The box in degrees that holds the layers; the world where none has an extent."""
    boxes = [layer.extent for layer in layers if layer.extent] or [WORLD_BOUNDS]
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def vector_layer(layer: Layer, language: str) -> dict[str, Any]:
    """What a layer's tiles hold, as TileJSON and archives say it."""
    return {
        "id": layer.name,
        "description": layer.title(language),
        "fields": {c.name: _kind(c.type) for c in layer.columns},
    }


def _cells(layer: Layer, language: str) -> dict[str, Any]:
    """What TileJSON says of the cells that tell a layer's small features at low zooms."""
    cells = cell_attributes(layer)
    if not cells:
        return {}
    fields = {column.name: _kind(column.type) for column in layer.columns}
    said = (
        f"zoom {DETAIL} 起逐个显示；以下小要素汇总为格网，属性 {cells[0]} 为数量"
        if language == "zh"
        else f"feature by feature from zoom {DETAIL}; below it, small ones are told as cells,"
        f" which have the attribute {cells[0]}"
    )
    return {
        "description": f"{layer.title(language)} ({said})",
        "fields": fields | dict.fromkeys(cells, "Number"),
        "detail_minzoom": DETAIL,
    }


def _kind(column_type: str) -> str:
    if column_type in _NUMBERS:
        return "Number"
    return "Boolean" if column_type == "boolean" else "String"
