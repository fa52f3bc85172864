"""The catalogue's answers: a page of records, one record, what they can be asked for, DCAT."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ogc_api import context
from ogc_api.connection import said
from ogc_api.features.geojson import MIMETYPE
from ogc_api.links import link, place_of
from ogc_api.params import only
from ogc_api.records import dcat
from ogc_api.records.feature import DCAT, as_feature
from ogc_api.records.record import THEMES, TYPES, Record, Texts, records, search_of
from spatial.asof import format_instant
from spatial.errors import NotFound
from spatial.layer import CATALOGUE
from spatial.query import snapshot

TITLE: Texts = {"zh": "数据目录", "en": "Catalogue"}
ABOUT: Texts = {
    "zh": "本服务的全部图层、栅格与分析",
    "en": "Every layer, raster and analysis of this service",
}


def page(query: Mapping[str, str]) -> dict[str, Any]:
    """A FeatureCollection of the records that are looked for, layers first."""
    search = search_of(query, context.zone.get())
    found = [one for one in _visible() if search.holds(one)]
    shown = found[search.offset : search.offset + search.limit]
    here = place_of(CATALOGUE, "items")
    links = [
        link("self", MIMETYPE, here, query),
        link("alternate", DCAT, f"{context.base_url.get()}/catalogue.jsonld", said()),
        link("collection", "application/json", place_of(CATALOGUE), said()),
    ]
    beyond = search.offset + len(shown)
    if beyond < len(found):
        links.append(link("next", MIMETYPE, here, {**query, "offset": str(beyond)}))
    if search.offset:
        before = max(0, search.offset - search.limit)
        links.append(link("prev", MIMETYPE, here, {**query, "offset": str(before)}))
    language, publisher = context.language.get(), context.city.get()
    return {
        "type": "FeatureCollection",
        "features": [as_feature(one, language, publisher) for one in shown],
        "numberMatched": len(found),
        "numberReturned": len(shown),
        "timeStamp": format_instant(datetime.now(UTC)),
        "links": links,
    }


def record(name: str, query: Mapping[str, str]) -> dict[str, Any]:
    """One record; raises NotFound where the grant sees none of that id."""
    only(query, frozenset())
    for one in _visible():
        if one.id == name:
            return as_feature(one, context.language.get(), context.city.get())
    raise NotFound(f"there is no record '{name}'")


def queryables() -> dict[str, Any]:
    """What records can be asked for, as JSON Schema."""
    text, themes = {"type": "string"}, {name: dict(title) for name, title in THEMES.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": place_of(CATALOGUE, "queryables"),
        "type": "object",
        "title": TITLE[context.language.get()],
        "properties": {
            "q": text | {"title": "words of its texts; by commas, any of them"},
            "type": text | {"title": "what it is of", "enum": sorted(TYPES.values())},
            "theme": text | {"title": "its theme", "enum": list(THEMES), "x-titles": themes},
            "keywords": text | {"title": "a keyword; by commas, any of them"},
            "ids": text | {"title": "ids, by commas"},
            "externalIds": text | {"title": "scheme:id, by commas"},
        },
        "additionalProperties": False,
    }


def linked_data() -> dict[str, Any]:
    """The whole catalogue as DCAT-AP in JSON-LD."""
    return dcat.catalogue(_visible(), context.city.get(), TITLE, ABOUT)


def _visible() -> list[Record]:
    with snapshot(context.database.get()) as pg:
        return records(pg, context.grant.get())
