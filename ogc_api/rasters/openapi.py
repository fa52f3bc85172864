"""The OpenAPI of rasters and data queries; pygeoapi's would send readers elsewhere."""

from collections.abc import Iterable, Mapping
from typing import Any

from ogc_api.edr import data
from ogc_api.openapi import REFUSALS, Node, described, query, refer
from ogc_api.rasters import coverage
from tiles.colours import FORMATS

_WKT = {
    "position": "POINT(120.3 31.5)",
    "radius": "POINT(120.3 31.5)",
    "area": "POLYGON((120.3 31.5,120.4 31.5,120.4 31.6,120.3 31.5))",
    "trajectory": "LINESTRING(120.3 31.5,120.4 31.6)",
}
_BBOX = query("bbox", "minx,miny,maxx,maxy in the axis order of its CRS; degrees without one")
_CRS = query("crs", "URI of the CRS of coordinates, and of the grids that are answered")
_ASOF = ("datetime", "known_at", "scenario")
_TOO_MUCH = {"413": "It is more than is given at once; the answer says how to ask for less"}
_COVERAGE = (
    query("bbox-crs", "URI of the CRS of bbox"),
    query("subset", "x(528000:529000),y(3485000:3486000); or Lon, Lat; or time"),
    query("subset-crs", "URI of the CRS of x and y in subset"),
    query("scale-factor", "How many times fewer cells along each axis", "number"),
    query("scale-size", "How many cells: x(200),y(100)"),
    query("scale-axes", "How many times fewer cells along an axis: x(2),y(4)"),
)
_RADIUS = (
    query("within", "The radius", "number"),
    query("within-units", "Its unit", enum=list(data.UNITS)),
)
_DRAWN = (
    query(
        "colormap",
        "viridis, terrain, blues and others; of heights hillshade, terrain-rgb",
    ),
    query("rescale", "The values at the two ends of the colour map: low,high"),
)


def extend_grids(
    document: Node, grids: Mapping[str, Iterable[str]], series: Mapping[str, Iterable[str]]
) -> Node:
    """The document with the paths of rasters, given with the names of their bands.

    series: layers of assets, with what they measure.
    """
    paths = document["paths"]
    for name, measured in series.items():
        for kind in (one for one in data.QUERIES if one != "trajectory"):
            paths.pop(f"/collections/{name}/{kind}/{{locId}}", None)
            paths |= _data(name, f"/collections/{name}", kind, list(measured))
    for name, bands in grids.items():
        base, names = f"/collections/{name}", list(bands)
        for path in [path for path in paths if path.startswith(f"{base}/")]:
            del paths[path]
        chosen = query("properties", "Bands", "array", items={"type": "string", "enum": names})
        forms = query("f", "The form", enum=[form.name for form in coverage.FORMATS])
        paths[f"{base}/coverage"] = _get(
            name, "coverage", [form.mimetype for form in coverage.FORMATS],
            [forms, _BBOX, _CRS, chosen, *_COVERAGE],
        )  # fmt: skip
        drawn = query("f", "The form", enum=list(FORMATS))
        tile = _get(
            name, "mapTile", list(FORMATS.values()),
            [drawn, chosen, *_DRAWN, *map(_whole, "zyx")],
        )  # fmt: skip
        tile["get"]["responses"] |= described({"204": "Nothing is there"})
        paths[f"{base}/map/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"] = tile
        for kind in data.QUERIES:
            paths |= _data(name, base, kind, names)
    return document


def _data(name: str, base: str, kind: str, names: list[str]) -> Node:
    parameters = [
        query("f", "The form", enum=["json", "geojson"]),
        query("parameter-name", "Bands", "array", items={"type": "string", "enum": names}),
        _CRS,
    ]
    types = list(dict.fromkeys(data.FORMATS.values()))
    if kind == "locations":
        place = {"in": "path", "name": "locationId", "required": True, "schema": {"type": "string"}}
        listing = [_BBOX, *refer("limit"), query("layer", "The layer whose features to list")]
        return {
            f"{base}/locations": _get(name, "locations", [types[-1]], listing),
            f"{base}/locations/{{locationId}}": _get(name, "location", types, [*parameters, place]),
        }
    if kind == "cube":
        parameters.append(_BBOX | {"required": True})
    else:
        coords = query("coords", "Where, as WKT in the axis order of crs", example=_WKT[kind])
        parameters.append(coords | {"required": True})
    more = _RADIUS if kind == "radius" else ()
    return {f"{base}/{kind}": _get(name, kind, types, [*parameters, *more])}


def _whole(name: str) -> Node:
    schema = {"type": "integer", "minimum": 0}
    return {"in": "path", "name": name, "required": True, "schema": schema}


def _get(name: str, what: str, types: Iterable[str], parameters: list[Any]) -> Node:
    kinds = {kind: {"schema": {"type": "object"}} for kind in types}
    return {
        "get": {
            "summary": f"The {what} of {name}",
            "tags": [name],
            "operationId": f"{what}{name.capitalize()}",
            "parameters": [*parameters, *refer(*_ASOF)],
            "responses": {
                "200": {"description": "Done", "content": kinds},
                **described(REFUSALS | _TOO_MUCH),
            },
        }
    }
