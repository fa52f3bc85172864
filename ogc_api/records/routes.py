"""The paths of the catalogue: records as GeoJSON and as pages, and DCAT for harvesters."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import context
from ogc_api.features.geojson import MIMETYPE
from ogc_api.features.queryables import MIMETYPE as SCHEMA
from ogc_api.host import record_pages, respond, wants_html
from ogc_api.records import catalogue
from ogc_api.records.feature import DCAT
from spatial.layer import CATALOGUE

_PLACE = f"/collections/{CATALOGUE}"
_DCAT = ("dcat", "jsonld")


async def _records(request: Request) -> Response:
    if wants_dcat(request):
        return await _dcat(request)
    if wants_html(request):
        return await respond(request, record_pages[0], CATALOGUE)
    document = await run_in_threadpool(catalogue.page, context.query.get())
    return JSONResponse(document, media_type=MIMETYPE, headers=_headers())


async def _record(request: Request) -> Response:
    name = request.path_params["record"]
    if wants_html(request):
        return await respond(request, record_pages[1], CATALOGUE, name)
    document = await run_in_threadpool(catalogue.record, name, context.query.get())
    return JSONResponse(document, media_type=MIMETYPE, headers=_headers())


async def _queryables(_: Request) -> Response:
    return JSONResponse(catalogue.queryables(), media_type=SCHEMA)


async def _dcat(_: Request) -> Response:
    document = await run_in_threadpool(catalogue.linked_data)
    return JSONResponse(document, media_type=DCAT, headers=_headers())


def wants_dcat(request: Request) -> bool:
    """Whether linked data is asked for, by `f` or by its Accept header."""
    chosen = request.query_params.get("f")
    return chosen in _DCAT or (chosen is None and DCAT in request.headers.get("accept", ""))


def _headers() -> dict[str, str]:
    return {
        "Content-Language": context.language.get(),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Accept-Language, Authorization, X-API-Key",
    }


routes = [
    Route("/catalogue.jsonld", _dcat),
    Route(f"{_PLACE}/queryables", _queryables),
    Route(f"{_PLACE}/schema", _queryables),
    Route(f"{_PLACE}/items", _records),
    Route(f"{_PLACE}/items/{{record}}", _record),
]
