"""A raster as a pygeoapi collection, and the data queries of rasters and of the twin."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from spatial import crs
from spatial.layer import Layer
from spatial.raster import Band, Raster


def raster_resource(raster: Raster, base_url: str) -> dict[str, Any]:
    """One raster as pygeoapi is to describe it; its data it gets from us."""
    title = {"en": raster.title("en"), "zh": raster.title("zh")}
    place, name = f"{base_url}/collections/{quote(raster.name)}", quote(raster.name)
    latest = raster.latest
    provider = {
        "data": raster.name,
        "fields": {band.name: field(band) for band in latest.bands},
        "crs": crs.offered(latest.srid),
        "storage_crs": crs.uri(latest.srid),
    }
    return {
        "type": "collection",
        "title": title,
        "description": title,
        "keywords": {"en": [raster.name], "zh": [raster.title("zh")]},
        "links": [
            _link("application/json", "tilejson", f"{base_url}/tiles/{name}.json"),
            _link("application/json", "legend", f"{base_url}/legends/{name}.json"),
            _link("image/tiff; application=geotiff", _COVERAGE, f"{place}/coverage?f=geotiff"),
            _link("application/x-netcdf", _COVERAGE, f"{place}/coverage?f=netcdf"),
        ],
        "extents": {
            "spatial": {"bbox": list(raster.extent), "crs": crs.CRS84_URI},
            "temporal": {"begin": None, "end": None},
        },
        "providers": [
            {
                "type": "coverage",
                "default": True,
                "name": "ogc_api.rasters.providers.CoverageProvider",
                **provider,
                "shape": latest.shape,
                "bounds": latest.bounds,
            },
            {"type": "edr", "name": "ogc_api.rasters.providers.GridEdrProvider", **provider},
        ],
    }


def series_provider(layer: Layer, units: Mapping[str, str]) -> dict[str, Any]:
    """The readings of a layer's assets, as pygeoapi is to describe them."""
    return {
        "type": "edr",
        "name": "ogc_api.rasters.providers.SeriesEdrProvider",
        "data": layer.name,
        "fields": {
            name: {"type": "number", "title": name, "x-ogc-unit": unit or "1"}
            for name, unit in units.items()
        },
        "crs": crs.offered(layer.srid),
        "storage_crs": crs.uri(layer.srid),
    }


def field(band: Band) -> dict[str, Any]:
    """JSON Schema of a band's values."""
    said: dict[str, Any] = {"type": "number", "title": band.title, "x-ogc-unit": band.unit or "1"}
    if band.minimum is not None:
        said |= {"minimum": band.minimum, "maximum": band.maximum}
    return said


_COVERAGE = "http://www.opengis.net/def/rel/ogc/1.0/coverage"


def _link(kind: str, rel: str, href: str) -> dict[str, str]:
    return {"type": kind, "rel": rel, "title": rel.rpartition("/")[2], "href": href}
