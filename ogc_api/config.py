"""pygeoapi's configuration, made from the catalogue: never a file, never a restart."""

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ogc_api.features import jsonfg
from ogc_api.features.exports import FORMATS
from ogc_api.params import DEFAULT_LIMIT, MAX_LIMIT
from ogc_api.rasters.config import raster_resource, series_provider
from ogc_api.records import catalogue
from ogc_api.records.feature import DCAT
from ogc_api.twin import state
from spatial import crs
from spatial.layer import CATALOGUE, STATE, Column, Layer
from spatial.raster import Raster
from tiles.matrix_set import MAX_ZOOM, MIN_ZOOM
from tiles.style import MIMETYPE as STYLE
from tiles.tilejson import WORLD_BOUNDS
from tiles.vector import MIMETYPE
from twin_model.measured import Property, units_of

_JSON_TYPES: Mapping[str, dict[str, str]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "bigint": {"type": "integer"},
    "double precision": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamptz": {"type": "string", "format": "date-time"},
    "jsonb": {"type": "object"},
}
_SORTABLES = "http://www.opengis.net/def/rel/ogc/1.0/sortables"


def configuration(
    layers: Sequence[Layer],
    rasters: Iterable[Raster],
    measured: Mapping[int, Mapping[str, Property]],
    processes: Mapping[str, Any],
    base_url: str,
) -> dict[str, Any]:
    """All that pygeoapi needs to publish these layers, rasters and processes at this address.

    measured: of layers of assets, by id, the properties that are measured.
    """
    resources: dict[str, Any] = {layer.name: resource(layer, base_url) for layer in layers}
    for layer in layers:
        if units := units_of(measured.get(layer.id, {})):
            resources[layer.name]["providers"].append(series_provider(layer, units))
    resources |= {raster.name: raster_resource(raster, base_url) for raster in rasters}
    told = [measured[layer.id] for layer in layers if layer.id in measured]
    if told:
        resources[STATE] = state.resource(dict(ChainMap(*map(dict, told))))
    return {
        "server": {
            "url": base_url,
            "encoding": "utf-8",
            "languages": ["en", "zh"],
            "cors": False,
            "gzip": False,
            "limits": {
                "default_items": DEFAULT_LIMIT,
                "max_items": MAX_LIMIT,
                "on_exceed": "throttle",
            },
            "map": {"url": "", "attribution": ""},
            "manager": {"name": "ogc_api.manager.JobManager"},
            "ogc_schemas_location": "http://schemas.opengis.net",
        },
        "logging": {"level": "CRITICAL"},
        "metadata": {
            "identification": {
                "title": {"en": "citytwin", "zh": "城市孪生时空信息平台"},
                "description": {
                    "en": "A city at any place, at any moment, in any version",
                    "zh": "任意地点、任意时刻、任意方案的城市",
                },
                "keywords": {"en": ["city", "digital twin"], "zh": ["城市", "数字孪生"]},
                "keywords_type": "theme",
                "terms_of_service": "",
                "url": base_url,
            },
            "license": {"name": "", "url": ""},
            "provider": {"name": "citytwin", "url": base_url},
            "contact": {"name": "citytwin"},
        },
        "resources": {**resources, CATALOGUE: _catalogue(base_url), **processes},
    }


def _catalogue(base_url: str) -> dict[str, Any]:
    """The catalogue as a pygeoapi collection of records."""
    return {
        "type": "collection",
        "title": dict(catalogue.TITLE),
        "description": dict(catalogue.ABOUT),
        "keywords": {"en": ["catalogue"], "zh": ["目录"]},
        "links": [_link(DCAT, "alternate", f"{base_url}/catalogue.jsonld")],
        "extents": {
            "spatial": {"bbox": list(WORLD_BOUNDS), "crs": crs.CRS84_URI},
            "temporal": {"begin": None, "end": None},
        },
        "providers": [
            {
                "type": "record",
                "default": True,
                "name": "ogc_api.features.providers.CatalogueProvider",
                "data": CATALOGUE,
                "id_field": "id",
                "title_field": "title",
                "include_extra_query_parameters": True,
            }
        ],
    }


def resource(layer: Layer, base_url: str) -> dict[str, Any]:
    """One layer as a pygeoapi collection of features and tiles."""
    title = {"en": layer.title("en"), "zh": layer.title("zh")}
    said = layer.metadata
    bbox = list(layer.extent or WORLD_BOUNDS)
    place = f"{base_url}/collections/{quote(layer.name)}"
    licence = said.licence_url
    return {
        "type": "collection",
        "title": title,
        "description": {tongue: said.abstract(tongue) or text for tongue, text in title.items()},
        "keywords": {
            "en": said.keywords("en") or [layer.name],
            "zh": said.keywords("zh") or [layer.title("zh")],
        },
        "itemCount": layer.current,
        "links": [
            _link("application/json", "tilejson", f"{base_url}/tiles/{layer.name}.json"),
            _link(STYLE, "style", f"{base_url}/styles/{layer.name}.json"),
            _link("application/schema+json", _SORTABLES, f"{place}/sortables"),
            _link(jsonfg.MIMETYPE, "items", f"{place}/items?f=jsonfg"),
            *(_link(form.mimetype, "items", f"{place}/items?f={form.name}") for form in FORMATS),
            *([_link("text/html", "license", licence)] if licence else ()),
        ],
        "extents": {
            "spatial": {"bbox": bbox, "crs": crs.CRS84_URI},
            # a bound would make pygeoapi refuse every datetime beyond it
            "temporal": {"begin": None, "end": None},
        },
        "providers": [
            {
                "type": "feature",
                "default": True,
                "name": "ogc_api.features.providers.LayerProvider",
                "data": layer.name,
                "id_field": "id",
                "fields": {column.name: field(column) for column in layer.columns},
                "crs": crs.offered(layer.srid),
                "storage_crs": crs.uri(layer.srid),
                "include_extra_query_parameters": True,
            },
            {
                "type": "tile",
                "name": "ogc_api.tiles.provider.LayerTileProvider",
                "data": layer.name,
                "format": {"name": "mvt", "mimetype": MIMETYPE},
                "options": {"zoom": {"min": MIN_ZOOM, "max": MAX_ZOOM}},
            },
        ],
    }


def field(column: Column) -> dict[str, str]:
    """JSON Schema of an attribute."""
    return {**_JSON_TYPES[column.type], "title": column.title or column.name}


def _link(kind: str, rel: str, href: str) -> dict[str, str]:
    return {"type": kind, "rel": rel, "title": rel, "href": href}
