"""The paths of rasters: picture tiles, legends, coverages and data queries."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ogc_api import context, etag
from ogc_api.connection import said
from ogc_api.edr import data, grids, series, source
from ogc_api.features.routes import answered
from ogc_api.links import place_of
from ogc_api.ranges import ranged
from ogc_api.rasters import coverage
from ogc_api.rasters.grids import Seen, seen
from spatial.errors import Invalid, NotFound
from tiles import raster
from tiles.colours import FORMATS, Look, legend, look_of, ramp

type Endpoint = Callable[[Request], Awaitable[Response]]

SCHEME = "WebMercatorQuad"


def _xyz(form: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        place = request.path_params
        return await _tile(request, (place["z"], place["x"], place["y"]), form)

    return endpoint


async def _map_tile(request: Request) -> Response:
    place = request.path_params
    if place["scheme"] != SCHEME:
        raise NotFound(f"maps come in {SCHEME}")
    try:
        zxy = int(place["z"]), int(place["x"]), int(place["y"])
    except ValueError:
        raise NotFound("a tile is named by three numbers: matrix, row and column") from None
    form = context.query.get().get("f", "png")
    if form not in FORMATS:
        raise Invalid(f"there is no format '{form}': {' and '.join(FORMATS)} are")
    return await _tile(request, zxy, form)


async def _tile(request: Request, zxy: tuple[int, int, int], form: str) -> Response:
    known = request.headers.get("if-none-match")
    return await run_in_threadpool(_picture, request.path_params["layer"], zxy, form, known)


def _picture(name: str, zxy: tuple[int, int, int], form: str, known: str | None) -> Response:
    raster.check(*zxy)
    view = seen(name)
    headers = view.headers() | {"Vary": "Authorization, X-API-Key", "Cache-Control": _keep()}
    try:
        step = view.now()
    except NotFound:
        return Response(status_code=204, headers=headers)
    look = look_of(view.raster, step.edition, context.query.get())
    tag = raster.etag(step, zxy, look, form)
    headers["ETag"] = tag
    if etag.known(known, tag):
        return Response(status_code=304, headers=headers)
    made = raster.picture(view.store, step, zxy, look, form)
    if made is None:
        return Response(status_code=204, headers=headers)
    return Response(made, media_type=FORMATS[form], headers=headers)


def _keep() -> str:
    return "private, no-cache" if context.grant.get().authenticated else "no-cache"


async def _legend(request: Request) -> Response:
    view, look = await run_in_threadpool(_looked, request.path_params["layer"])
    return JSONResponse(legend(view.raster, view.raster.latest, look), headers=view.headers())


async def _ramp(request: Request) -> Response:
    view, look = await run_in_threadpool(_looked, request.path_params["layer"])
    return Response(ramp(look), media_type=FORMATS["png"], headers=view.headers())


def _looked(name: str) -> tuple[Seen, Look]:
    view = seen(name)
    return view, look_of(view.raster, view.raster.latest, context.query.get())


async def _coverage(request: Request) -> Response:
    if page := _page(request):
        return page
    form = coverage.format_of(request.query_params.get("f"), request.headers.get("accept", ""))
    answer = await run_in_threadpool(
        coverage.coverage, request.path_params["layer"], context.query.get(), form
    )
    return ranged(request, answered(request, answer))


def _page(request: Request) -> Response | None:
    """The way to the collection's own page, for who asks for cells as a page."""
    if request.query_params.get("f") != "html":
        return None
    query = urlencode({**said(), "f": "html"})
    return RedirectResponse(f"{place_of(request.path_params['layer'])}?{query}", 303)


def _data(kind: str) -> Endpoint:
    """An endpoint of one kind of data query."""

    async def endpoint(request: Request) -> Response:
        if page := _page(request):
            return page
        place = request.path_params
        answer = await run_in_threadpool(
            data.query, place["layer"], kind, context.query.get(), place.get("location")
        )
        return answered(request, answer)

    return endpoint


source.register(grids.find)
source.register(series.find)

routes = [
    *(Route(f"/tiles/{{layer}}/{{z:int}}/{{x:int}}/{{y:int}}.{f}", _xyz(f)) for f in FORMATS),
    Route("/collections/{layer}/map/tiles/{scheme}/{z}/{y}/{x}", _map_tile),
    Route("/legends/{layer}.json", _legend),
    Route("/legends/{layer}.png", _ramp),
    Route("/collections/{layer}/coverage", _coverage),
    *(Route(f"/collections/{{layer}}/{kind}", _data(kind)) for kind in data.QUERIES),
    Route("/collections/{layer}/locations/{location}", _data("locations")),
]
