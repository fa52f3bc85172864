"""The path of a layer's quality report."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import context
from spatial.quality import quality


async def _quality(request: Request) -> Response:
    database, grant = context.database.get(), context.grant.get()
    return JSONResponse(
        await run_in_threadpool(quality, database, request.path_params["layer"], grant)
    )


routes = [Route("/collections/{layer}/quality", _quality)]
