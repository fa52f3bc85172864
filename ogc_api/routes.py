"""The OGC API's paths: what pygeoapi answers, and what we answer ahead of it."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pygeoapi
import pygeoapi.api as core
from pygeoapi.api import itemtypes
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ogc_api import collections, context, process_routes
from ogc_api.features import exports, feature, geojson, jsonfg, queryables
from ogc_api.features import routes as item_routes
from ogc_api.host import Function, openapi, respond, true_conformance, view
from ogc_api.rasters import routes as grid_routes
from ogc_api.records import quality as quality_routes
from ogc_api.records import routes as record_routes
from ogc_api.tiles import routes as tile_routes
from ogc_api.tiles import tilesets
from spatial.layer import STATE

type Document = dict[str, Any]
type Endpoint = Callable[[Request], Awaitable[Response]]

_GEOJSON = ("json", "geojson", "jsonfg", "")


def _of_state(function: Function) -> Endpoint:
    """An endpoint of pygeoapi's for the collection of the state, or for one asset in it."""

    async def endpoint(request: Request) -> Response:
        return await respond(request, function, STATE, *request.path_params.values())

    return endpoint


async def _collections(request: Request) -> Response:
    return await _told(await respond(request, core.describe_collections), collections.all_counted)


async def _collection(request: Request) -> Response:
    answer = await respond(request, core.describe_collections, request.path_params["layer"])
    return await _told(answer, collections.counted)


async def _told(answer: Response, tell: Callable[[Document], Document]) -> Response:
    """The answer of pygeoapi, its document completed by us where it is plain JSON."""
    kind = answer.headers["content-type"]
    if answer.status_code != HTTPStatus.OK or not kind.startswith("application/json"):
        return answer
    del answer.headers["content-length"]
    document = await run_in_threadpool(tell, json.loads(bytes(answer.body)))
    return JSONResponse(document, headers=dict(answer.headers))


async def _items(request: Request) -> Response:
    layer = request.path_params["layer"]
    if request.method not in ("GET", "HEAD"):
        return await item_routes.write_items(request)
    if form := _file_format(request):
        answer = await run_in_threadpool(exports.export, layer, context.query.get(), form)
        return item_routes.answered(request, answer)
    if not _wants_geojson(request):
        return await respond(request, itemtypes.get_collection_items, layer)
    answer = await run_in_threadpool(geojson.collection, layer, _asked(request))
    return item_routes.answered(request, answer)


async def _item(request: Request) -> Response:
    layer, fid = request.path_params["layer"], request.path_params["fid"]
    if request.method not in ("GET", "HEAD"):
        return await item_routes.write_item(request)
    if not _wants_geojson(request):
        return await respond(request, itemtypes.get_collection_item, layer, fid)
    answer = await run_in_threadpool(feature.feature, layer, fid, _asked(request))
    return item_routes.answered(request, answer)


def _asked(request: Request) -> dict[str, str]:
    """The query, in which JSON-FG that the Accept header asks for is asked for by `f`."""
    query = dict(context.query.get())
    if "f" not in query and jsonfg.MIMETYPE in request.headers.get("accept", ""):
        query["f"] = "jsonfg"
    return query


def _file_format(request: Request) -> exports.Format | None:
    """The file that a request asks for by `f` or, without one, by its Accept header."""
    chosen, accepted = request.query_params.get("f"), request.headers.get("accept", "")
    for form in exports.FORMATS:
        kind = form.mimetype.partition(";")[0]
        if chosen == form.name or (chosen is None and kind in accepted):
            return form
    return None


def _wants_geojson(request: Request) -> bool:
    chosen = request.query_params.get("f")
    if chosen is not None:
        return chosen in _GEOJSON
    accepted = request.headers.get("accept", "")
    return not ("text/html" in accepted or "ld+json" in accepted)


def _described(describe: Callable[[str], Document], page: Function | None) -> Endpoint:
    """An endpoint that answers a schema of ours as JSON, and pygeoapi's page to a browser."""

    async def endpoint(request: Request) -> Response:
        layer = request.path_params["layer"]
        if page is not None and not _wants_geojson(request):
            return await respond(request, page, layer)
        document = await run_in_threadpool(describe, layer)
        return JSONResponse(document, media_type=queryables.MIMETYPE)

    return endpoint


async def _openapi(request: Request) -> Response:
    await run_in_threadpool(lambda: openapi(view()))
    return await respond(request, core.openapi_)


async def _landing(request: Request) -> Response:
    return await _told(await respond(request, core.landing_page), tilesets.announced)


async def _conformance(request: Request) -> Response:
    return await _told(await respond(request, core.conformance), true_conformance)


routes: list[Route | Mount] = [
    Route("/", _landing),
    Mount("/static", StaticFiles(directory=Path(pygeoapi.__file__).parent / "static")),
    Route("/openapi", _openapi),
    Route("/conformance", _conformance),
    Route("/collections", _collections),
    Route("/collections/{layer}", _collection),
    *record_routes.routes,
    *quality_routes.routes,
    Route(f"/collections/{STATE}/items", _of_state(itemtypes.get_collection_items)),
    Route(f"/collections/{STATE}/items/{{asset}}", _of_state(itemtypes.get_collection_item)),
    Route(f"/collections/{STATE}/schema", _of_state(core.get_collection_schema)),
    Route(f"/collections/{STATE}/queryables", _of_state(itemtypes.get_collection_queryables)),
    Route("/collections/{layer}/schema", _described(queryables.schema, core.get_collection_schema)),
    Route(
        "/collections/{layer}/queryables",
        _described(queryables.queryables, itemtypes.get_collection_queryables),
    ),
    Route("/collections/{layer}/sortables", _described(queryables.sortables, None)),
    Route("/collections/{layer}/items", _items, methods=item_routes.ITEMS_METHODS),
    Route("/collections/{layer}/items/{fid}", _item, methods=item_routes.ITEM_METHODS),
    *item_routes.routes,
    *grid_routes.routes,
    *tile_routes.routes,
    *process_routes.routes,
]
