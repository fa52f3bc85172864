"""History as a resource: a feature's versions, a layer's changes, two moments compared.

After OGC's Versioned Features draft where it reaches; `known_at` and `scenario` are ours.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import sql

from ogc_api import context, etag
from ogc_api.features import items
from ogc_api.features.geojson import MIMETYPE, Answer, answer, plain_collection
from ogc_api.features.text import as_geojson
from ogc_api.history import mementos
from ogc_api.links import link, place_of
from ogc_api.params import crs_of, limit_of, only, wanted_of, whole
from ogc_api.wanted import Wanted
from spatial import history
from spatial.asof import AsOf, Interval, format_instant, parse_instant
from spatial.catalogue import find_visible
from spatial.errors import NotFound
from spatial.moment import resolve
from spatial.query import Reading, reading, snapshot

_OF_VERSIONS = frozenset(("limit", "after", "crs"))
_NARROWING = frozenset(("bbox", "bbox-crs", "filter", "filter-lang", "filter-crs"))
_OF_CHANGES = frozenset(("since", "until", "limit", *_NARROWING))


def versions(layer: str, fid: str, query: Mapping[str, str]) -> Answer:
    """Every version of a feature, superseded ones too, in the order of the books.

    The links make it RFC 7089's time map: a memento for each state that is believed.
    """
    only(query, _OF_VERSIONS)
    after, limit = whole("after", query.get("after", "0")), limit_of(query.get("limit"))
    wanted, number = Wanted(crs=crs_of(query)), items.identity(layer, fid)[0]
    with reading(context.database.get(), layer, _whole_life(), context.grant.get()) as (pg, view):
        rows = pg.execute(_select(view, wanted, number, after, limit + 1)).fetchall()
        if not rows and not pg.execute(_select(view, wanted, number, 0, 1)).fetchone():
            raise NotFound(f"there is no feature {fid} in '{layer}'")
        life = history.life(pg, view.where(sql.SQL("fid = {}").format(number)))
    here, asof = place_of(layer, "items", fid, "versions"), view.moment.cite()
    links = [
        link("self", MIMETYPE, here, query),
        link("original", MIMETYPE, place_of(layer, "items", fid), _books(query)),
    ]
    if len(rows) > limit:
        onward = {**query, **asof.params(), "after": str(rows[limit - 1][0])}
        links.append(link("next", MIMETYPE, here, onward))
    states = mementos.time_map(layer, str(number), life)
    tag = etag.of_parts(view.edition, here, query)
    if query.get("f") == "link":
        listed = mementos.header([*links, *states]).replace(", <", ",\n<")
        return Answer(listed.encode(), {"Content-Type": mementos.LINK_FORMAT, "ETag": tag})
    links += [state | {"type": MIMETYPE} for state in states]
    features = [_version(row) for row in rows[:limit]]
    document = plain_collection(features) | {"links": links, "asOf": asof.params()}
    return answer(document, wanted.crs, asof, {"ETag": tag})


def version(layer: str, fid: str, number: str, query: Mapping[str, str]) -> Answer:
    """One version of a feature, believed or superseded."""
    only(query, _OF_VERSIONS)
    wanted = Wanted(crs=crs_of(query))
    feature, wanted_version = items.identity(layer, f"{fid}.{number}")
    with reading(context.database.get(), layer, _whole_life(), context.grant.get()) as (pg, view):
        row = pg.execute(_select(view, wanted, feature, (wanted_version or 0) - 1, 1)).fetchone()
    if row is None or row[0] != wanted_version:
        raise NotFound(f"feature {fid} of '{layer}' has no version {number}")
    books = _books(query)
    links = [
        link("self", MIMETYPE, place_of(layer, "items", fid, "versions", number), query),
        link("version-history", MIMETYPE, place_of(layer, "items", fid, "versions"), books),
        link("original", MIMETYPE, place_of(layer, "items", fid), books),
    ]
    tag = etag.of_parts(view.edition, fid, number, query)
    return answer(_version(row) | {"links": links}, wanted.crs, view.moment.cite(), {"ETag": tag})


def changes(layer: str, query: Mapping[str, str]) -> dict[str, Any]:
    """The change log of a layer, in the order of commits, a page at a time.

    A filter or box leaves out what touched nothing of which it holds, and counts only such rows.
    """
    only(query, _OF_CHANGES)
    limit = limit_of(query.get("limit"))
    since = _cursor_or_moment("since", query, end=False)
    until = _cursor_or_moment("until", query, end=True)
    grant = context.grant.get()
    with snapshot(context.database.get()) as pg:
        found = find_visible(pg, layer, grant)
        wanted = wanted_of({name: query[name] for name in _NARROWING & query.keys()})
        view = items.narrowed(Reading(found, resolve(pg, context.asof.get()), grant), wanted)
        log = history.changes(
            pg,
            view,
            every_scenario="scenario" not in query,
            since=since,
            until=until,
            limit=limit + 1,
        )
    here = place_of(layer, "changes")
    links = [link("self", "application/json", here, query)]
    if len(log) > limit:
        onward = {**query, "since": str(log[limit - 1].cursor)}
        links.append(link("next", "application/json", here, onward))
    return {
        "changes": [
            {
                "cursor": change.cursor,
                "at": format_instant(change.at),
                "author": _told(change.author),
                "action": change.action,
                "scenario": change.scenario,
                "opened": change.opened,
                "closed": change.closed,
            }
            for change in log[:limit]
        ],
        "numberReturned": len(log[:limit]),
        "links": links,
    }


def _whole_life() -> AsOf:
    """The AsOf asked for, with every valid time unless one was named."""
    asof = context.asof.get()
    when = asof.valid_at
    return replace(
        asof, valid_at=Interval(when, when) if isinstance(when, datetime) else when or Interval()
    )


def _select(view: Reading, wanted: Wanted, fid: int, after: int, limit: int) -> sql.Composed:
    return history.versions(view, as_geojson(view, wanted), fid, after=after, limit=limit)


def _version(row: tuple[Any, ...]) -> dict[str, Any]:
    """One row of spatial.history.versions as a GeoJSON feature."""
    _, feature, recorded, superseded, scenario, removed, author = row
    found: dict[str, Any] = json.loads(feature)
    until = format_instant(superseded) if superseded else ".."
    return found | {
        "recorded": {"interval": [format_instant(recorded), until]},
        "scenario": scenario,
        "removed": removed,
        "author": _told(author),
    }


def _told(author: str) -> str | None:
    """Who it was, for whoever has a token: names of persons are not for everyone."""
    return author if context.grant.get().authenticated else None


def _books(query: Mapping[str, str]) -> dict[str, str]:
    return {key: query[key] for key in ("known_at", "scenario") if key in query}


def _cursor_or_moment(name: str, query: Mapping[str, str], *, end: bool) -> int | datetime | None:
    """Digits alone are a cursor: a bare year is written 2024-01."""
    text = query.get(name, "").strip()
    if not text:
        return None
    if text.isdecimal():
        return whole(name, text)
    return parse_instant(text, context.zone.get(), end=end)
