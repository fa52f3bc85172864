"""Routes of the state as tiles."""

from collections import ChainMap
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import context
from ogc_api.params import only
from ogc_api.twin.state import TITLE
from spatial.layer import STATE
from spatial.query import seen_layers, snapshot
from tiles.matrix_set import WEB_MERCATOR_QUAD
from tiles.state import state_tile, state_tilejson
from tiles.vector import MIMETYPE
from twin_model.kinds import Kind
from twin_model.measured import properties


async def tile(request: Request) -> Response:
    """A tile of the assets that are there, with their values."""
    only(request.query_params, set())
    place = request.path_params
    zxy = place["z"], place["x"], place["y"]
    WEB_MERCATOR_QUAD.require(zxy)
    data, asof = await run_in_threadpool(
        state_tile, context.database.get(), context.asof.get(), context.grant.get(), zxy
    )
    headers = {
        "Cache-Control": "no-cache",
        "Vary": "Authorization, X-API-Key",
        "CityTwin-AsOf": urlencode(asof.params()),
    }
    if not data:
        return Response(status_code=204, headers=headers)
    return Response(data, media_type=MIMETYPE, headers=headers)


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
