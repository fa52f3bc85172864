"""The paths under a layer's items that write, and those that tell its history."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import context, etag
from ogc_api.features import editing, jsonfg
from ogc_api.features.geojson import Answer
from ogc_api.history import diff, mementos, versions
from ogc_api.links import place_of
from ogc_api.pieces import Pieces
from spatial.errors import TooLarge, Unsupported
from spatial.grant import Scope

ITEMS_METHODS = ["GET", "POST", "OPTIONS"]
ITEM_METHODS = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"]
_JSON = (
    "application/json",
    "application/geo+json",
    "application/merge-patch+json",
    jsonfg.MIMETYPE,
)


def answered(request: Request, answer: Answer) -> Response:
    """The answer, or 304 where the caller has it already."""
    tag = answer.headers.get("ETag")
    if tag and etag.known(request.headers.get("if-none-match"), tag):
        answer.close()
        kept = {key: text for key, text in answer.headers.items() if key != "Content-Length"}
        return Response(None, 304, kept)
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, answer.headers)
    return Pieces(answer.body, answer.close, answer.headers)


async def write_items(request: Request) -> Response:
    """POST makes a feature; OPTIONS says who may."""
    layer = request.path_params["layer"]
    if request.method == "OPTIONS":
        return await _options(layer, ["POST"])
    body, content_crs = await _body(request), request.headers.get("content-crs")
    fid = await run_in_threadpool(editing.create, layer, body, content_crs)
    # QGIS takes what follows /items/ for the id: no query may stand there
    return Response(status_code=201, headers={"Location": place_of(layer, "items", str(fid))})


async def write_item(request: Request) -> Response:
    """PUT replaces a feature, PATCH updates it, DELETE removes it; OPTIONS says who may."""
    layer, fid = request.path_params["layer"], request.path_params["fid"]
    if request.method == "OPTIONS":
        return await _options(layer, ["PUT", "PATCH", "DELETE"])
    expected = etag.versions(request.headers.get("if-match"))
    if request.method == "DELETE":
        context.grant.get().require(Scope.WRITE)
        await run_in_threadpool(editing.remove, layer, fid, expected)
    else:
        write = editing.replace if request.method == "PUT" else editing.update
        body, content_crs = await _body(request), request.headers.get("content-crs")
        await run_in_threadpool(write, layer, fid, body, content_crs, expected)
    return Response(status_code=204)


async def _options(layer: str, writing: list[str]) -> Response:
    await run_in_threadpool(editing.require_visible, layer)
    # QGIS offers to edit what is allowed here: only who may is told so
    allowed = ["GET", "HEAD", "OPTIONS", *(writing if context.grant.get().may(Scope.WRITE) else [])]
    return Response(status_code=204, headers={"Allow": ", ".join(allowed)})


async def _body(request: Request) -> bytes:
    """The body of a write, from somebody who may write; raises TooLarge and Unsupported."""
    context.grant.get().require(Scope.WRITE)
    kind = request.headers.get("content-type", _JSON[0]).partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise Unsupported(f"a feature is sent as {_JSON[1]}, not as {kind}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > editing.MAX_BODY:
            raise TooLarge(f"a feature takes at most {editing.MAX_BODY // 2**20} MB")
    return bytes(body)


async def _versions(request: Request) -> Response:
    layer, fid = request.path_params["layer"], request.path_params["fid"]
    query = dict(context.query.get())
    if "f" not in query and mementos.LINK_FORMAT in request.headers.get("accept", ""):
        query["f"] = "link"
    answer = await run_in_threadpool(versions.versions, layer, fid, query)
    return answered(request, answer)


async def _version(request: Request) -> Response:
    layer, fid = request.path_params["layer"], request.path_params["fid"]
    number = request.path_params["version"]
    answer = await run_in_threadpool(versions.version, layer, fid, number, context.query.get())
    return answered(request, answer)


async def _changes(request: Request) -> Response:
    layer = request.path_params["layer"]
    return JSONResponse(await run_in_threadpool(versions.changes, layer, context.query.get()))


async def _diff(request: Request) -> Response:
    answer = await run_in_threadpool(diff.diff, request.path_params["layer"], context.query.get())
    return answered(request, answer)


routes = [
    Route("/collections/{layer}/items/{fid}/versions", _versions),
    Route("/collections/{layer}/items/{fid}/versions/{version}", _version),
    Route("/collections/{layer}/changes", _changes),
    Route("/collections/{layer}/diff", _diff),
]
