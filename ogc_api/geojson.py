"""Items as GeoJSON, answered ahead of pygeoapi from the same code as its provider.

pygeoapi would page by offset and turn < and > of every attribute into entities.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import chain, islice
from threading import BoundedSemaphore
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from ogc_api import context, etag, items
from ogc_api.connection import said
from ogc_api.params import MAX_LIMIT, MAX_WHOLE, wanted_of
from spatial.asof import AsOf, format_instant
from spatial.errors import Unavailable
from spatial.history import State

MIMETYPE = "application/geo+json"
STREAMS = 4
_turns = BoundedSemaphore(STREAMS)


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, whole or in pieces, and its headers; close lets go of what pieces are read from."""

    body: bytes | Iterator[bytes]
    headers: dict[str, str]
    close: Callable[[], object] = lambda: None
    status: int = 200


def place_of(layer: str, *parts: str) -> str:
    """The address of a layer, or of what lies under it."""
    return "/".join([f"{context.base_url.get()}/collections", *map(quote, (layer, *parts))])


def collection(layer: str, query: Mapping[str, str]) -> Answer:
    """A page of a layer's features, by key: the last page costs what the first does."""
    wanted = wanted_of(query, maximum=MAX_WHOLE)
    large = wanted.limit > MAX_LIMIT
    with ExitStack() as stack:
        if large:
            stack.enter_context(_streaming())
        found = stack.enter_context(
            items.texts(
                context.database.get(), layer, context.asof.get(), context.grant.get(), wanted
            )
        )
        tag = etag.of_parts(found.edition, place_of(layer), query)
        further = {**headers(wanted.crs, found.asof), "ETag": tag}
        pieces = _pieces(found, layer, query, wanted)
        if not large:
            return Answer(b"".join(pieces), further)
        first = next(pieces)
        return Answer(chain((first,), pieces), further, stack.pop_all().close)


def _pieces(
    found: items.Texts, layer: str, query: Mapping[str, str], wanted: items.Wanted
) -> Iterator[bytes]:
    """A FeatureCollection bit by bit: the features as they come, then what is told of them."""
    rows, returned, last = iter(found.rows), 0, None
    lead = '{"type":"FeatureCollection","features":['
    while batch := list(islice(rows, items.BATCH)):
        yield (lead + ",".join(row[2] for row in batch)).encode()
        lead, returned = ",", returned + len(batch)
        last = f"{batch[-1][0]}.{batch[-1][1]}"
    here = place_of(layer)
    links = [
        link("self", MIMETYPE, f"{here}/items", query),
        link("alternate", "text/html", f"{here}/items", {**query, "f": "html"}),
        link("collection", "application/json", here, said()),
    ]
    further = onward(query, wanted, found.asof, found.matched, returned, last)
    if further is not None:
        links.append(link("next", MIMETYPE, f"{here}/items", further))
    told = {
        "numberMatched": found.matched,
        "numberReturned": returned,
        "asOf": found.asof.params(),
        "links": links,
        "timeStamp": format_instant(datetime.now(UTC)),
    }
    yield ((lead if not returned else "") + "]," + dumped(told)[1:]).encode()


@contextmanager
def _streaming() -> Iterator[None]:
    """A turn to stream: each holds a database connection for as long as its reader takes."""
    if not _turns.acquire(blocking=False):
        raise Unavailable("too many large answers are being sent: try again, or ask for a file")
    try:
        yield
    finally:
        _turns.release()


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
        link("collection", "application/json", place_of(layer), said()),
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
    return Answer(dumped(document).encode(), {**headers(crs_uri, asof), **further})


def dumped(document: Mapping[str, Any]) -> str:
    """JSON as we write it: no spaces, and letters as they are."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def link(rel: str, kind: str, href: str, query: Mapping[str, str]) -> dict[str, str]:
    """A link object."""
    return {"rel": rel, "type": kind, "href": address(href, query)}


def address(href: str, query: Mapping[str, str]) -> str:
    """An address with its query, if there is any."""
    tail = urlencode(query)
    return f"{href}?{tail}" if tail else href
