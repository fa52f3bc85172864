"""Routes of the state as tiles."""

from collections import ChainMap
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import context
from ogc_api.params import only
from ogc_api.tiles.routes import answer_of
from ogc_api.twin.state import TITLE
from spatial.layer import STATE
from spatial.query import seen_layers, snapshot
from tiles.matrix_set import WEB_MERCATOR_QUAD
from tiles.server import matches
from tiles.state import state_tilejson
from tiles.state_server import StateTiles
from twin_model.kinds import Kind
from twin_model.measured import properties


async def tile(request: Request) -> Response:
    """A tile of the assets that are there, with their values."""
    only(request.query_params, set())
    place = request.path_params
    zxy = place["z"], place["x"], place["y"]
    WEB_MERCATOR_QUAD.require(zxy)
    tiles: StateTiles = request.app.state.state_tiles
    grant = context.grant.get()
    made = await run_in_threadpool(tiles.tile, context.asof.get(), grant, zxy)
    if matches(request.headers.get("if-none-match"), made.etag):
        made = replace(made, data=None)
    return answer_of(made, grant)


async def tile_json(request: Request) -> Response:
    """What the tiles hold, and where they are."""
    only(request.query_params, set())
    measured = await run_in_threadpool(_measured)
    title = TITLE[context.language.get()]
    return JSONResponse(state_tilejson(measured, context.base_url.get(), context.asof.get(), title))


def _measured() -> dict[str, Kind]:
    with snapshot(context.database.get()) as pg:
        known = properties(pg)
        seen = [known[one.id] for one in seen_layers(pg, context.grant.get()) if one.id in known]
    return {name: one.kind for name, one in sorted(ChainMap(*map(dict, seen)).items())}


routes = [
    Route(f"/tiles/{STATE}/{{z:int}}/{{x:int}}/{{y:int}}.mvt", tile),
    Route(f"/tiles/{STATE}.json", tile_json),
]
