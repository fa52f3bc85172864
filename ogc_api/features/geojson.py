"""Items as GeoJSON, answered ahead of pygeoapi from the same code as its provider.

pygeoapi would page by offset and turn < and > of every attribute into entities.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from threading import BoundedSemaphore
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from ogc_api import context, etag
from ogc_api.connection import said
from ogc_api.features import items, jsonfg
from ogc_api.links import link, place_of
from ogc_api.params import MAX_LIMIT, MAX_WHOLE, SHARED_IDS, UNIQUE_IDS, wanted_of
from ogc_api.wanted import Wanted
from spatial.asof import AsOf, Interval, format_instant
from spatial.count import Count
from spatial.errors import Unavailable

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
        further = {
            **headers(wanted.crs, found.asof),
            "Content-Type": jsonfg.mimetype(wanted),
            "ETag": tag,
            **profile(found.asof, wanted),
        }
        pieces = _pieces(found, layer, query, wanted)
        if not large:
            return Answer(b"".join(pieces), further)
        first = next(pieces)
        return Answer(chain((first,), pieces), further, stack.pop_all().close)


def _pieces(
    found: items.Texts, layer: str, query: Mapping[str, str], wanted: Wanted
) -> Iterator[bytes]:
    """A FeatureCollection bit by bit: the features as they come, then what is told of them."""
    here, kind = place_of(layer), jsonfg.mimetype(wanted)
    links = [
        link("self", kind, f"{here}/items", query),
        link("alternate", "text/html", f"{here}/items", {**query, "f": "html"}),
        link("collection", "application/json", here, said()),
    ]
    returned, last = 0, None
    head = {"type": "FeatureCollection", **jsonfg.head(found.layer, wanted)}
    lead = dumped(head)[:-1] + ',"features":['
    for text, count, key in found.pieces:
        yield (lead + text).encode()
        lead, returned, last = ",", returned + count, key
    matched = settled(found.matched, wanted, returned)
    further = onward(query, wanted, found.asof, matched, returned, last)
    if further is not None:
        links.append(link("next", kind, f"{here}/items", further))
    told = {
        "numberMatched": matched.number,
        **({} if matched.exact else {"numberMatchedEstimated": True}),
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


def settled(matched: Count, wanted: Wanted, returned: int) -> Count:
    """The count in the light of the page: a last one settles it, a full one is a lower bound."""
    if matched.exact or wanted.after is not None:
        return matched
    if 0 < returned < wanted.limit:
        return Count(wanted.offset + returned)
    return Count(max(matched.number, wanted.offset + returned), exact=False)


def onward(
    query: Mapping[str, str],
    wanted: Wanted,
    asof: AsOf,
    matched: Count,
    returned: int,
    last: str | None,
) -> dict[str, str] | None:
    """The query of the next page, by the last key or, where sorted, by offset; None at the end."""
    if not wanted.order and last is not None and returned == wanted.limit:
        further = {**query, **asof.params(), "after": last}
        further.pop("offset", None)
        return further
    ended = matched.exact and wanted.offset + returned >= matched.number
    if wanted.order and not ended and returned == wanted.limit and wanted.limit:
        return {**query, **asof.params(), "offset": str(wanted.offset + wanted.limit)}
    return None


def profile(asof: AsOf, wanted: Wanted) -> dict[str, str]:
    """The header that says how several states of a feature are told apart, where there are any."""
    if not isinstance(asof.valid_at, Interval):
        return {}
    name = UNIQUE_IDS if wanted.unique_ids else SHARED_IDS
    return {"Link": f'<http://www.opengis.net/def/profile/OGC/0/{name}>; rel="profile"'}


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
