"""What a layer looks like: known layers by their name, others by their kind of geometry.

`cartography.json` holds the layers of a city that have a look of their own, ground first;
`looks.json` the looks that layers share, the groups of the layer list and the spare colours;
`results.json` by which column each analysis's results are coloured. In the first two "$colour",
"$name" and "$radius" stand for what this module works out for one layer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Literal
from zlib import crc32

type Geometry = Literal["point", "line", "polygon"]
type Expression = str | float | list[Any]
type Titles = Mapping[str, str]


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files("tiles").joinpath(name).read_text("utf-8"))
    return content


_KNOWN: dict[str, dict[str, Any]] = _read("cartography.json")["layers"]
_SHARED = _read("looks.json")
_RESULTS = _read("results.json")

BACKGROUND: str = _SHARED["background"]
GROUPS: dict[str, Titles] = _SHARED["groups"]
SHAPES: Mapping[str, Geometry] = {"Point": "point", "LineString": "line", "Polygon": "polygon"}
_RANK = {name: rank for rank, name in enumerate(_KNOWN)}


@dataclass(frozen=True)
class Look:
    """How one layer is drawn and listed.

    `draw` are MapLibre layers without id and source, and may carry `source_zoom`: the zoom whose
    tiles they read at every zoom above it, so that a polygon cut by tiles is named once.
    `classes` say by which column's codes the features are coloured, in the order of the legend.
    """

    rank: int
    group: str
    visible: bool
    legend: list[dict[str, Any]]
    draw: list[dict[str, Any]]
    classes: Mapping[str, Any] | None = None


def look(
    name: str,
    title: Titles,
    geometry: Geometry,
    columns: Sequence[str],
    language: str,
    analysis: str = "",
) -> Look:
    """The look of a layer with these columns; labels in `language`, zh or en.

    A layer with a known name but other geometry, or without the column that its classes need,
    is drawn like an unknown one. analysis: of which the layer is a result, if of any.
    """
    known = _KNOWN.get(name, {})
    classes = known.get("classes")
    if known.get("geometry") != geometry or (classes and classes["column"] not in columns):
        known, classes = {}, None
    classes = classes or _result_classes(analysis, columns)
    colour = known.get("colour", spare_colour(name))
    values: dict[str, Expression | None] = {
        "$colour": class_colour(classes) if classes else colour,
        "$name": _label(columns, language),
        "$radius": known.get("radius", 1),
    }
    templates = known.get("draw") or _SHARED["looks"][known.get("look", geometry)]
    drawn = [_fill_in(template, values) for template in templates if _nameable(template, values)]
    for layer in drawn:
        layer["minzoom"] = max(layer.get("minzoom", 0), known.get("minzoom", 0))
    return Look(
        rank=_RANK[name] if known else len(_RANK),
        group=known.get("group", "other"),
        visible=known.get("visible", True),
        legend=_legend(classes) if classes else [_entry(title, colour)],
        draw=drawn,
        classes=classes,
    )


def with_cells(its_look: Look, geometry: Geometry, cells: Sequence[str]) -> Look:
    """The look of a layer whose small features low zooms tell as cells with these attributes.

    The first is the count, which only cells have, the last what they are shaded by.
    """
    count = cells[0]
    alone = ["!", ["has", count]]
    drawn = [
        {**layer, "filter": ["all", layer["filter"], alone] if "filter" in layer else alone}
        for layer in its_look.draw
    ]
    values: dict[str, Expression | None] = {
        "$colour": _cell_colour(its_look),
        "$count": count,
        "$cover": cells[-1],
    }
    first = min(layer["minzoom"] for layer in drawn)
    told = [{**_fill_in(one, values), "minzoom": first} for one in _SHARED["cells"][geometry]]
    return replace(its_look, draw=[*drawn, *(one for one in told if first < one["maxzoom"])])


def class_column(name: str, columns: Sequence[str], analysis: str = "") -> str | None:
    """The column by whose codes a layer is coloured, if it is and has it."""
    classes = _KNOWN.get(name, {}).get("classes") or _result_classes(analysis, columns)
    column = classes["column"] if classes else None
    return column if column in columns else None


def _result_classes(analysis: str, columns: Sequence[str]) -> dict[str, Any] | None:
    """The classes of a result: those of the first column that it has, or like another's."""
    for said in _RESULTS.get(analysis, ()):
        if said["column"] in columns:
            like = said.get("like")
            if like is None:
                return dict(said)
            other = _KNOWN[like]["classes"] if like in _KNOWN else _RESULTS[like][0]
            return {**other, "column": said["column"]}
    return None


def _cell_colour(its_look: Look) -> Expression:
    """Of cells, which know a prevailing code but no number: of ranges the one in the middle."""
    classes = its_look.classes
    if classes is None:
        return str(its_look.legend[0]["colour"])
    if classes["by"] == "range":
        return str(classes["values"][len(classes["values"]) // 2]["colour"])
    return class_colour(classes)


def spare_colour(name: str) -> str:
    """A muted colour for a layer that has none, always the same one for the same name."""
    palette: list[str] = _SHARED["palette"]
    return palette[crc32(name.encode()) % len(palette)]


def class_colour(classes: Mapping[str, Any]) -> Expression:
    """The expression that colours a feature by its code, longest prefixes first; or its number."""
    other: Expression = classes["other"]["colour"]
    if classes["by"] == "range":
        number = ["get", classes["column"]]
        steps = [part for one in classes["values"] for part in (one["from"], one["colour"])]
        known = ["==", ["typeof", number], "number"]
        return ["case", known, ["step", ["to-number", number], other, *steps], other]
    code = ["to-string", ["get", classes["column"]]]
    if classes["by"] == "value":
        return ["match", code, *_cases(classes["values"], None), other]
    for length in sorted({len(code) for value in classes["values"] for code in value["codes"]}):
        cases = _cases(classes["values"], length)
        other = ["match", ["slice", code, 0, length], *cases, other]
    return other


def _cases(values: Sequence[Mapping[str, Any]], length: int | None) -> list[Any]:
    cases: list[Any] = []
    for value in values:
        codes = [code for code in value["codes"] if length in (None, len(code))]
        if codes:
            cases += [codes, value["colour"]]
    return cases


def _legend(classes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_entry(value, value["colour"]) for value in [*classes["values"], classes["other"]]]


def _entry(label: Titles, colour: str) -> dict[str, Any]:
    return {"label": {"zh": label["zh"], "en": label["en"]}, "colour": colour}


def _label(columns: Sequence[str], language: str) -> Expression | None:
    other = "en" if language == "zh" else "zh"
    for column in (f"name_{language}", "name", "title", f"name_{other}"):
        if column in columns:
            return ["get", column]
    return None


def _nameable(template: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    wants = template.get("layout", {}).get("text-field")
    return wants != "$name" or values["$name"] is not None


def _fill_in(template: Any, values: Mapping[str, Any]) -> Any:
    """A fresh copy of the template with every $word replaced by its value."""
    if isinstance(template, dict):
        return {key: _fill_in(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill_in(value, values) for value in template]
    return values.get(template, template) if isinstance(template, str) else template
