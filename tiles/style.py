"""MapLibre styles of one layer, of several, or of the whole city: pure, and never written twice.

`metadata.citytwin` tells a page what its layer list needs: titles, groups, legends, visibility.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from typing import Any

from tiles.cartography import BACKGROUND, GROUPS, Geometry, Look, look, with_cells

type Box = tuple[float, float, float, float]

MIMETYPE = "application/vnd.mapbox.style+json"

# From the ground up, whatever the layer: areas, lines, blocks, points, and names on top.
_STAGES = ("fill", "line", "fill-extrusion", "circle", "symbol")


@dataclass(frozen=True)
class StyleLayer:
    """What a style needs to know of a layer.

    `title` has zh and en, `columns` are those in its tiles, `minzoom` and `maxzoom` the zooms that
    tiles exist for, `bounds` west, south, east, north in degrees. A `derived` layer, a result of an
    `analysis`, waits in the list until it is chosen, since it covers what it was made from. `cells`
    are the attributes of the cells by which low zooms tell small features, if they do.
    """

    name: str
    title: Mapping[str, str]
    geometry: Geometry
    columns: tuple[str, ...]
    minzoom: int
    maxzoom: int
    bounds: Box | None = None
    derived: bool = False
    analysis: str = ""
    cells: tuple[str, ...] = ()


def style(
    layers: Sequence[StyleLayer],
    tiles_url: Callable[[str], str],
    *,
    glyphs_url: str,
    name: Mapping[str, str],
    language: str = "zh",
    timezone: str = "Asia/Shanghai",
) -> dict[str, Any]:
    """A MapLibre style (version 8) of these layers.

    `tiles_url` gives a layer's tile template with {z}, {x} and {y}, `glyphs_url` is that of our own
    letters; `name` is the city's, in zh and en; labels are in `language`, zh or en; `timezone` is
    the city's, for whoever turns a year into an instant. There is no sprite, and the map needs
    nothing from outside. A style of a single layer always shows it.
    """
    looks = []
    for layer in layers:
        its_look = look(layer.name, layer.title, layer.geometry, layer.columns, language,
                        layer.analysis)  # fmt: skip
        if layer.cells:
            its_look = with_cells(its_look, layer.geometry, layer.cells)
        shown = len(layers) == 1 or (its_look.visible and not layer.derived)
        looks.append((layer, replace(its_look, visible=shown)))
    looks.sort(key=lambda pair: (pair[1].rank, pair[0].name))
    sources: dict[str, Any] = {}
    drawn: list[dict[str, Any]] = []
    for layer, its_look in looks:
        for draw in its_look.draw:
            source, definition = _source(layer, draw.pop("source_zoom", None), tiles_url)
            sources[source] = definition
            drawn.append(_drawn(layer, its_look, source, draw))
    drawn.sort(key=lambda one: _STAGES.index(one["type"]))
    background = {
        "id": "background",
        "type": "background",
        "paint": {"background-color": BACKGROUND},
    }
    bounds = union([layer.bounds for layer in layers if layer.bounds])
    return {
        "version": 8,
        "name": name[language],
        **_camera(bounds),
        "glyphs": glyphs_url,
        "light": {"anchor": "map", "position": [1.3, 215, 35], "intensity": 0.22},
        "sources": sources,
        "layers": [background, *drawn],
        "metadata": {
            "citytwin": {
                "title": dict(name),
                "timezone": timezone,
                "bounds": bounds,
                "groups": [
                    {"title": dict(title), "layers": entries}
                    for group, title in GROUPS.items()
                    if (entries := [_entry(*pair) for pair in looks if pair[1].group == group])
                ],
            }
        },
    }


def _source(
    layer: StyleLayer, zoom: int | None, tiles_url: Callable[[str], str]
) -> tuple[str, dict[str, Any]]:
    """The id and definition of what a drawing reads: `roads`, or `districts@8` for one zoom."""
    maxzoom = layer.maxzoom if zoom is None else min(max(zoom, layer.minzoom), layer.maxzoom)
    definition = {
        "type": "vector",
        "tiles": [tiles_url(layer.name)],
        "minzoom": layer.minzoom,
        "maxzoom": maxzoom,
    }
    if layer.bounds:
        definition["bounds"] = list(layer.bounds)
    return layer.name if zoom is None else f"{layer.name}@{maxzoom}", definition


def _drawn(layer: StyleLayer, its_look: Look, source: str, draw: dict[str, Any]) -> dict[str, Any]:
    visibility = "visible" if its_look.visible else "none"
    return {
        **draw,
        "id": f"{layer.name}-{draw['id']}",
        "source": source,
        "source-layer": layer.name,
        "minzoom": max(draw["minzoom"], layer.minzoom),
        "layout": {**draw.get("layout", {}), "visibility": visibility},
    }


def _entry(layer: StyleLayer, its_look: Look) -> dict[str, Any]:
    return {
        "name": layer.name,
        "title": dict(layer.title),
        "geometry": layer.geometry,
        "visible": its_look.visible,
        "legend": its_look.legend,
    }


def union(boxes: Sequence[Box]) -> list[float] | None:
    """The box around boxes; None around none."""
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _camera(bounds: list[float] | None) -> dict[str, Any]:
    """Centre and zoom that show the bounds on a screen about four tiles of 256 pixels wide."""
    if bounds is None:
        return {}
    west, south, east, north = bounds
    width = max(east - west, north - south, 1e-4)
    return {
        "center": [(west + east) / 2, (south + north) / 2],
        "zoom": round(min(log2(2 * 360 / width), 17), 2),
    }
