"""CityGML 1 to 3: every object that has surfaces, by its most detailed ones."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree

from datasets.formats import solids, xml
from datasets.formats.raw import RawLayer
from datasets.formats.solids import CityObject, Ring, Surface
from spatial import crs as crs_of

_LOD = re.compile(r"lod(\d)")
_EPSG = re.compile(r"EPSG[:/]+(?:[\d.]*[:/])?(\d+)")
_PARTS = ("BuildingPart", "BridgePart", "TunnelPart")


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The city objects of a file as one layer.

    Coordinates are taken east first, as cities write them, but latitude first where a URN names
    a geographic system.
    """
    reference = _reference(path)
    crs = crs_of.parse(int(reference[1])) if reference else None
    objects = []
    for member in xml.events(path, "{*}cityObjectMember"):
        for top in member:
            objects += list(_objects(top, None))
    notes: list[str] = []
    if crs is not None and crs.is_geographic and "urn:" in (reference.string if reference else ""):
        notes.append("latitude taken first, as its URN asks")
        objects = [_swapped(one) for one in objects]
    return [solids.layer(path.stem, objects, crs, notes)]


def _reference(path: Path) -> re.Match[str] | None:
    for _, element in etree.iterparse(
        str(path), events=("start",), resolve_entities=False, load_dtd=False, no_network=True
    ):
        if name := element.get("srsName"):
            return _EPSG.search(name)
        if _local(element) == "posList":
            break
    return None


def _objects(element: Any, parent: str | None) -> Iterator[CityObject]:
    """An object and its parts, each with its own surfaces."""
    name = _id(element)
    parts = [part for part in element.iter() if _local(part) in _PARTS and part is not element]
    inner = {at for part in parts for at in part.iter()}
    levels: dict[str, list[Surface]] = defaultdict(list)
    for polygon in element.iter("{*}Polygon", "{*}Triangle", "{*}Rectangle"):
        if polygon in inner:
            continue
        above = [_local(at) for at in polygon.iterancestors()]
        level = next((found[1] for at in above if (found := _LOD.match(at))), "")
        rings = [ring for at in polygon.iter("{*}LinearRing") if (ring := _ring(at)) is not None]
        if rings:
            levels[level].append(Surface(rings, "GroundSurface" in above))
    if levels:
        best = max(levels)
        kind = _local(element)
        attributes = dict(_attributes(element))
        yield CityObject(name, kind, best or None, levels[best], parent, attributes)
    for part in parts:
        yield from _objects(part, name)


def _attributes(element: Any) -> Iterator[tuple[str, Any]]:
    """Its plain values, and its generic ones."""
    for child in element:
        name, content = _local(child), (child.text or "").strip()
        if not len(child) and content and name not in ("name", "description"):
            yield name, _value(content)
        elif name in ("name", "description") and content:
            yield name, content
        elif name.endswith("Attribute") or name == "genericAttribute":
            title = child.get("name") or next(iter(child.itertext("{*}name")), "")
            value = "".join(child.itertext("{*}value")).strip()
            if title.strip() and value:
                yield title.strip(), _value(value)


def _value(content: str) -> Any:
    try:
        return float(content) if re.fullmatch(r"-?\d+\.\d+", content) else content
    except ValueError:
        return content


def _ring(element: Any) -> Ring | None:
    """(n, 3) coordinates of a linear ring."""
    numbers = " ".join(
        at.text or "" for at in element.iter("{*}posList", "{*}pos", "{*}coordinates")
    ).replace(",", " ").split()  # fmt: skip
    if len(numbers) < 9 or len(numbers) % 3:
        return None
    return np.array(numbers, float).reshape(-1, 3)


def _swapped(one: CityObject) -> CityObject:
    surfaces = [
        Surface([ring[:, [1, 0, 2]] for ring in s.rings], s.is_ground) for s in one.surfaces
    ]
    return CityObject(one.id, one.type, one.lod, surfaces, one.parent, one.attributes)


def _id(element: Any) -> str:
    return next((value for name, value in element.attrib.items() if name.endswith("}id")), "")


def _local(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
