"""Alerts and rules by HTTP."""

from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.bodies import answer, body_of, instant, looked, moment_in, only_in, text_in
from ogc_api import context
from ogc_api.params import only, whole
from spatial.errors import Invalid
from spatial.moment import resolve
from spatial.query import snapshot
from twin_model.alerts import listing, notes, past, rules
from twin_model.alerts.back_test import Tested
from twin_model.alerts.rule import LEVELS, Level, parse

NOTE = {"kind", "text", "until"}


async def alerts(request: Request) -> Response:
    """The alerts of a moment or an interval, the worst first."""
    query = request.query_params
    only(query, {"closed", "least"})
    least = query.get("least", "blue")
    if least not in LEVELS:
        raise Invalid(f"least is one of {', '.join(LEVELS)}, not '{least}'")

    def find() -> dict[str, Any]:
        found, asof = looked(
            lambda pg, at: listing.alerts(
                pg, context.grant.get(), at, closed=query.get("closed") == "true",
                least=Level[least],
            )
        )  # fmt: skip
        return {"asOf": asof.params(), "alerts": found}

    return await answer(find)


async def alert(request: Request) -> Response:
    """One alert, with its changes of level and its notes."""
    only(request.query_params, set())
    id = whole("alert", request.path_params["id"])
    return await answer(
        lambda: looked(lambda pg, at: listing.alert(pg, context.grant.get(), at, id))[0]
    )


async def note(request: Request) -> Response:
    """A note on an alert."""
    body = await body_of(request)
    only_in(body, NOTE)
    id = whole("alert", request.path_params["id"])

    def add() -> dict[str, Any]:
        notes.note(
            context.database.get(), context.grant.get(), id, text_in(body, "kind"),
            text_in(body, "text"), moment_in(body, "until"),
        )  # fmt: skip
        return looked(lambda pg, at: listing.alert(pg, context.grant.get(), at, id))[0]

    return await answer(add, 201)


async def every_rule(request: Request) -> Response:
    """The rules that hold at a moment, as known."""
    only(request.query_params, set())

    def find() -> dict[str, Any]:
        found, asof = looked(lambda pg, at: (instant(at), rules.known(pg, at))[1])
        return {"asOf": asof.params(), "rules": [one.document() for one in found]}

    return await answer(find)


async def rule(request: Request) -> Response:
    """Every version of a rule; a new one; its end."""
    name = request.path_params["name"]
    database, grant = context.database.get(), context.grant.get()
    if request.method == "PUT":
        body = await body_of(request)
        since = moment_in(body, "since")
        body.pop("since", None)
        return await answer(lambda: rules.put(database, grant, name, body, since).document(), 201)
    if request.method == "DELETE":
        await run_in_threadpool(rules.end, database, grant, name)
        return Response(status_code=204)

    def find() -> dict[str, Any]:
        found, _ = looked(lambda pg, _: rules.history(pg, name))
        return {"versions": [one.document() for one in found]}

    return await answer(find)


async def test(request: Request) -> Response:
    """What a rule would have said of a past: counts, or a picture."""
    query = request.query_params
    only(query, {"f"})
    form = query.get("f", "json")
    if form not in ("json", "svg"):
        raise Invalid("f is json or svg")
    body = await body_of(request)
    end = moment_in(body, "to")
    start = moment_in(body, "from")
    for name in ("from", "to"):
        body.pop(name, None)
    judged = parse(body)

    zone: Any = context.zone.get()

    def run() -> tuple[Tested, datetime, datetime]:
        with snapshot(context.database.get()) as pg:
            moment = resolve(pg, context.asof.get())
            return past.tested(pg, context.grant.get(), judged, moment, start, end, zone)

    tested, since, until = await run_in_threadpool(run)
    if form == "svg":
        drawn = past.drawn(tested, judged, since, until, zone)
        return Response(drawn, media_type="image/svg+xml")
    return await answer(lambda: past.counts(tested, since, until))


routes = [
    Route("/twin/alerts", alerts),
    Route("/twin/alerts/{id}", alert),
    Route("/twin/alerts/{id}/notes", note, methods=["POST"]),
    Route("/twin/rules", every_rule),
    Route("/twin/rules/{name}", rule, methods=["GET", "PUT", "DELETE"]),
    Route("/twin/back-test", test, methods=["POST"]),
]
