"""Paths of tiles: of one layer, of several, and the squares that they come in."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import context
from ogc_api.host import respond, tileset_page, tilesets_page, wants_html
from ogc_api.params import language_of
from ogc_api.tiles import tilesets
from spatial import catalogue
from spatial.errors import Invalid, NotFound
from spatial.grant import Grant
from spatial.layer import Layer
from spatial.query import seen, seen_layers, snapshot
from tiles.matrix_set import MatrixSet, Zxy, matrix_set
from tiles.server import Tile, Wanted
from tiles.several import names_of, parts_of, tile_of
from tiles.tilejson import tilejson
from tiles.vector import MIMETYPE, options_of

WORTH_PACKING = 1024  # bytes


async def tile_answer(
    request: Request, names: Sequence[str], matrices: MatrixSet, zxy: Zxy
) -> Response:
    """A tile of these layers, its ETag, and the AsOf that it shows."""
    grant, options = context.grant.get(), options_of(context.query.get())
    wanted = Wanted(names[0], zxy, context.asof.get(), grant, options, matrices)
    known = request.headers.get("if-none-match")
    made = await tile_of(context.tiles.get(), parts_of(wanted, names), known)
    packed = None
    if worth_packing(made) and "gzip" in request.headers.get("accept-encoding", ""):
        packed = await context.tiles.get().packed(made)
    return answer_of(made, grant, packed)


def worth_packing(made: Tile) -> bool:
    """Whether a tile is worth being packed for who takes it so."""
    return len(made.data or b"") >= WORTH_PACKING


def answer_of(made: Tile, grant: Grant, packed: bytes | None = None) -> Response:
    """The answer that a tile is to somebody, packed if its bytes are given so."""
    headers = {
        "ETag": made.etag,
        "Cache-Control": "private, no-cache" if grant.authenticated else "no-cache",
        "Vary": "Authorization, X-API-Key, Accept-Encoding",
        "CityTwin-AsOf": urlencode(made.asof.params()),
        "Access-Control-Allow-Origin": "*",
    }
    if made.data is None:
        return Response(status_code=304, headers=headers)
    if not made.data:
        return Response(status_code=204, headers=headers)
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(packed or made.data, media_type=MIMETYPE, headers=headers)


def found(names: Sequence[str]) -> list[Layer]:
    """These layers as the grant sees them; raises NotFound for the first that it does not."""
    grant = context.grant.get()
    with snapshot(context.database.get()) as pg:
        return [seen(pg, catalogue.find_visible(pg, name, grant), grant) for name in names]


async def _tile(request: Request) -> Response:
    place = request.path_params
    if request.query_params.get("f", "mvt") not in ("mvt", "pbf"):
        raise Invalid("tiles are vector tiles: write f=mvt")
    try:
        zxy = int(place["z"]), int(place["x"]), int(place["y"])
    except ValueError:
        raise NotFound("a tile is named by three numbers: matrix, row and column") from None
    names = await run_in_threadpool(_names, request)
    return await tile_answer(request, names, matrix_set(place["scheme"]), zxy)


async def _tilesets(request: Request) -> Response:
    layer = request.path_params.get("layer")
    if layer and wants_html(request):
        return await respond(request, tilesets_page, layer)
    base_url, language = context.base_url.get(), language_of(request)
    title = context.city.get()[language]
    if layer:
        title = (await run_in_threadpool(found, [layer]))[0].title(language)
    return JSONResponse(tilesets.tilesets(base_url, _place(request), title, language))


async def _tileset(request: Request) -> Response:
    layer, scheme = request.path_params.get("layer"), request.path_params["scheme"]
    matrices = matrix_set(scheme)
    if layer and wants_html(request):
        return await respond(request, tileset_page, layer, scheme)
    layers = await run_in_threadpool(lambda: found(_names(request)))
    base_url, language = context.base_url.get(), language_of(request)
    if request.query_params.get("f") == "tilejson":
        return JSONResponse(tilejson(layers, base_url, context.asof.get(), language))
    return JSONResponse(tilesets.tileset(matrices, layers, base_url, _place(request), language))


def _names(request: Request) -> list[str]:
    """The layers of an address: its own, those of `collections`, else all."""
    if layer := request.path_params.get("layer"):
        return [layer]
    if chosen := request.query_params.get("collections"):
        return names_of(chosen)
    with snapshot(context.database.get()) as pg:
        names = [layer.name for layer in seen_layers(pg, context.grant.get())]
    if not names:
        raise NotFound("there is no layer yet")
    return names_of(",".join(names))


def _place(request: Request) -> str:
    layer, base_url = request.path_params.get("layer"), context.base_url.get()
    return f"{base_url}/collections/{quote(layer)}/tiles" if layer else f"{base_url}/tiles"


async def _schemes(request: Request) -> Response:
    return JSONResponse(tilesets.schemes(context.base_url.get(), language_of(request)))


async def _scheme(request: Request) -> Response:
    return JSONResponse(matrix_set(request.path_params["scheme"]).definition(language_of(request)))


routes = [
    Route("/tileMatrixSets", _schemes),
    Route("/tileMatrixSets/{scheme}", _scheme),
    Route("/TileMatrixSets", _schemes),  # as pygeoapi's landing page spells it
    Route("/TileMatrixSets/{scheme}", _scheme),
    Route("/tiles", _tilesets),
    Route("/tiles/{scheme}", _tileset),
    Route("/tiles/{scheme}/{z}/{y}/{x}", _tile),
    Route("/collections/{layer}/tiles", _tilesets),
    Route("/collections/{layer}/tiles/{scheme}", _tileset),
    Route("/collections/{layer}/tiles/{scheme}/metadata", _tileset),
    Route("/collections/{layer}/tiles/{scheme}/{z}/{y}/{x}", _tile),
]
