"""Items as GeoJSON, answered ahead of pygeoapi from the same code as its provider.

pygeoapi would page by offset and turn < and > of every attribute into entities.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from ogc_api import context, items
from ogc_api.params import wanted_of
from spatial.asof import AsOf, format_instant

MIMETYPE = "application/geo+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A body and the headers that go with it."""

    body: bytes
    headers: dict[str, str]


def collection(layer: str, query: Mapping[str, str]) -> Answer:
    """A page of a layer's features, by key: the last page costs what the first does."""
    wanted = wanted_of(query)
    page = items.page(
        context.database.get(), layer, context.asof.get(), context.grant.get(), wanted
    )
    here = f"{context.base_url.get()}/collections/{quote(layer)}"
    links = [
        _link("self", MIMETYPE, f"{here}/items", query),
        _link("alternate", "text/html", f"{here}/items", {**query, "f": "html"}),
        _link("collection", "application/json", here, {}),
    ]
    if page.after is not None:
        onward = {**query, **page.asof.params(), "after": page.after}
        onward.pop("offset", None)
        links.append(_link("next", MIMETYPE, f"{here}/items", onward))
    elif wanted.order and wanted.offset + len(page.features) < page.matched:
        onward = {**query, **page.asof.params(), "offset": str(wanted.offset + wanted.limit)}
        links.append(_link("next", MIMETYPE, f"{here}/items", onward))
    stamp = format_instant(datetime.now(UTC))
    return _answer(page.collection() | {"links": links, "timeStamp": stamp}, wanted.crs, page.asof)


def feature(layer: str, fid: str, query: Mapping[str, str]) -> Answer:
    """One feature at the moment asked for."""
    wanted = wanted_of({key: value for key, value in query.items() if key in ("crs",)})
    found = items.feature(
        context.database.get(), layer, fid, context.asof.get(), context.grant.get(), wanted
    )
    here = f"{context.base_url.get()}/collections/{quote(layer)}"
    links = [
        _link("self", MIMETYPE, f"{here}/items/{quote(fid)}", query),
        _link("collection", "application/json", here, {}),
    ]
    return _answer(found | {"links": links}, wanted.crs, context.asof.get())


def _answer(document: dict[str, Any], crs_uri: str, asof: AsOf) -> Answer:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(
        body,
        {
            "Content-Type": MIMETYPE,
            "Content-Crs": f"<{crs_uri}>",
            "CityTwin-AsOf": urlencode(asof.params()),
        },
    )


def _link(rel: str, kind: str, href: str, query: Mapping[str, str]) -> dict[str, str]:
    tail = urlencode(query)
    return {"rel": rel, "type": kind, "href": f"{href}?{tail}" if tail else href}
