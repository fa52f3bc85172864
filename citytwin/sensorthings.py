"""SensorThings 1.1 for posters: find a datastream, send observations to it."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from citytwin.together import Together
from citytwin.twin import MAX_BODY
from ogc_api import context
from ogc_api.params import limit_of, whole
from spatial.asof import MAIN, AsOf
from spatial.errors import Invalid, NotFound, TooLarge
from spatial.grant import Scope
from spatial.moment import resolve
from spatial.query import snapshot
from twin_model import sensorthings, series
from twin_model.decode import from_rows
from twin_model.readings import Readings
from twin_model.roll import Roll, roll
from twin_model.store import Receipt

VERSION = "v1.1"
_NAME_IS = re.compile(r"name eq '((?:[^']|'')*)'")

type Seen = tuple[Roll, list[int]]


def _base() -> str:
    return f"{context.base_url.get()}/{VERSION}"


def _seen() -> Seen:
    """The roll, and the places in it of the series that the grant may see now."""
    with snapshot(context.database.get()) as pg:
        found = series.find(pg, context.grant.get(), resolve(pg, AsOf()))
        known = roll(pg)
    places = (sensorthings.place_of(known, one.id) for one in found)
    return known, [place for place in places if place is not None]


async def root(_: Request) -> Response:
    """What can be asked for."""
    names = ("Things", "Datastreams", "Observations", "CreateObservations")
    return JSONResponse(
        {
            "value": [{"name": name, "url": f"{_base()}/{name}"} for name in names],
            "serverSettings": {
                "conformance": [
                    "http://www.opengis.net/spec/iot_sensing/1.1/req/data-array/data-array",
                    "http://www.opengis.net/spec/iot_sensing/1.1/req/receive-updates-via-mqtt"
                    "/observations-creation",
                ]
            },
        }
    )


async def datastreams(request: Request) -> Response:
    """Datastreams, all or those of one name or thing."""
    known, places = await run_in_threadpool(_seen)
    if (asset := request.path_params.get("id")) is not None:
        places = [p for p in places if known.asset_id[known.by_id[p].asset] == asset]
    return _listed(request, [sensorthings.datastream(known, p, _base()) for p in places])


async def datastream(request: Request) -> Response:
    """One datastream."""
    known, place = await run_in_threadpool(_one, request.path_params["id"])
    return JSONResponse(sensorthings.datastream(known, place, _base()))


async def thing_of(request: Request) -> Response:
    """The thing of a datastream."""
    known, place = await run_in_threadpool(_one, request.path_params["id"])
    return JSONResponse(sensorthings.thing(known, known.by_id[place].asset, _base()))


def _one(number: int) -> tuple[Roll, int]:
    known, places = _seen()
    place = sensorthings.place_of(known, number)
    if place is None or place not in places:
        raise NotFound(f"there is no Datastreams({number})")
    return known, place


async def things(request: Request) -> Response:
    """Things that have a datastream, all or one of a name."""
    return _listed(request, await run_in_threadpool(_things))


async def thing(request: Request) -> Response:
    """One thing."""
    number = request.path_params["id"]
    for one in await run_in_threadpool(_things):
        if one["@iot.id"] == number:
            return JSONResponse(one)
    raise NotFound(f"there is no Things({number})")


def _things() -> list[dict[str, Any]]:
    known, places = _seen()
    owners = dict.fromkeys(known.by_id[place].asset for place in places)
    return [sensorthings.thing(known, asset, _base()) for asset in owners]


def _listed(request: Request, entities: Sequence[dict[str, Any]]) -> Response:
    query = request.query_params
    if wanted := query.get("$filter"):
        match = _NAME_IS.fullmatch(wanted.strip())
        if not match:
            raise Invalid("$filter is written: name eq 'SW0001/water_level'")
        entities = [one for one in entities if one["name"] == match[1].replace("''", "'")]
    skip, top = whole("$skip", query.get("$skip", "0")), limit_of(query.get("$top"))
    document: dict[str, Any] = {"value": entities[skip : skip + top]}
    if query.get("$count") == "true":
        document["@iot.count"] = len(entities)
    if skip + top < len(entities):
        following = request.url.include_query_params(**{"$skip": skip + top})
        document["@iot.nextLink"] = f"{context.base_url.get()}{following.path}?{following.query}"
    return JSONResponse(document)


async def post_to(request: Request) -> Response:
    """An observation of a datastream."""
    number = request.path_params["id"]
    return await _posted(request, lambda document: (number, document))


async def post(request: Request) -> Response:
    """An observation that names its datastream."""

    def named(document: Any) -> tuple[Any, Any]:
        try:
            return document["Datastream"]["@iot.id"], document
        except (KeyError, TypeError):
            raise Invalid("an observation names its Datastream: {@iot.id}") from None

    return await _posted(request, named)


async def _posted(request: Request, of: Callable[[Any], tuple[Any, Any]]) -> Response:
    number, observation = of(await _document(request))
    receipt, links = await _store(request, [(number, observation)])
    if links[0] is None:
        raise NotFound(f"there is no Datastreams({number})")
    if receipt.quarantined:
        raise Invalid("the observation cannot be taken; /twin/quarantine tells why")
    return Response(status_code=201, headers={"Location": links[0]})


async def create(request: Request) -> Response:
    """Observations of many datastreams; a link or `error` for each."""
    given = sensorthings.arrays(await _document(request))
    _, links = await _store(request, given)
    return JSONResponse([link or "error" for link in links], status_code=201)


async def _document(request: Request) -> Any:
    context.grant.get().require(Scope.WRITE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge(f"a batch takes at most {MAX_BODY >> 20} MB: send several")
    try:
        return orjson.loads(bytes(body))
    except orjson.JSONDecodeError as error:
        raise Invalid(f"the body is not JSON: {error}") from None


async def _store(
    request: Request, given: Sequence[tuple[Any, Any]]
) -> tuple[Receipt, list[str | None]]:
    """Store observations; the address of each, None for those that are refused."""
    readings, places = await run_in_threadpool(_read, given)
    together: Together = request.app.state.together
    receipt = await together.store(readings, context.grant.get(), MAIN)
    return receipt, [
        f"{_base()}/Observations({series}-{when})"
        if series is not None and n not in readings.refused
        else None
        for n, (series, when) in enumerate(zip(places, readings.at.tolist(), strict=True))
    ]


def _read(given: Sequence[tuple[Any, Any]]) -> tuple[Readings, list[int | None]]:
    """Observations as readings, and the ids of their series; None for what is not to be seen."""
    known, places = _seen()
    seen = set(places)
    at = [sensorthings.place_of(known, number) for number, _ in given]
    now = datetime.now(UTC).isoformat()
    rows = [sensorthings.reading(known, *one) for one in given]
    rows = [row if row["at"] else row | {"at": now} for row in rows]
    ids = [known.by_id[one].id if one is not None and one in seen else None for one in at]
    return from_rows(rows, context.zone.get()), ids


routes = [
    Route(f"/{VERSION}", root),
    Route(f"/{VERSION}/Things", things),
    Route(f"/{VERSION}/Things({{id:int}})", thing),
    Route(f"/{VERSION}/Things({{id:int}})/Datastreams", datastreams),
    Route(f"/{VERSION}/Datastreams", datastreams),
    Route(f"/{VERSION}/Datastreams({{id:int}})", datastream),
    Route(f"/{VERSION}/Datastreams({{id:int}})/Thing", thing_of),
    Route(f"/{VERSION}/Datastreams({{id:int}})/Observations", post_to, methods=["POST"]),
    Route(f"/{VERSION}/Observations", post, methods=["POST"]),
    Route(f"/{VERSION}/CreateObservations", create, methods=["POST"]),
]
