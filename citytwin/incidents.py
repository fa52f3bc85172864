"""Incidents, official warnings and response levels by HTTP."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.bodies import answer, body_of, instant, looked, moment_in, only_in, text_in
from ogc_api import context
from ogc_api.params import only, whole
from spatial.errors import Invalid
from spatial.grant import Scope
from twin_model import log
from twin_model.incidents import incidents, warnings

WARNING = {"number", "kind", "level", "issuer", "text", "start", "end", "area", "access"}


async def every_incident(request: Request) -> Response:
    """The incidents of a moment; or a new one."""
    grant = context.grant.get()
    if request.method == "POST":
        body = await body_of(request)
        only_in(body, {"title", "area", "access", "tier"})

        def add() -> dict[str, Any]:
            grant.require(Scope.WRITE)
            with context.database.get().begin() as tx:
                stamp = log.stamp(tx.pg)
                id = incidents.open_incident(
                    tx.pg, grant, stamp, text_in(body, "title"),
                    area=body.get("area") and text_in(body, "area"),
                    access=text_in(body, "access", "shared"),
                    tier=text_in(body, "tier", "community"),
                )  # fmt: skip
                incidents.told(tx.pg, stamp, [id])
                return incidents.incident(tx.pg, grant, id)

        return await answer(add, 201)
    only(request.query_params, {"closed"})
    closed = request.query_params.get("closed") == "true"

    def find() -> dict[str, Any]:
        found, asof = looked(
            lambda pg, at: incidents.incidents(pg, grant, instant(at), closed=closed)
        )
        return {"asOf": asof.params(), "incidents": found}

    return await answer(find)


async def incident(request: Request) -> Response:
    """One incident with all that it gathers."""
    only(request.query_params, set())
    id = whole("incident", request.path_params["id"])
    return await answer(
        lambda: looked(lambda pg, _: incidents.incident(pg, context.grant.get(), id))[0]
    )


async def act(request: Request) -> Response:
    """What somebody does about an incident."""
    body = await body_of(request)
    only_in(body, {"kind", "refs", "text", "department", "due", "task", "to"})
    id, action = whole("incident", request.path_params["id"]), request.path_params["action"]

    def do() -> dict[str, Any]:
        body["due"] = moment_in(body, "due")
        grant = context.grant.get()
        incidents.act(context.database.get(), grant, id, action, body)
        return looked(lambda pg, _: incidents.incident(pg, grant, id))[0]

    return await answer(do)


async def every_warning(request: Request) -> Response:
    """The official warnings of a moment; or one that was issued."""
    if request.method == "POST":
        body = await body_of(request)
        only_in(body, WARNING)
        start = moment_in(body, "start")
        if start is None:
            raise Invalid("a warning has a start")

        def add() -> dict[str, Any]:
            words = {name: text_in(body, name) for name in ("number", "kind", "level", "issuer")}
            warnings.issue(
                context.database.get(), context.grant.get(), **words, text=text_in(body, "text"),
                start=start, end=moment_in(body, "end"),
                area=body.get("area") and text_in(body, "area"),
                access=text_in(body, "access", "public"),
            )  # fmt: skip
            return {"number": words["number"]}

        return await answer(add, 201)
    only(request.query_params, set())

    def find() -> dict[str, Any]:
        found, asof = looked(lambda pg, at: warnings.warnings(pg, context.grant.get(), at))
        return {"asOf": asof.params(), "warnings": found}

    return await answer(find)


async def responses(request: Request) -> Response:
    """The responses that hold; or a level that somebody sets."""
    if request.method == "POST":
        body = await body_of(request)
        only_in(body, {"kind", "level", "reason", "area"})

        def add() -> dict[str, Any]:
            level: Any = body.get("level")
            warnings.respond(
                context.database.get(), context.grant.get(), text_in(body, "kind"), level,
                text_in(body, "reason"), body.get("area") and text_in(body, "area"),
            )  # fmt: skip
            return {"kind": body["kind"], "level": level}

        return await answer(add, 201)
    only(request.query_params, set())

    def find() -> dict[str, Any]:
        found, asof = looked(
            lambda pg, at: warnings.responses(pg, context.grant.get(), instant(at))
        )
        return {"asOf": asof.params(), "responses": found}

    return await answer(find)


routes = [
    Route("/twin/incidents", every_incident, methods=["GET", "POST"]),
    Route("/twin/incidents/{id}", incident),
    Route("/twin/incidents/{id}/{action}", act, methods=["POST"]),
    Route("/twin/warnings", every_warning, methods=["GET", "POST"]),
    Route("/twin/responses", responses, methods=["GET", "POST"]),
]
