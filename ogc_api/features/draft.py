"""A feature that somebody sends: GeoJSON with JSON-FG's time, read and checked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, Self

import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from spatial import crs
from spatial.errors import Invalid, Rejected
from spatial.layer import GEOMETRY_TYPES, Layer
from spatial.period import Period, parse_bounds

_COLLECTION = "GeometryCollection"
_FITS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "bigint": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "double precision": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool)
    ),
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, str),
    "timestamptz": lambda value: isinstance(value, str),
    "jsonb": lambda value: isinstance(value, dict | list),
}
# GDAL's reader of JSON-FG, and so QGIS, shows `time` by these attributes and sends them back
_BOUNDS = ("time_start", "time_end")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is said of a feature; None is said of nothing.

    geometry: x first, in the CRS with this URI; period: when it is true.
    """

    properties: dict[str, Any]
    geometry: BaseGeometry | None
    crs_uri: str
    period: Period | None

    @property
    def srid(self) -> int:
        """EPSG code of the geometry's CRS."""
        return crs.srid(self.crs_uri)

    def timed(self, layer: Layer, zone: tzinfo) -> Self:
        """The draft with the bounds that came as attributes for its time, unless it says one."""
        sent = {name: self.properties.get(name) for name in _BOUNDS if name in self.properties}
        if not sent or not sent.keys().isdisjoint(layer.column_names):
            return self
        kept = {name: value for name, value in self.properties.items() if name not in sent}
        period = self.period
        if period is None and any(sent.values()):
            period = _period({"interval": [sent.get(name) for name in _BOUNDS]}, zone)
        return replace(self, properties=kept, period=period)

    def check(self, layer: Layer) -> None:
        """Raise Invalid where the CRS is not on offer, or a value is not of its column's type.

        Names that are no column are the editor's to refuse.
        """
        if self.crs_uri not in crs.offered(layer.srid):
            raise Invalid(
                f"Content-Crs '{self.crs_uri}' is not on offer here: "
                f"{', '.join(crs.offered(layer.srid))}"
            )
        for column in layer.columns:
            value = self.properties.get(column.name)
            if value is not None and not _FITS[column.type](value):
                raise Invalid(f"'{column.name}' is {column.type}, not {json.dumps(value)[:60]}")


def read(body: bytes, content_crs: str | None, zone: tzinfo, *, whole: bool) -> Draft:
    """The draft in a request's body.

    whole: a Feature with properties and geometry; else whatever parts of one are there.
    Raises Invalid for what is no feature, Rejected for a geometry that cannot be read.
    """
    document = _document(body)
    if document.get("type", None if whole else "Feature") != "Feature":
        raise Invalid('the body must be one GeoJSON feature, with "type": "Feature"')
    properties = document.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        raise Invalid("'properties' must be an object of attributes and their values")
    uri, member = (content_crs or "").strip().strip("<>") or crs.CRS84_URI, "geometry"
    if document.get("place") is not None:  # JSON-FG: in a CRS of its own
        uri, member = _crs_of(document.get("coordRefSys", uri)), "place"
    geometry = None
    if whole or member in document:
        geometry = _geometry(document.get(member), uri)
    return Draft(properties, geometry, uri, _period(document.get("time"), zone))


def _document(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode()
        document = json.loads(text, parse_constant=_no_number)
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body is not JSON in UTF-8: {error}") from None
    if not isinstance(document, dict):
        raise Invalid("the body must be one JSON object")
    return document


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


def _crs_of(named: Any) -> str:
    if not isinstance(named, str):
        raise Invalid("'coordRefSys' is the URI of one CRS")
    return named


def _geometry(found: Any, uri: str) -> BaseGeometry:
    if found is None:
        raise Rejected("the feature has no geometry")
    kind = found.get("type") if isinstance(found, dict) else None
    if kind not in (*GEOMETRY_TYPES, _COLLECTION):
        raise Rejected("'geometry' must be a GeoJSON geometry")
    if kind == _COLLECTION and f'"{_COLLECTION}"' in json.dumps(found.get("geometries")):
        raise Rejected("a collection of geometries may hold no other collection")
    try:
        geometry: BaseGeometry = shapely.from_geojson(json.dumps(found))
    except GEOSException as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise Rejected(f"the geometry cannot be read: {reason}") from None
    if uri != crs.CRS84_URI and crs.northing_first(crs.srid(uri)):
        geometry = shapely.transform(geometry, _swap, include_z=geometry.has_z)
    return geometry


def _swap(coordinates: Any) -> Any:
    swapped = coordinates.copy()
    swapped[:, :2] = coordinates[:, 1::-1]
    return swapped


def _period(time: Any, zone: tzinfo) -> Period | None:
    if time is None:
        return None
    interval = time.get("interval") if isinstance(time, dict) else None
    if (
        not isinstance(interval, list)
        or len(interval) != 2
        or not all(bound is None or isinstance(bound, str) for bound in interval)
    ):
        raise Invalid('\'time\' is written {"interval": ["2024-06-01", ".."]}')
    return parse_bounds(interval[0], interval[1], zone)


def asked_period(when: str | None, zone: tzinfo) -> Period | None:
    """The period that a `datetime` parameter names for a write; None for an instant."""
    if when is None or "/" not in when:
        return None
    start, _, end = when.partition("/")
    return parse_bounds(start, end, zone)
