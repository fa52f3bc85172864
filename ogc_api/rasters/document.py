"""What a raster's collection document tells beyond pygeoapi's: its CRSs, times and data queries."""

from typing import Any

from ogc_api import context
from ogc_api.edr.data import FORMATS, UNITS
from ogc_api.rasters.covjson import MIMETYPE
from spatial import crs
from spatial.asof import format_instant
from spatial.query import snapshot
from spatial.raster import Raster
from spatial.rasters import rasters

_MOST_TIMES = 1000
_FORMS = ("CoverageJSON", "GeoJSON")
_NAMED_SO = "application/prs.coverage+json"  # pygeoapi's name of CoverageJSON


def completed(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents of collections; those that take data queries tell more of them."""
    asked = [one for one in documents if "data_queries" in one]
    if not asked:
        return documents
    for document in asked:
        _queries(document)
    with snapshot(context.database.get()) as pg:
        known = {raster.name: raster for raster in rasters(pg, context.grant.get())}
    return [_raster(one, known[one["id"]]) if one["id"] in known else one for one in documents]


def _queries(document: dict[str, Any]) -> None:
    """What each query can be asked for; its answer is no page."""
    offered = document.get("crs") or [crs.CRS84_URI]
    for kind, query in document["data_queries"].items():
        query["link"]["type"] = FORMATS["json"]
        variables = query["link"]["variables"]
        variables |= {
            "title": kind,
            "output_formats": list(_FORMS),
            "default_output_format": _FORMS[0],
            "crs_details": [{"crs": uri, "wkt": crs.parse(uri).to_wkt()} for uri in offered],
        }
        if kind == "radius":
            variables["within_units"] = list(UNITS)
    document["output_formats"] = list(_FORMS)
    document["links"] = [
        link
        for link in document["links"]
        if link["type"] != "text/html" or not link["rel"].endswith(("/coverage", "data"))
    ]


def _raster(document: dict[str, Any], raster: Raster) -> dict[str, Any]:
    latest = raster.latest
    document["extent"]["temporal"] = _times(raster)
    if raster.vertical_datum:
        document["verticalDatum"] = raster.vertical_datum
    # a raster is asked for by place, time and band, never by a filter
    links = [
        link | ({"type": MIMETYPE} if link["type"] == _NAMED_SO else {})
        for link in document["links"]
        if not link["rel"].endswith("/queryables")
    ]
    return document | {
        "links": links,
        "crs": crs.offered(latest.srid),
        "storageCrs": crs.uri(latest.srid),
        "output_formats": [*_FORMS, "GeoTIFF", "NetCDF"],
    }


def _times(raster: Raster) -> dict[str, Any]:
    """From the first state to the last, and the moments of a stack one by one."""
    first, last = raster.editions[0], raster.editions[-1]
    starts = [at for edition in raster.editions for at in edition.starts]
    begin = starts[0] if starts else first.valid.start
    end = last.valid.end or (starts[-1] if starts else None)
    found: dict[str, Any] = {
        "interval": [[begin and format_instant(begin), end and format_instant(end)]],
        "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
    }
    if starts:
        found["values"] = [format_instant(at) for at in starts[:_MOST_TIMES]]
    return found
