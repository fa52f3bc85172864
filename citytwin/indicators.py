"""Indicators by HTTP: the city's vital signs, and which sources are silent."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.bodies import answer, instant, looked
from ogc_api import context
from ogc_api.params import only, whole
from spatial.errors import Invalid, NotFound
from spatial.moment import Moment
from twin_model.cases import config
from twin_model.indicators.freshness import freshness
from twin_model.indicators.indicators import indicators


async def every_indicator(request: Request) -> Response:
    """The indicators at a moment, as known, whole or by the areas of a layer."""
    query = request.query_params
    only(query, {"name", "by", "windows"})
    windows = whole("windows", query.get("windows", "2"))

    def find() -> dict[str, Any]:
        def look(pg: Any, at: Moment) -> list[dict[str, Any]]:
            found = config.at(pg, "indicator", instant(at), datetime.now(UTC))
            if name := query.get("name"):
                if name not in found:
                    raise NotFound(f"there is no indicator '{name}'")
                found = {name: found[name]}
            database, grant = context.database.get(), context.grant.get()
            return indicators(
                database, pg, grant, at, found, by=query.get("by") or None, windows=windows
            )

        told, asof = looked(look)
        return {"asOf": asof.params(), "indicators": told}

    return await answer(find)


async def fresh(request: Request) -> Response:
    """Which sources are silent at a moment, and since when."""
    query = request.query_params
    only(query, {"silent"})
    try:
        silent = float(query.get("silent", "3600"))
    except ValueError:
        raise Invalid("silent is a number of seconds") from None

    def find() -> dict[str, Any]:
        asof = context.asof.get()
        found = freshness(context.database.get(), asof, context.grant.get(), silent)
        return {"silent_s": silent, "sources": found}

    return await answer(find)


routes = [Route("/twin/indicators", every_indicator), Route("/twin/freshness", fresh)]
