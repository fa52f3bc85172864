"""TNTP: the transport research community's networks, nodes, trip tables and flows."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import shapely

from datasets.formats import text
from datasets.formats.raw import RawLayer, made
from spatial.errors import Rejected

LINKS = (
    "init_node", "term_node", "capacity", "length", "free_flow_time", "b", "power", "speed",
    "toll", "link_type",
)  # fmt: skip
THROUGH = "FIRST THRU NODE"
_TRIP = re.compile(r"(\d+)\s*:\s*([^;\s]+)\s*;")


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """Links (placed by the file of nodes beside them), nodes, trips or flows, by the content."""
    lines, _ = text.lines(path, encoding)
    told, body = _parts(lines)
    first = next(iter(body), "").lower()
    if first.startswith("origin"):
        return [_trips(path, body, told)]
    if "NUMBER OF LINKS" in told:
        return [_links(path, body, told)]
    names = first.replace(";", " ").split()
    if names[:3] == ["node", "x", "y"]:
        return [_nodes(path, body)]
    if names[:2] == ["from", "to"]:
        return [made(path.stem, _columns(path, names, body[1:]))]
    raise Rejected(f"'{path.name}' is neither a network, nodes, trips nor flows of TNTP")


def _parts(lines: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The metadata, and the lines that are neither empty nor comments."""
    told, body = {}, []
    for line in map(str.strip, lines):
        if line.startswith("<"):
            name, _, value = line.partition(">")
            told[name[1:]] = value.strip()
        elif line and not line.startswith("~"):
            body.append(line)
    return told, body


def _links(path: Path, body: Sequence[str], told: dict[str, str]) -> RawLayer:
    columns = _columns(path, LINKS, body)
    count = len(columns["init_node"])
    _agree(path, told, "NUMBER OF LINKS", count)
    if told.get(THROUGH, "").isdecimal():
        columns["first_thru_node"] = [int(told[THROUGH])] * count
    beside = path.with_name(path.name.replace("_net", "_node"))
    if beside == path or not beside.is_file():
        notes = ("there is no file of nodes beside it: links without geometry",)
        return made(path.stem, columns, notes=notes)
    nodes = dict(_places(beside, _parts(text.lines(beside, None)[0])[1]))
    wkb, why = [], []
    for ends in zip(columns["init_node"], columns["term_node"], strict=True):
        unknown = [end for end in ends if end not in nodes]
        why.append(f"there is no node {unknown[0]}" if unknown else None)
        wkb.append(None if unknown else shapely.LineString([nodes[end] for end in ends]).wkb)
    return made(path.stem, columns, wkb, "LineString", why=why)


def _nodes(path: Path, body: Sequence[str]) -> RawLayer:
    places = list(_places(path, body))
    wkb = [shapely.Point(place).wkb for _, place in places]
    return made(path.stem, {"node": [node for node, _ in places]}, wkb, "Point")


def _places(path: Path, body: Sequence[str]) -> Iterator[tuple[float, tuple[float, float]]]:
    columns = _columns(path, ("node", "x", "y"), body[1:])
    places = zip(columns["x"], columns["y"], strict=True)
    return zip(columns["node"], places, strict=True)


def _trips(path: Path, body: Sequence[str], told: dict[str, str]) -> RawLayer:
    columns: dict[str, list[float]] = {"origin": [], "destination": [], "trips": []}
    origin = 0
    for line in body:
        if line.lower().startswith("origin"):
            origin = int(line.split()[1])
            continue
        if not origin or _TRIP.sub("", line).strip():
            raise Rejected(f"'{path.name}' has no trips 'zone : number;' in '{line[:40]}'")
        for destination, trips in _TRIP.findall(line):
            columns["origin"].append(origin)
            columns["destination"].append(int(destination))
            columns["trips"].append(float(trips))
    total = told.get("TOTAL OD FLOW", "")
    found = sum(columns["trips"])
    notes = []
    if total and abs(float(total) - found) > 1e-3 * max(found, 1):
        notes = [f"its trips add up to {found:.12g}, not to the {total} that it tells"]
    return made(path.stem, columns, notes=notes)


def _columns(path: Path, names: Sequence[str], body: Sequence[str]) -> dict[str, list[float]]:
    """Numbers by column; whole ones as integers."""
    rows = []
    for line in body:
        cells = line.replace(";", " ").split()
        if len(cells) < len(names):
            raise Rejected(f"'{path.name}' breaks off at '{line[:40]}'")
        rows.append([_number(cell) for cell in cells[: len(names)]])
    if not rows:
        raise Rejected(f"'{path.name}' holds no rows")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    return {
        name: values if all(isinstance(v, int) for v in values) else [float(v) for v in values]
        for name, values in columns.items()
    }


def _number(cell: str) -> float:
    return int(cell) if cell.isdecimal() else float(cell)


def _agree(path: Path, told: dict[str, str], name: str, count: int) -> None:
    if told[name].isdecimal() and int(told[name]) != count:
        raise Rejected(f"'{path.name}' tells of {told[name]} links and holds {count}")
