"""Cases, what governs them, and how they went, by HTTP."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.bodies import answer, body_of, instant, looked, moment_in, only_in, text_in
from ogc_api import context
from ogc_api.params import only, whole
from spatial.asof import format_instant, parse_instant
from spatial.errors import Invalid
from spatial.moment import Moment
from twin_model.cases import config, listing, register
from twin_model.cases.crews import crews
from twin_model.cases.rates import rates

REPORT = {"text", "source", "place", "area", "category", "at", "alert", "access"}
ACTION = {
    "at", "note", "category", "area", "department", "amount", "mark", "duplicate_of",
    "foreign_number", *register.TIMES,
}  # fmt: skip


async def cases(request: Request) -> Response:
    """Cases found, the newest first; or a new one."""
    if request.method == "POST":
        return await _report(await body_of(request))
    query = request.query_params
    only(query, {"stage", "department", "area", "number", "limit"})
    limit = whole("limit", query.get("limit", "100"))

    def find() -> dict[str, Any]:
        found, asof = looked(
            lambda pg, at: listing.cases(
                pg, context.grant.get(), at, stage=query.get("stage"),
                department=query.get("department"), area=query.get("area"),
                number=query.get("number"), limit=limit,
            )
        )  # fmt: skip
        return {"asOf": asof.params(), "cases": [listing.document(one) for one in found]}

    return await answer(find)


async def _report(body: dict[str, Any]) -> Response:
    only_in(body, REPORT)
    place, alert = body.get("place"), body.get("alert")
    if place is not None and not (
        isinstance(place, list)
        and len(place) == 2
        and all(isinstance(one, int | float) for one in place)
    ):
        raise Invalid("a place is [longitude, latitude] in degrees")
    if alert is not None and not isinstance(alert, int):
        raise Invalid("alert is the id of one")

    def add() -> dict[str, Any]:
        case = register.report(
            context.database.get(), context.grant.get(), text_in(body, "text"),
            source=text_in(body, "source", "hotline"),
            place=None if place is None else (place[0], place[1]),
            area=body.get("area") and text_in(body, "area"),
            category=body.get("category") and text_in(body, "category"),
            at=moment_in(body, "at"), alert=alert, access=text_in(body, "access", "shared"),
        )  # fmt: skip
        found, _ = looked(lambda pg, _: listing.duplicates(pg, context.grant.get(), case))
        return listing.document(case) | {"duplicates": found}

    return await answer(add, 201)


async def case(request: Request) -> Response:
    """One case as known, every edition of it, and what may be the same."""
    only(request.query_params, set())
    id, grant = whole("case", request.path_params["id"]), context.grant.get()

    def find() -> dict[str, Any]:
        def look(pg: Any, at: Moment) -> dict[str, Any]:
            known = context.asof.get().known_at
            found = register.read(pg, grant, id, known and at.known_at)
            return listing.document(found) | {
                "history": [listing.document(one) for one in listing.history(pg, grant, id)],
                "duplicates": listing.duplicates(pg, grant, found),
            }

        return looked(look)[0]

    return await answer(find)


async def nearest_crews(request: Request) -> Response:
    """The crews that reach a case soonest by the road network."""
    query = request.query_params
    only(query, {"layer", "network", "limit"})
    id, grant = whole("case", request.path_params["id"]), context.grant.get()
    limit = whole("limit", query.get("limit", "5"))

    def find() -> dict[str, Any]:
        found, _ = looked(lambda pg, _: register.read(pg, grant, id))
        if found["lon"] is None:
            raise Invalid(f"case {id} has no place: correct it first")
        told = crews(
            context.database.get(), context.asof.get(), grant, (found["lon"], found["lat"]),
            layer=query.get("layer", "vehicles"), network=query.get("network", "network"),
            limit=limit,
        )  # fmt: skip
        return {"case": id, "crews": told}

    return await answer(find)


async def act(request: Request) -> Response:
    """An action on a case."""
    body = await body_of(request)
    only_in(body, ACTION)
    id, action = whole("case", request.path_params["id"]), request.path_params["action"]

    def do() -> dict[str, Any]:
        fields = {name: body[name] for name in body if name not in ("at", "note")}
        fields |= {name: moment_in(body, name) for name in register.TIMES if name in body}
        for name in ("category", "area", "department", "foreign_number"):
            if name in fields:
                fields[name] = text_in(body, name)
        if not isinstance(fields.get("duplicate_of", 0), int):
            raise Invalid("duplicate_of is the number of a case")
        return listing.document(
            register.act(
                context.database.get(), context.grant.get(), id, action,
                at=moment_in(body, "at"), note=text_in(body, "note"), **fields,
            )
        )  # fmt: skip

    return await answer(do)


async def setting(request: Request) -> Response:
    """What governs cases: all of a kind at a moment, or a new version."""
    kind = request.path_params["kind"]
    if request.method == "PUT":
        body = await body_of(request)
        since = moment_in(body, "since")
        body.pop("since", None)
        name = request.path_params["name"]

        def put() -> dict[str, Any]:
            config.put(context.database.get(), context.grant.get(), kind, name, body, since)
            return {"kind": kind, "name": name}

        return await answer(put, 201)
    only(request.query_params, set())

    def find() -> dict[str, Any]:
        found, asof = looked(lambda pg, at: config.at(pg, kind, instant(at), at.known_at))
        told = {name: one.model_dump(mode="json") for name, one in found.items()}
        return {"asOf": asof.params(), kind: told}

    return await answer(find)


async def case_rates(request: Request) -> Response:
    """How cases of a period went, as known."""
    query = request.query_params
    only(query, {"from", "to", "by"})

    def find() -> dict[str, Any]:
        zone = context.zone.get()

        def look(pg: Any, at: Moment) -> dict[str, Any]:
            end = parse_instant(query["to"], zone) if query.get("to") else instant(at)
            start = (
                parse_instant(query["from"], zone, end=False)
                if query.get("from")
                else end - timedelta(days=7)
            )
            if start >= end:
                raise Invalid("a period ends after it starts")
            found = rates(pg, context.grant.get(), start, end, at.known_at, query.get("by"))
            return {
                "from": format_instant(start),
                "to": format_instant(end),
                "rates": [one.document() for one in found],
            }

        found, asof = looked(look)
        return {"asOf": asof.params()} | found

    return await answer(find)


routes = [
    Route("/twin/cases", cases, methods=["GET", "POST"]),
    Route("/twin/cases/{id}", case),
    Route("/twin/cases/{id}/crews", nearest_crews),
    Route("/twin/cases/{id}/{action}", act, methods=["POST"]),
    Route("/twin/case-rates", case_rates),
    Route("/twin/settings/{kind}", setting),
    Route("/twin/settings/{kind}/{name}", setting, methods=["PUT"]),
]
