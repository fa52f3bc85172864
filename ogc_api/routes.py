"""The OGC API's paths: what pygeoapi answers, and what we answer ahead of it."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pygeoapi
import pygeoapi.api as core
from pygeoapi.api import itemtypes, processes, tiles
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ogc_api import context, exports, geojson, item_routes, queryables
from ogc_api.host import Function, openapi, respond, true_conformance, view

type Endpoint = Callable[[Request], Awaitable[Response]]

_GEOJSON = ("json", "geojson", "")


def _hosted(function: Function, *names: str) -> Endpoint:
    """An endpoint of pygeoapi's, called with these path parameters in order."""

    async def endpoint(request: Request) -> Response:
        return await respond(request, function, *(request.path_params.get(n) for n in names))

    return endpoint


async def _items(request: Request) -> Response:
    layer = request.path_params["layer"]
    if request.method not in ("GET", "HEAD"):
        return await item_routes.write_items(request)
    if form := _file_format(request):
        answer = await run_in_threadpool(exports.export, layer, context.query.get(), form)
        return item_routes.answered(request, answer)
    if not _wants_geojson(request):
        return await respond(request, itemtypes.get_collection_items, layer)
    answer = await run_in_threadpool(geojson.collection, layer, context.query.get())
    return item_routes.answered(request, answer)


async def _item(request: Request) -> Response:
    layer, fid = request.path_params["layer"], request.path_params["fid"]
    if request.method not in ("GET", "HEAD"):
        return await item_routes.write_item(request)
    if not _wants_geojson(request):
        return await respond(request, itemtypes.get_collection_item, layer, fid)
    answer = await run_in_threadpool(geojson.feature, layer, fid, context.query.get())
    return item_routes.answered(request, answer)


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


async def _queryables(request: Request) -> Response:
    layer = request.path_params["layer"]
    if not _wants_geojson(request):
        return await respond(request, itemtypes.get_collection_queryables, layer)
    return JSONResponse(
        await run_in_threadpool(queryables.queryables, layer), media_type=queryables.MIMETYPE
    )


async def _sortables(request: Request) -> Response:
    layer = request.path_params["layer"]
    return JSONResponse(
        await run_in_threadpool(queryables.sortables, layer), media_type=queryables.MIMETYPE
    )


async def _openapi(request: Request) -> Response:
    await run_in_threadpool(lambda: openapi(view()))
    return await respond(request, core.openapi_)


async def _conformance(request: Request) -> Response:
    answer = await respond(request, core.conformance)
    if not answer.headers["content-type"].startswith("application/json"):
        return answer
    document = json.loads(bytes(answer.body))
    return JSONResponse({"conformsTo": true_conformance(document["conformsTo"])})


async def _tileset(request: Request) -> Response:
    return await respond(
        request,
        tiles.get_collection_tiles_metadata,
        request.path_params["layer"],
        request.path_params["scheme"],
    )


async def _jobs(request: Request) -> Response:
    job = request.path_params.get("job")
    if request.method == "DELETE":
        return await respond(request, processes.delete_job, job)
    return await respond(request, processes.get_jobs, job)


_TILE = "/collections/{layer}/tiles/{scheme}/{z}/{y}/{x}"

routes = [
    Route("/", _hosted(core.landing_page)),
    Mount("/static", StaticFiles(directory=Path(pygeoapi.__file__).parent / "static")),
    Route("/openapi", _openapi),
    Route("/conformance", _conformance),
    Route("/TileMatrixSets", _hosted(tiles.tilematrixsets)),
    Route("/TileMatrixSets/{scheme}", _hosted(tiles.tilematrixset, "scheme")),
    Route("/collections", _hosted(core.describe_collections)),
    Route("/collections/{layer}", _hosted(core.describe_collections, "layer")),
    Route("/collections/{layer}/schema", _hosted(core.get_collection_schema, "layer")),
    Route("/collections/{layer}/queryables", _queryables),
    Route("/collections/{layer}/sortables", _sortables),
    Route("/collections/{layer}/items", _items, methods=item_routes.ITEMS_METHODS),
    Route("/collections/{layer}/items/{fid}", _item, methods=item_routes.ITEM_METHODS),
    *item_routes.routes,
    Route("/collections/{layer}/tiles", _hosted(tiles.get_collection_tiles, "layer")),
    Route("/collections/{layer}/tiles/{scheme}", _tileset),
    Route("/collections/{layer}/tiles/{scheme}/metadata", _tileset),
    Route(_TILE, _hosted(tiles.get_collection_tiles_data, "layer", "scheme", "z", "y", "x")),
    Route("/processes", _hosted(processes.describe_processes)),
    Route("/processes/{process}", _hosted(processes.describe_processes, "process")),
    Route(
        "/processes/{process}/execution",
        _hosted(processes.execute_process, "process"),
        methods=["POST"],
    ),
    Route("/jobs", _jobs),
    Route("/jobs/{job}", _jobs, methods=["GET", "DELETE"]),
    Route("/jobs/{job}/results", _hosted(processes.get_job_result, "job")),
]
