"""A layer's look in QGIS's words: its renderer, from what the map's style says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from lxml import etree
from lxml.builder import E

from tiles.cartography import Geometry, Look

ZOOM = 15
_SYMBOLS = {"polygon": "fill", "line": "line", "point": "marker"}
_TYPES = {"point": "0", "line": "1", "polygon": "2"}
_CLEAR = "0,0,0,0"


@dataclass(frozen=True)
class Class:
    """Features of one colour: those for which the expression holds; None is all of them."""

    label: str
    colour: str
    expression: str | None = None


def classes_of(its_look: Look, language: str) -> tuple[str, list[Class]]:
    """The expression that names a feature's class, and the classes that it names."""
    labels = [entry["label"][language] for entry in its_look.legend]
    colours = [entry["colour"] for entry in its_look.legend]
    if its_look.classes is None:
        return "", [Class(labels[0], colours[0])]
    column, by = its_look.classes["column"], its_look.classes["by"]
    quoted, tail = _quoted(column, '"'), "" if by == "value" else "%"
    if by == "range":
        steps = zip(its_look.classes["values"], labels, strict=False)
        # the highest first: what is at least so much
        cases = " ".join(
            f"WHEN {quoted} >= {one['from']} THEN {_quoted(label)}"
            for one, label in reversed(list(steps))
        )
        return _classed(f"CASE {cases} ELSE {_quoted(labels[-1])} END", labels, colours)
    codes = [
        (code, label)
        for value, label in zip(its_look.classes["values"], labels, strict=False)
        for code in value["codes"]
    ]
    cases = " ".join(
        f"WHEN {quoted} LIKE {_quoted(code + tail)} THEN {_quoted(label)}"
        # the longest codes first, as in the map's style
        for code, label in sorted(codes, key=lambda pair: -len(pair[0]))
    )
    return _classed(f"CASE {cases} ELSE {_quoted(labels[-1])} END", labels, colours)


def _classed(case: str, labels: Sequence[str], colours: Sequence[str]) -> tuple[str, list[Class]]:
    return case, [
        Class(label, colour, f"({case}) = {_quoted(label)}")
        for label, colour in zip(labels, colours, strict=True)
    ]


def renderer(its_look: Look, geometry: Geometry, language: str) -> etree._Element:
    """How a vector layer is drawn: by its classes, or all of one symbol."""
    case, classes = classes_of(its_look, language)
    symbols = E.symbols(*(symbol(its_look, geometry, one, str(n)) for n, one in enumerate(classes)))
    if not case:
        return E("renderer-v2", symbols, type="singleSymbol", enableorderby="0")
    categories = E.categories(
        *(
            E.category(value=one.label, symbol=str(n), label=one.label, render="true")
            for n, one in enumerate(classes)
        )
    )
    return E(
        "renderer-v2",
        categories,
        symbols,
        type="categorizedSymbol",
        attr=case,
        enableorderby="0",
    )


def tile_styles(name: str, its_look: Look, geometry: Geometry, language: str) -> etree._Element:
    """How a vector tile layer is drawn: one style for each class."""
    _, classes = classes_of(its_look, language)
    zoom = str(int(_first_zoom(its_look)) or -1)
    styles = (
        E.style(
            E.symbols(symbol(its_look, geometry, one, "0")),
            {
                "enabled": "1",
                "name": one.label,
                "expression": one.expression or "",
                "geometry": _TYPES[geometry],
                "layer": name,
                "min-zoom": zoom,
                "max-zoom": "-1",
            },
        )
        for one in classes
    )
    return E.renderer(E.styles(*styles), type="basic")


def first_scale(its_look: Look) -> float | None:
    """The scale's denominator from which the layer is drawn; None for every scale."""
    zoom = _first_zoom(its_look)
    return 279_541_132 / 2**zoom if zoom > 0 else None


def symbol(its_look: Look, geometry: Geometry, one: Class, name: str) -> etree._Element:
    """One symbol, as the look draws this geometry at zoom 15, in pixels."""
    kind, values = _DRAWN[geometry](its_look, one.colour)
    options = (E.Option(name=key, value=value, type="QString") for key, value in values.items())
    layer = E.layer(E.Option(*options, type="Map"), enabled="1", locked="0")
    layer.set("class", kind)
    layer.set("pass", "0")
    return E.symbol(layer, name=name, type=_SYMBOLS[geometry], alpha="1", clip_to_extent="1")


def _polygon(its_look: Look, colour: str) -> tuple[str, dict[str, str]]:
    fill = next(_paints(its_look, "fill", "fill-extrusion"), None)
    line = next(_paints(its_look, "line"), None)
    return "SimpleFill", {
        "color": _colour(fill, colour) if fill else _CLEAR,
        "style": "solid" if fill else "no",
        **_stroke(line, colour, "outline_"),
    }


def _line(its_look: Look, colour: str) -> tuple[str, dict[str, str]]:
    lines = list(_paints(its_look, "line"))
    own = [paint for paint in lines if not isinstance(paint.get("line-color"), str)]
    stroke = _stroke((own or lines)[-1], colour, "line_")
    return "SimpleLine", stroke | {"capstyle": "round", "joinstyle": "round"}


def _point(its_look: Look, colour: str) -> tuple[str, dict[str, str]]:
    circle = next(_paints(its_look, "circle"))
    return "SimpleMarker", {
        "name": "circle",
        "color": _colour(circle, colour, "circle"),
        "size": f"{2 * _number(circle.get('circle-radius'), 3):.2f}",
        "size_unit": "Pixel",
        "outline_color": _rgba(circle.get("circle-stroke-color", "#ffffff"), 1),
        "outline_width": f"{_number(circle.get('circle-stroke-width'), 0.5):.2f}",
        "outline_width_unit": "Pixel",
    }


_DRAWN = {"polygon": _polygon, "line": _line, "point": _point}


def _stroke(paint: dict[str, Any] | None, colour: str, prefix: str) -> dict[str, str]:
    if paint is None:
        return {f"{prefix}style": "no"}
    return {
        f"{prefix}color": _colour(paint, colour, "line"),
        f"{prefix}style": "dash" if "line-dasharray" in paint else "solid",
        f"{prefix}width": f"{_number(paint.get('line-width'), 1):.2f}",
        f"{prefix}width_unit": "Pixel",
    }


def _paints(its_look: Look, *kinds: str) -> Iterator[dict[str, Any]]:
    return (draw["paint"] for draw in its_look.draw if draw["type"] in kinds)


def _first_zoom(its_look: Look) -> float:
    return float(min((draw["minzoom"] for draw in its_look.draw), default=0))


def _colour(paint: dict[str, Any], colour: str, kind: str = "fill") -> str:
    """The paint's own plain colour, else that of the class."""
    own = paint.get(f"{kind}-color")
    opacity = _number(paint.get(f"{kind}-opacity"), 1)
    return _rgba(own if isinstance(own, str) else colour, opacity)


def _rgba(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _number(value: Any, default: float) -> float:
    """What a MapLibre expression comes to at the zoom, for features of no special class."""
    if isinstance(value, int | float):
        return float(value)
    match value:
        case ["interpolate", _, ["zoom"], *stops]:
            return _number(_stop(stops), default)
        case ["*", *factors]:
            return prod(_number(factor, 1) for factor in factors)
        case ["match", *_, other]:
            return _number(other, default)
    return default


def _stop(stops: Sequence[Any]) -> Any:
    """The value at the zoom, between the stops on either side of it where both are numbers."""
    pairs = list(zip(stops[::2], stops[1::2], strict=True))
    before = [pair for pair in pairs if pair[0] <= ZOOM] or pairs[:1]
    after = [pair for pair in pairs if pair[0] > ZOOM] or before[-1:]
    (low, a), (high, b) = before[-1], after[0]
    share = (ZOOM - low) / (high - low) if high > low and low <= ZOOM else 0.0
    return _number(a, 1) * (1 - share) + _number(b, 1) * share


def _quoted(text: str, mark: str = "'") -> str:
    return mark + text.replace(mark, 2 * mark) + mark
