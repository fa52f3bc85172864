"""EPANET and SWMM input files: nodes, links and areas with places, other sections as tables."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely

from datasets.formats import text
from datasets.formats.raw import RawLayer, made
from spatial.errors import Rejected

type Sections = Mapping[str, list[list[str]]]
type Point = tuple[float, float]

_LINK = ("name", "from_node", "to_node")
NODES = {
    "JUNCTIONS": ("name", "elevation", "demand", "pattern"),
    "RESERVOIRS": ("name", "head", "pattern"),
    "TANKS": (
        "name", "elevation", "init_level", "min_level", "max_level", "diameter", "min_volume",
        "volume_curve", "overflow",
    ),
}  # fmt: skip
LINKS = {
    "PIPES": (*_LINK, "length", "diameter", "roughness", "minor_loss", "status"),
    "PUMPS": (*_LINK, "properties"),
    "VALVES": (*_LINK, "diameter", "type", "setting", "minor_loss", "curve"),
}
SWMM_NODES = {
    "JUNCTIONS": ("name", "elevation", "max_depth", "init_depth", "surcharge", "ponded_area"),
    "OUTFALLS": ("name", "elevation", "type", "stage", "gated", "route_to"),
    "STORAGE": ("name", "elevation", "max_depth", "init_depth", "shape", "curve", "properties"),
    "DIVIDERS": ("name", "elevation", "link", "type", "properties"),
}
SWMM_LINKS = {
    "CONDUITS": (
        *_LINK, "length", "roughness", "in_offset", "out_offset", "init_flow", "max_flow",
    ),
    "PUMPS": (*_LINK, "curve", "status", "startup", "shutoff"),
    "ORIFICES": (*_LINK, "type", "offset", "coefficient", "gated", "close_time"),
    "WEIRS": (*_LINK, "type", "crest_height", "coefficient", "gated", "properties"),
    "OUTLETS": (*_LINK, "offset", "type", "properties"),
}  # fmt: skip
AREAS = {
    "SUBCATCHMENTS": (
        "name", "rain_gage", "outlet", "area", "imperviousness", "width", "slope", "curb_length",
        "snow_pack",
    ),
}  # fmt: skip
_PLACES = ("COORDINATES", "VERTICES", "POLYGONS", "SYMBOLS")
_PROSE = (*_PLACES, "TITLE", "RULES", "CONTROLS", "BACKDROP", "LABELS", "MAP", "PROFILES", "END")


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """Layers named after the file and the section; their CRS is never told."""
    lines, notes = text.lines(path, encoding)
    sections = _sections(lines)
    is_swmm = bool({"CONDUITS", "SUBCATCHMENTS", "OUTFALLS"} & sections.keys())
    if "JUNCTIONS" not in sections:
        raise Rejected(f"'{path.name}' is neither of EPANET nor of SWMM: it has no [JUNCTIONS]")
    nodes, links = (SWMM_NODES, SWMM_LINKS) if is_swmm else (NODES, LINKS)
    areas = AREAS if is_swmm else {}
    places = {name: points[-1] for name, points in _points(sections, "COORDINATES").items()}
    bends, rings = _points(sections, "VERTICES"), _points(sections, "POLYGONS")
    layers = []
    for section, rows in sections.items():
        title = f"{path.stem}_{section.lower()}"
        if section in _PROSE or not rows:
            continue
        if section in nodes:
            names = nodes[section]
            found = [_node(row[0], places) for row in rows]
            kind = "Point"
        elif section in links:
            names = links[section]
            found = [_line(row, places, bends.get(row[0], [])) for row in rows]
            kind = "LineString"
        elif section in areas:
            names = areas[section]
            found = [_area(row[0], rings.get(row[0], [])) for row in rows]
            kind = "Polygon"
        else:
            layers.append(made(title, _columns(rows, ()), notes=notes))
            continue
        wkb, why = [at for at, _ in found], [reason for _, reason in found]
        layers.append(made(title, _columns(rows, names), wkb, kind, why=why, notes=notes))
    return layers


def _sections(lines: Sequence[str]) -> dict[str, list[list[str]]]:
    """The rows of each section, without comments."""
    sections: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in lines:
        words = line.partition(";")[0].split()
        if words and words[0].startswith("["):
            rows = sections.setdefault(words[0].strip("[]").upper(), [])
        elif words:
            rows.append(words)
    return sections


def _points(sections: Sections, name: str) -> dict[str, list[Point]]:
    points: dict[str, list[Point]] = defaultdict(list)
    for row in sections.get(name, []):
        try:
            points[row[0]].append((float(row[1]), float(row[2])))
        except (IndexError, ValueError):
            continue  # whoever needs this point will say that it has no place
    return points


def _node(name: str, places: Mapping[str, Point]) -> tuple[bytes | None, str | None]:
    if name not in places:
        return None, f"node '{name}' has no place in [COORDINATES]"
    return shapely.Point(places[name]).wkb, None


def _line(
    row: Sequence[str], places: Mapping[str, Point], bends: Sequence[Point]
) -> tuple[bytes | None, str | None]:
    if len(row) < 3:
        return None, f"link '{row[0]}' does not say between which nodes it runs"
    for end in row[1:3]:
        if end not in places:
            return None, f"link '{row[0]}' ends at '{end}', which has no place"
    return shapely.LineString([places[row[1]], *bends, places[row[2]]]).wkb, None


def _area(name: str, ring: Sequence[Point]) -> tuple[bytes | None, str | None]:
    if len(ring) < 3:
        return None, f"'{name}' has fewer than three points in [POLYGONS]"
    return shapely.Polygon(ring).wkb, None


def _columns(rows: Sequence[Sequence[str]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Cells by column; the last of the named ones takes what is left over."""
    if not names:
        names = [f"field_{at}" for at in range(1, max(map(len, rows)) + 1)]
    columns: dict[str, list[Any]] = {}
    for at, name in enumerate(names):
        is_last = at == len(names) - 1
        cells = [" ".join(row[at:] if is_last else row[at : at + 1]) or None for row in rows]
        columns[name] = cells if at == 0 else _numbers(cells)
    return columns


def _numbers(cells: list[str | None]) -> list[Any]:
    """Numbers where all cells are such, else the cells."""
    try:
        return [None if cell is None else float(cell) for cell in cells]
    except ValueError:
        return cells
