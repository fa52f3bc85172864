"""CityJSON 1.0 to 2.0."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyproj

from datasets.formats import solids
from datasets.formats.raw import RawLayer
from datasets.formats.solids import CityObject, Ring, Surface
from spatial import crs as crs_of
from spatial.errors import Rejected

_BLOCK = 1 << 20
_MARK = re.compile(rb'"type"\s*:\s*"CityJSON"')
_EPSG = re.compile(r"EPSG[:/]+(?:[\d.]*[:/])?(\d+)$")
_DEPTH = {"Solid": 1, "MultiSurface": 0, "CompositeSurface": 0, "MultiSolid": 2}
_DEPTH |= {"CompositeSolid": 2}


def is_one(path: Path) -> bool:
    """Whether a JSON file says anywhere that it is CityJSON."""
    before = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if _MARK.search(before + block):
                return True
            before = block[-64:]
    return False


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The city objects of a file that have a geometry, as one layer."""
    city = orjson.loads(path.read_bytes())
    if not isinstance(city, dict) or city.get("type") != "CityJSON":
        raise Rejected(f"'{path.name}' is not CityJSON inside")
    vertices = _vertices(city)
    objects = list(_objects(city["CityObjects"], vertices))
    left = len(city["CityObjects"]) - len(objects)
    notes = [f"{left} objects without geometry of their own left out"] if left else []
    title = path.name.partition(".")[0]
    return [solids.layer(title, objects, _crs(city), notes)]


def _vertices(city: Mapping[str, Any]) -> Ring:
    points = np.array(city["vertices"], float).reshape(-1, 3)
    if "transform" in city:
        points = points * city["transform"]["scale"] + np.array(city["transform"]["translate"])
    return points


def _objects(objects: Mapping[str, Any], vertices: Ring) -> Iterator[CityObject]:
    for name, one in objects.items():
        geometries = [g for g in one.get("geometry", []) if g.get("type") in _DEPTH]
        if not geometries:
            continue
        best = max(geometries, key=lambda geometry: str(geometry.get("lod", "")))
        parents = one.get("parents", [])
        inherited = objects.get(parents[0], {}).get("attributes", {}) if parents else {}
        yield CityObject(
            id=name,
            type=one["type"],
            lod=str(best["lod"]) if "lod" in best else None,
            surfaces=list(_surfaces(best, vertices)),
            parent=parents[0] if parents else None,
            attributes=_plain(inherited | one.get("attributes", {})),
        )


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        for name, value in attributes.items()
    }


def _surfaces(geometry: Mapping[str, Any], vertices: Ring) -> Iterator[Surface]:
    semantics = geometry.get("semantics") or {}
    kinds = [surface.get("type") for surface in semantics.get("surfaces", [])]
    faces, values = [geometry["boundaries"]], [semantics.get("values")]
    for _ in range(_DEPTH[geometry["type"]] + 1):
        values = [value for level, inner in zip(values, faces, strict=True)
                  for value in (level or [None] * len(inner))]  # fmt: skip
        faces = [face for level in faces for face in level]
    for rings, value in zip(faces, values, strict=True):
        found = [vertices[ring] for ring in rings if len(ring) > 2]
        if found:
            yield Surface(found, value is not None and kinds[value] == "GroundSurface")


def _crs(city: Mapping[str, Any]) -> pyproj.CRS | None:
    told = _EPSG.search(str((city.get("metadata") or {}).get("referenceSystem", "")))
    return crs_of.parse(int(told[1])) if told else None
