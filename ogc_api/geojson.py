"""Items as GeoJSON, answered ahead of pygeoapi from the same code as its provider.

pygeoapi would page by offset and turn < and > of every attribute into entities.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from ogc_api import context, etag, items
from ogc_api.params import wanted_of
from spatial.asof import AsOf, format_instant
from spatial.history import State

MIMETYPE = "application/geo+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, whole or in pieces, and its headers; close lets go of what pieces are read from."""

    body: bytes | Iterator[bytes]
    headers: dict[str, str]
    close: Callable[[], object] = lambda: None


def place_of(layer: str, *parts: str) -> str:
    """The address of a layer, or of what lies under it."""
    return "/".join([f"{context.base_url.get()}/collections", *map(quote, (layer, *parts))])


def collection(layer: str, query: Mapping[str, str]) -> Answer:
    """A page of a layer's features, by key: the last page costs what the first does."""
    wanted = wanted_of(query)
    page = items.page(
        context.database.get(), layer, context.asof.get(), context.grant.get(), wanted
    )
    here = place_of(layer)
    links = [
        link("self", MIMETYPE, f"{here}/items", query),
        link("alternate", "text/html", f"{here}/items", {**query, "f": "html"}),
        link("collection", "application/json", here, {}),
    ]
    further = onward(query, wanted, page.asof, page.matched, len(page.features), page.last)
    if further is not None:
        links.append(link("next", MIMETYPE, f"{here}/items", further))
    stamp = format_instant(datetime.now(UTC))
    tag = etag.of_parts(page.edition, here, query)
    document = page.collection() | {"links": links, "timeStamp": stamp}
    return answer(document, wanted.crs, page.asof, {"ETag": tag})


def onward(
    query: Mapping[str, str],
    wanted: items.Wanted,
    asof: AsOf,
    matched: int,
    returned: int,
    last: str | None,
) -> dict[str, str] | None:
    """The query of the next page, by the last key or, where sorted, by offset; None at the end."""
    if not wanted.order and last is not None and returned == wanted.limit:
        further = {**query, **asof.params(), "after": last}
        further.pop("offset", None)
        return further
    if wanted.order and wanted.offset + returned < matched and wanted.limit:
        return {**query, **asof.params(), "offset": str(wanted.offset + wanted.limit)}
    return None


def feature(layer: str, fid: str, query: Mapping[str, str]) -> Answer:
    """One feature at the moment asked for."""
    wanted = wanted_of({key: value for key, value in query.items() if key in ("crs",)})
    one = items.feature(
        context.database.get(), layer, fid, context.asof.get(), context.grant.get(), wanted
    )
    place = place_of(layer, "items", fid)
    links = [
        link("self", MIMETYPE, place, query),
        link("collection", "application/json", place_of(layer), {}),
    ]
    further = {
        "ETag": etag.of_version(one.version, wanted.crs),
        "Link": _history_links(one, place),
    }
    state = next(state for state in one.life if state.version == one.version)
    if state.start is not None:
        further["Memento-Datetime"] = format_datetime(state.start.astimezone(UTC), usegmt=True)
    return answer(one.feature | {"links": links}, wanted.crs, one.asof, further)


def _history_links(one: items.One, here: str) -> str:
    """The feature's other states (RFC 5829), and where all are listed (RFC 7089)."""
    books = {key: value for key, value in context.asof.get().params().items() if key != "datetime"}

    def at(state: State) -> str:
        """An address that reads the state; one that was always so is there at its last moment."""
        when = state.start or (state.end and state.end - timedelta(microseconds=1))
        return address(here, {"datetime": format_instant(when), **books} if when else books)

    place = [state.version for state in one.life].index(one.version)
    listed = address(f"{here}/versions", books)
    targets = {
        "original": address(here, books),
        "version-history": listed,
        "timemap": listed,
        "latest-version": at(one.life[-1]),
    }
    if place > 0:
        targets["predecessor-version"] = at(one.life[place - 1])
    if place + 1 < len(one.life):
        targets["successor-version"] = at(one.life[place + 1])
    return ", ".join(f'<{href}>; rel="{rel}"' for rel, href in targets.items())


def plain_collection(features: list[items.Feature]) -> dict[str, Any]:
    """Features as a FeatureCollection of which the total is not known."""
    return {
        "type": "FeatureCollection",
        "features": features,
        "numberReturned": len(features),
    }


def headers(crs_uri: str, asof: AsOf) -> dict[str, str]:
    """The headers of every answer of features."""
    return {
        "Content-Type": MIMETYPE,
        "Content-Crs": f"<{crs_uri}>",
        "CityTwin-AsOf": urlencode(asof.params()),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, X-API-Key",
    }


def answer(
    document: dict[str, Any],
    crs_uri: str,
    asof: AsOf,
    further: Mapping[str, str] = MappingProxyType({}),
) -> Answer:
    """A GeoJSON document in a CRS that names its AsOf, with further headers."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(body, {**headers(crs_uri, asof), **further})


def link(rel: str, kind: str, href: str, query: Mapping[str, str]) -> dict[str, str]:
    """A link object."""
    return {"rel": rel, "type": kind, "href": address(href, query)}


def address(href: str, query: Mapping[str, str]) -> str:
    """An address with its query, if there is any."""
    tail = urlencode(query)
    return f"{href}?{tail}" if tail else href
