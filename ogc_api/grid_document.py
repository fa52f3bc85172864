"""What a raster's collection document tells beyond pygeoapi's: its CRSs, times and data queries."""

from typing import Any

from ogc_api import context
from ogc_api.covjson import MIMETYPE
from ogc_api.edr import FORMATS, UNITS
from spatial import crs
from spatial.asof import format_instant
from spatial.query import snapshot
from spatial.raster import Raster
from spatial.rasters import rasters

_MOST_TIMES = 1000
_NAMED_SO = "application/prs.coverage+json"  # pygeoapi's name of CoverageJSON


def completed(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents of collections, those of rasters completed."""
    if all("parameter_names" not in one for one in documents):
        return documents
    with snapshot(context.database.get()) as pg:
        known = {raster.name: raster for raster in rasters(pg, context.grant.get())}
    return [_raster(one, known[one["id"]]) if one["id"] in known else one for one in documents]


def _raster(document: dict[str, Any], raster: Raster) -> dict[str, Any]:
    latest = raster.latest
    offered = crs.offered(latest.srid)
    for kind, query in document["data_queries"].items():
        variables = query["link"]["variables"]
        variables |= {
            "title": kind,
            "output_formats": ["CoverageJSON", "GeoJSON"],
            "default_output_format": "CoverageJSON",
            "crs_details": [{"crs": uri, "wkt": crs.parse(uri).to_wkt()} for uri in offered],
        }
        if kind == "radius":
            variables["within_units"] = list(UNITS)
        query["link"]["type"] = FORMATS["json"]
    document["extent"]["temporal"] = _times(raster)
    if raster.vertical_datum:
        document["verticalDatum"] = raster.vertical_datum
    # a raster is asked for by place, time and band, never by a filter; its data are no page
    links = [
        link | ({"type": MIMETYPE} if link["type"] == _NAMED_SO else {})
        for link in document["links"]
        if not link["rel"].endswith("/queryables")
        and not (link["type"] == "text/html" and link["rel"].endswith(("/coverage", "data")))
    ]
    return document | {
        "links": links,
        "crs": offered,
        "storageCrs": crs.uri(latest.srid),
        "output_formats": ["CoverageJSON", "GeoJSON", "GeoTIFF", "NetCDF"],
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
