"""A record as GeoJSON, after OGC API Records, with links to all that it is served as."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ogc_api import context
from ogc_api.connection import said
from ogc_api.features.exports import FORMATS
from ogc_api.features.geojson import MIMETYPE
from ogc_api.links import link, place_of
from ogc_api.records import said as said_of
from ogc_api.records.record import ANALYSIS, LAYER, RASTER, SCHEME, THEMES, TYPES, Record, Texts
from spatial import crs
from spatial.asof import format_instant
from spatial.layer import CATALOGUE
from tiles.qgis_project import MIMETYPE as QGIS
from tiles.style import MIMETYPE as STYLE
from tiles.vector import MIMETYPE as MVT

type Link = dict[str, str]

CONFORMS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
SCHEMA = "application/schema+json"
DCAT = "application/ld+json"
JSON = "application/json"
HTML = "text/html"
OGC = "http://www.opengis.net/def/rel/ogc/1.0"
_TILES = {LAYER: (MVT, "mvt"), RASTER: ("image/png", "png")}
_GRIDS = (
    ("geotiff", "image/tiff; application=geotiff", "GeoTIFF"),
    ("netcdf", "application/x-netcdf", "NetCDF"),
)
SPOKEN: Mapping[str, dict[str, str]] = {
    "zh": {"code": "zh", "name": "中文", "alternate": "Chinese"},
    "en": {"code": "en", "name": "English", "alternate": "英文"},
}


def as_feature(record: Record, language: str, publisher: Texts) -> dict[str, Any]:
    """The record in a language, zh or en; titles stand in both."""
    other = "en" if language == "zh" else "zh"
    return {
        "type": "Feature",
        "id": record.id,
        "conformsTo": [CONFORMS],
        "geometry": _outline(record),
        "time": None if record.timeless else {"interval": list(interval(record))},
        "properties": {
            "type": TYPES[record.kind],
            "title": record.title[language],
            "title_zh": record.title["zh"],
            "title_en": record.title["en"],
            "description": record.description[language],
            "keywords": list(dict.fromkeys((*record.words(), record.of))),
            "themes": list(_themes(record, language)),
            "language": SPOKEN[language],
            "languages": [SPOKEN[language], SPOKEN[other]],
            "externalIds": list(_names(record)),
            "contacts": [
                {"organization": publisher[language], "roles": ["publisher"]},
                *said_of.contacts(record.said),
            ],
            **said_of.properties(record.said, record.area, record.lineage),
            "formats": [{"name": one["title"], "mediaType": one["type"]} for one in files(record)],
            "rights": record.access,
            **_stamps(record),
        },
        "linkTemplates": list(_templates(record)),
        "links": [
            titled("self", MIMETYPE, place_of(CATALOGUE, "items", record.id), record.id),
            titled("collection", JSON, place_of(CATALOGUE), CATALOGUE),
            *files(record),
            *_further(record),
        ],
    }


def _themes(record: Record, language: str) -> Iterator[dict[str, Any]]:
    """The theme that it is drawn in, and the one that its steward names."""
    concept = {"id": record.theme, "title": THEMES[record.theme][language]}
    yield {"concepts": [concept], "scheme": place_of(CATALOGUE, "queryables")}
    if theme := record.said.theme:
        yield {"concepts": [{"id": theme, "title": theme}], "scheme": place_of(CATALOGUE)}


def _names(record: Record) -> Iterator[dict[str, str]]:
    yield {"scheme": SCHEME, "value": record.of}
    if code := record.said.code:
        yield {"scheme": said_of.CODE_SCHEME, "value": code}


def interval(record: Record) -> tuple[str, str]:
    """The time that it tells of; .. where open."""
    start = format_instant(record.start) if record.start else ".."
    return start, format_instant(record.end) if record.end else ".."


def files(record: Record) -> Iterator[Link]:
    """Links to the data itself, one for each format."""
    if record.kind == LAYER:
        items = place_of(record.of, "items")
        yield titled("items", MIMETYPE, items, "GeoJSON", f="json")
        for form in FORMATS:
            yield titled("items", form.mimetype, items, form.title, f=form.name)
    if record.kind == RASTER:
        for wanted, kind, title in _GRIDS:
            yield titled(f"{OGC}/coverage", kind, place_of(record.of, "coverage"), title, f=wanted)


def _further(record: Record) -> Iterator[Link]:
    """Links to what describes, shows and runs it."""
    base, name = context.base_url.get(), quote(record.of)
    place = place_of(record.of)
    if record.kind != ANALYSIS:
        yield titled("about", JSON, place, "Collection")
        yield titled("tilejson", JSON, f"{base}/tiles/{name}.json", "TileJSON")
    if record.kind == RASTER:
        yield titled("legend", JSON, f"{base}/legends/{name}.json", "Legend")
    if record.kind == LAYER:
        yield titled("quality", JSON, f"{place}/quality", "Quality report")
        yield titled("alternate", HTML, f"{base}/catalogue/{name}", "Catalogue page")
        yield titled("describedby", SCHEMA, f"{place}/schema", "Schema")
        yield titled(f"{OGC}/tilesets-vector", JSON, f"{place}/tiles", "Vector tiles")
        yield titled("style", STYLE, f"{base}/styles/{name}.json", "MapLibre style")
        yield titled("related", QGIS, f"{base}/qgis.qgz", "QGIS project")
    if licence := record.said.licence_url:
        yield {"rel": "license", "type": HTML, "href": licence, "title": "Licence"}
    if record.kind == ANALYSIS:
        place = f"{base}/processes/{name}"
        yield titled("about", JSON, place, "Process")
        yield titled(f"{OGC}/execute", JSON, f"{place}/execution", "Execute")
    yield titled("alternate", DCAT, f"{base}/catalogue.jsonld", "DCAT-AP of the whole catalogue")


def _templates(record: Record) -> Iterator[dict[str, str]]:
    if record.kind in _TILES:
        kind, suffix = _TILES[record.kind]
        template = f"{context.base_url.get()}/tiles/{quote(record.of)}/{{z}}/{{x}}/{{y}}.{suffix}"
        tiles = link("item", kind, template, said())
        yield {"rel": "item", "type": kind, "title": "XYZ", "uriTemplate": tiles["href"]}


def titled(rel: str, kind: str, href: str, title: str, **query: str) -> Link:
    """A link with a title that keeps the AsOf of the request."""
    return {**link(rel, kind, href, said() | query), "title": title}


def _outline(record: Record) -> dict[str, Any] | None:
    if record.extent is None:
        return None
    west, south, east, north = record.extent
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [corners]}


def _stamps(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if record.created and record.updated:
        found["created"] = format_instant(record.created)
        found["updated"] = format_instant(record.updated)
    if record.srid:
        found["storageCrs"] = crs.uri(record.srid)
    return found
