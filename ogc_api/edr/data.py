"""OGC API EDR: position, radius, area, cube, trajectory, locations, as CoverageJSON or GeoJSON."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from ogc_api import context, etag
from ogc_api.edr import geojson
from ogc_api.edr.source import Asked, source
from ogc_api.features.geojson import Answer
from ogc_api.params import only
from ogc_api.rasters import covjson
from spatial import crs
from spatial.box import parse_box
from spatial.errors import Invalid

QUERIES = ("position", "radius", "area", "cube", "trajectory", "locations")
FORMATS = {"json": covjson.MIMETYPE, "covjson": covjson.MIMETYPE, "geojson": "application/geo+json"}
MOST_JSON, MOST_FEATURES = 1_000_000, 100_000
_COMMON = frozenset(("coords", "parameter-name", "parameter_names", "crs", "z", "limit"))
_MORE = {
    "radius": frozenset(("within", "within-units")),
    "cube": frozenset(("bbox",)),
    "locations": frozenset(("bbox", "layer")),
}
_SHAPES = {
    "position": ("Point", "MultiPoint"),
    "radius": ("Point",),
    "area": ("Polygon", "MultiPolygon"),
    "trajectory": ("LineString", "MultiLineString"),
}
UNITS = {"m": 1.0, "metre": 1.0, "metres": 1.0, "meters": 1.0, "km": 1000.0,
           "kilometers": 1000.0, "kilometres": 1000.0, "mi": 1609.344, "miles": 1609.344,
           "ft": 0.3048}  # fmt: skip
_FURTHEST = 100_000.0
_NOWHERE = (shapely.Point(), crs.WGS84)


def query(name: str, kind: str, words: Mapping[str, str], location: str | None = None) -> Answer:
    """The answer to a data query. Raises Invalid, NotFound and TooLarge with what to change."""
    only(words, _COMMON | _MORE.get(kind, frozenset()))
    form = words.get("f") or "json"
    if form not in FORMATS:
        raise Invalid(f"there is no format '{form}': json (CoverageJSON) and geojson are")
    if words.get("z"):
        raise Invalid("what is here has no heights to choose from: leave z out")
    found = source(name)
    if kind == "locations" and location is None:
        return _answer(found.locations(words), FORMATS["geojson"], name, words)
    shape, srid = _NOWHERE if kind == "locations" else _shape(kind, words)
    names = words.get("parameter-name") or words.get("parameter_names") or ""
    asked = Asked(
        shape,
        srid,
        context.asof.get(),
        tuple(part.strip() for part in names.split(",") if part.strip()),
        crs.horizontal(words["crs"]) if words.get("crs") else None,
        MOST_FEATURES if form == "geojson" else MOST_JSON,
    )
    match kind:
        case "position":
            coverages = found.position(asked)
        case "trajectory":
            coverages = found.trajectory(asked)
        case "locations":
            coverages = found.location(str(location), asked)
        case _:
            coverages = found.area(asked, boxed=kind == "cube")
    if form == "geojson":
        return _answer(geojson.features(coverages), FORMATS[form], name, words)
    domain = coverages[0]["domain"]["domainType"]
    document = covjson.collection(coverages, found.parameters(asked), domain)
    return _answer(document, FORMATS[form], name, words)


def _answer(document: Any, mimetype: str, name: str, words: Mapping[str, str]) -> Answer:
    body = covjson.encode(document)
    return Answer(body, {"Content-Type": mimetype, "ETag": etag.of_parts(name, words, body)})


def _shape(kind: str, words: Mapping[str, str]) -> tuple[BaseGeometry, int]:
    """What `coords` or `bbox` draws, x first, and its CRS."""
    if kind == "cube":
        crs.horizontal(words.get("crs") or crs.WGS84)
        if not words.get("bbox"):
            raise Invalid("a cube needs bbox=minx,miny,maxx,maxy")
        box, code = parse_box(words["bbox"], words.get("crs"))
        if box[0] == box[2] or box[1] == box[3]:
            raise Invalid("the bbox of a cube has an area: for one place ask for its position")
        return shapely.box(*box), code
    shape, code = _coords(kind, words)
    return (_circle(shape, code, words), crs.WGS84) if kind == "radius" else (shape, code)


def _coords(kind: str, words: Mapping[str, str]) -> tuple[BaseGeometry, int]:
    text = words.get("coords", "").strip()
    wanted = _SHAPES[kind]
    if not text:
        raise Invalid(f"this needs coords, a {wanted[0].upper()} as WKT")
    if len(text) > 200_000:
        raise Invalid("coords is too long: draw a simpler shape")
    try:
        shape = shapely.from_wkt(text)
    except (shapely.errors.ShapelyError, UnicodeError):
        raise Invalid("coords is not WKT: write POINT(120.3 31.5)") from None
    if shape is None or shape.is_empty or shape.geom_type not in wanted:
        raise Invalid(f"coords of this query is a {' or '.join(wanted)}")
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        raise Invalid("the numbers of coords must be finite")
    if "LineString" in wanted and not shapely.length(shapely.get_parts(shape)).min() > 0:
        raise Invalid("coords is a line that goes nowhere")
    if "Polygon" in wanted and not shape.is_valid:
        raise Invalid(f"coords crosses itself: {shapely.is_valid_reason(shape)}")
    spelling = words.get("crs")
    code = crs.horizontal(spelling) if spelling else crs.WGS84
    if spelling and not crs.is_crs84(spelling) and crs.northing_first(code):
        # M stays where it is
        shape = shapely.transform(
            shape, lambda xy: xy[:, [1, 0, *range(2, xy.shape[1])]], include_z=shape.has_z
        )
    return shape, code


def _circle(centre: BaseGeometry, code: int, words: Mapping[str, str]) -> BaseGeometry:
    """All within a distance of a point, in degrees."""
    unit = words.get("within-units", "m")
    try:
        radius = float(words.get("within", "")) * UNITS[unit.lower()]
    except KeyError:
        raise Invalid(f"within-units '{unit}' is not known: m, km, mi and ft are") from None
    except ValueError:
        raise Invalid("a radius needs within, a number, and within-units") from None
    if not (isfinite(radius) and 0 < radius <= _FURTHEST):
        raise Invalid(f"within goes to {_FURTHEST / 1000:.0f} km")
    x, y = crs.transformer(code, crs.WGS84).transform(*shapely.get_coordinates(centre)[0])
    if not (isfinite(x) and abs(y) <= 90):
        raise Invalid("coords is no place on the Earth")
    about = CRS.from_dict({"proj": "aeqd", "lon_0": x, "lat_0": y, "datum": "WGS84"})
    to = Transformer.from_crs(about, crs.WGS84, always_xy=True)
    ring = shapely.Point(0, 0).buffer(radius, quad_segs=64)
    return shapely.transform(ring, lambda xy: np.stack(to.transform(xy[:, 0], xy[:, 1]), axis=1))
