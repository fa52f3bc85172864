"""Geocoding by HTTP: places of a text, and what a place is called."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.bodies import answer
from ogc_api import context
from ogc_api.params import only, whole
from spatial.errors import Invalid
from spatial.geocode import geocode


async def places(request: Request) -> Response:
    """Places that a text may mean."""
    query = request.query_params
    only(query, {"text", "limit", "layer"})
    limit = whole("limit", query.get("limit", "5"))

    def find() -> dict[str, Any]:
        text = query.get("text", "")
        found, asof = geocode.geocode(
            context.database.get(), context.asof.get(), context.grant.get(), text,
            limit=limit, layer=query.get("layer"),
        )  # fmt: skip
        return {"asOf": asof.params(), "text": text, "places": found}

    return await answer(find)


async def names(request: Request) -> Response:
    """What a place is called."""
    query = request.query_params
    only(query, {"place", "reach"})
    numbers = numbers_in(query.get("place", ""))
    reach = numbers_in(query.get("reach", str(geocode.REACH_M)))
    if len(numbers) != 2 or len(reach) != 1:
        raise Invalid("say where: place=120.3,31.5 (longitude, latitude), reach=200 in metres")

    def find() -> dict[str, Any]:
        found, asof = geocode.reverse(
            context.database.get(), context.asof.get(), context.grant.get(),
            (numbers[0], numbers[1]), reach_m=reach[0],
        )  # fmt: skip
        return {"asOf": asof.params(), "place": numbers, "places": found}

    return await answer(find)


def numbers_in(text: str) -> list[float]:
    """The numbers of a text with commas; none where it is something else."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        return []


routes = [Route("/geocode", places), Route("/geocode/reverse", names)]
