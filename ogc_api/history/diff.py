"""Two moments of a layer compared: what is added, removed and changed, with old and new values."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import sql

from ogc_api import context
from ogc_api.features import items
from ogc_api.features.geojson import MIMETYPE, Answer, answer, plain_collection
from ogc_api.features.text import as_geojson
from ogc_api.links import link, place_of
from ogc_api.params import wanted_of, whole
from ogc_api.wanted import Wanted
from spatial import history
from spatial.asof import AsOf, as_of
from spatial.catalogue import find_visible
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.layer import Layer
from spatial.moment import resolve
from spatial.query import Reading, snapshot, step_down

_TO = ("to-datetime", "to-known_at", "to-scenario")


def diff(layer: str, query: Mapping[str, str]) -> Answer:
    """From `datetime`, `known_at` and `scenario` to the same with `to-` before them.

    Features as they are on the second side (removed ones as they were on the first), a page at a
    time by fid; `resulttype=hits` counts them instead. A filter or box narrows both sides.
    """
    wanted = wanted_of({name: text for name, text in query.items() if name not in _TO})
    if wanted.order or wanted.offset:
        raise Invalid("differences come in the order of ids: leave sortby and offset out")
    after, limit = whole("after", query.get("after", "0")), wanted.limit
    hits = query.get("resulttype") == "hits"
    at, known_at, scenario = (query.get(name) for name in _TO)
    target = as_of(at, known_at, scenario, context.zone.get())
    grant = context.grant.get()
    with snapshot(context.database.get()) as pg:
        found = find_visible(pg, layer, grant)
        sides = (_side(pg, found, asof) for asof in (context.asof.get(), target))
        old, new = (items.narrowed(side, wanted) for side in sides)
        step_down(pg, grant)
        if hits:
            counts = pg.execute(_counts(old, new)).fetchone()
            rows = []
        else:
            rows = pg.execute(_page(old, new, wanted, after, limit + 1)).fetchall()
    document = plain_collection([_difference(*row) for row in rows[:limit]])
    source, to = old.moment.cite().params(), new.moment.cite().params()
    document |= {"from": source, "to": to}
    here = place_of(layer, "diff")
    links = [link("self", MIMETYPE, here, query)]
    if hits and counts:
        document |= dict(zip(("added", "removed", "changed"), counts, strict=True))
        document["numberMatched"] = sum(counts)
    if len(rows) > limit:
        fixed = {f"to-{key}": value for key, value in to.items()}
        onward = {**query, **source, **fixed, "after": str(rows[limit - 1][0])}
        links.append(link("next", MIMETYPE, here, onward))
    return answer(document | {"links": links}, wanted.crs, new.moment.cite())


def _side(pg: Pg, layer: Layer, asof: AsOf) -> Reading:
    moment = resolve(pg, asof)
    if not isinstance(moment.valid_at, datetime):
        raise Invalid("a comparison is of two instants: write one time, not an interval")
    return Reading(layer, moment, context.grant.get())


def _page(old: Reading, new: Reading, wanted: Wanted, after: int, limit: int) -> sql.Composed:
    """fid, and the GeoJSON feature of either side as text."""
    beyond = sql.SQL("fid > {}").format(after)
    feature = sql.SQL("(SELECT {} FROM {} WHERE version = {})")
    sides = [
        feature.format(as_geojson(side, wanted), side.layer.table, version)
        for side, version in ((old, sql.SQL("d.old")), (new, sql.SQL("d.new")))
    ]
    return sql.SQL("SELECT fid, {}, {} FROM ({} ORDER BY 1 LIMIT {}) d ORDER BY 1").format(
        *sides, history.differences(old.where(beyond), new.where(beyond)), limit
    )


def _counts(old: Reading, new: Reading) -> sql.Composed:
    return sql.SQL(
        "SELECT count(*) FILTER (WHERE old IS NULL), count(*) FILTER (WHERE new IS NULL),"
        " count(*) FILTER (WHERE old IS NOT NULL AND new IS NOT NULL) FROM ({}) d"
    ).format(history.differences(old, new))


def _difference(_: int, before: str | None, later: str | None) -> dict[str, Any]:
    """One feature that differs; `old` holds the values that are other ones now."""
    old, new = (json.loads(text or "null") for text in (before, later))
    if old is None or new is None:
        found: dict[str, Any] = old or new
        return found | {"change": "added" if old is None else "removed"}
    was: dict[str, Any] = {
        "properties": {
            name: value
            for name, value in old["properties"].items()
            if value != new["properties"][name]
        }
    }
    if old["geometry"] != new["geometry"]:
        was["geometry"] = old["geometry"]
    changed: dict[str, Any] = new | {"change": "changed", "old": was}
    return changed
