"""The twin's history: which assets and series there are, and their readings over time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ogc_api import context
from ogc_api.params import only
from spatial import catalogue
from spatial.asof import AsOf, Interval, format_instant, parse_instant
from spatial.errors import Invalid, NotFound
from spatial.moment import Moment, resolve
from spatial.query import snapshot
from twin_model import series
from twin_model.dossier import dossier, series_by_asset
from twin_model.kinds import Kind, Quality
from twin_model.packed import moment
from twin_model.presence import Wanted, present
from twin_model.roll import Series, roll
from twin_model.times import parse_every


async def history(request: Request) -> Response:
    """Readings of one or many series over a span, as they came or resampled."""
    only(request.query_params, {"asset", "property", "from", "to", "every"})
    return await _answer(request, _history)


async def _answer(request: Request, function: Any) -> Response:
    document = await run_in_threadpool(function, dict(request.query_params))
    return Response(
        orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY),
        media_type="application/json",
        headers={"Vary": "Authorization, X-API-Key"},
    )


def _history(query: dict[str, str]) -> dict[str, Any]:
    if not query.get("asset"):
        raise Invalid("name the assets: asset=SW0001, or several by commas")
    names = [name for name in query["asset"].split(",") if name]
    properties = query["property"].split(",") if query.get("property") else None
    asof, zone = context.asof.get(), context.zone.get()
    if asof.valid_at is not None:
        raise Invalid("a history has a span: write from and to, not datetime")
    every = parse_every(query["every"]) if query.get("every") else None
    with snapshot(context.database.get()) as pg:
        now = resolve(pg, asof)
        assert isinstance(now.valid_at, datetime)
        end = parse_instant(query["to"], zone) if query.get("to") else now.valid_at
        start = (
            parse_instant(query["from"], zone, end=False)
            if query.get("from")
            else end - timedelta(days=1)
        )
        if start > end:
            raise Invalid("a history must not end before it starts")
        span = Interval(start, end)
        at = Moment(span, now.known_at, now.scenario, now.scenario_id, now.base_known_at)
        found = series.find(pg, context.grant.get(), at, names, properties)
        known = roll(pg).names
        if not found:
            raise NotFound(f"there is no series of '{query['asset']}'")
        if every is None:
            rows = list(_raw(pg, found, span, now.known_at, known))
        else:
            local = datetime(2000, 1, 1, tzinfo=zone)
            rows = list(_resampled(pg, found, span, now.known_at, every, local, known))
    cited = AsOf(span, now.known_at, now.scenario)
    return {"asOf": cited.params(), "every": query.get("every"), "series": rows}


def _raw(pg: Any, found: list[Series], span: Interval, known_at: datetime, names: list[str]) -> Any:
    of = series.read(pg, [one.id for one in found], span, known_at)
    words = series.words(pg, found, of.series, of.x)
    for one in found:
        rows = of.series == one.id
        told = _told(one, names) | {
            "at": [format_instant(moment(us)) for us in of.at[rows].tolist()],
            "value": _values(one, of.x[rows], of.y[rows], words),
        }
        if of.quality[rows].any():
            told["quality"] = [Quality(q).name for q in of.quality[rows].tolist()]
        yield told


def _resampled(
    pg: Any,
    found: list[Series],
    span: Interval,
    known_at: datetime,
    every: timedelta,
    origin: datetime,
    names: list[str],
) -> Iterator[dict[str, Any]]:
    of = series.resample(pg, [one.id for one in found], span, known_at, every, origin)
    words = series.words(pg, found, of.series, of.last)
    for one in found:
        rows = of.series == one.id
        told = _told(one, names) | {
            "at": [format_instant(moment(us)) for us in of.at[rows].tolist()],
            "count": of.count[rows],
            "last": _values(one, of.last[rows], of.last_y[rows], words),
        }
        if one.kind is Kind.number:
            told |= {
                "mean": of.mean[rows], "min": of.least[rows], "max": of.greatest[rows],
            }  # fmt: skip
        yield told


def _told(one: Series, names: list[str]) -> dict[str, Any]:
    return {
        "asset": names[one.asset],
        "property": one.property,
        "kind": one.kind.name,
        "unit": one.unit,
        "scenario": one.scenario != 0,
    }


def _values(one: Series, x: Any, y: Any, words: dict[int, str]) -> Any:
    if one.kind is Kind.category:
        return [words[int(value)] for value in x.tolist()]
    if one.kind is Kind.position:
        return np.column_stack([x, y])
    return np.ascontiguousarray(x)


async def assets(request: Request) -> Response:
    """The assets that are there, with their class, relations, links and series."""
    only(request.query_params, {"assets"})
    return await _answer(request, _assets)


def _assets(query: dict[str, str]) -> dict[str, Any]:
    grant, asof = context.grant.get(), context.asof.get()
    named = query.get("assets")
    wanted = Wanted(assets=None if named is None else tuple(named.split(",")))
    with snapshot(context.database.get()) as pg:
        now = resolve(pg, asof)
        known = roll(pg)
        layers = catalogue.layers(pg, grant)
        there, _ = present(pg, layers, known, now, grant, wanted, {}, False)
        titles = {layer.id: layer.name for layer in layers}
        mine = series_by_asset(known, now)
    return {
        "assets": [
            {
                "asset": known.names[place],
                "layer": titles[int(known.layer_id[place])],
                "fid": int(known.fid[place]),
                "series": mine.get(place, {}),
            }
            for place in there.tolist()
        ]
    }


async def asset(request: Request) -> Response:
    """All that is known of one asset."""
    only(request.query_params, set())
    name = request.path_params["asset"]
    return await _answer(request, lambda _: _asset(name))


def _asset(name: str) -> dict[str, Any]:
    with snapshot(context.database.get()) as pg:
        return dossier(pg, context.grant.get(), resolve(pg, context.asof.get()), name)


routes = [
    Route("/twin/series", history),
    Route("/twin/assets", assets),
    Route("/twin/assets/{asset}", asset),
]
