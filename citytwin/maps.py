"""Routes of the map: XYZ tiles, TileJSON, MapLibre styles, scenarios."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from citytwin.fonts import GLYPHS
from ogc_api import context
from ogc_api.tiles.routes import found, tile_answer
from spatial import scenario
from spatial.errors import Invalid, NotFound
from spatial.filter.filter import Filter, filter_of
from spatial.layer import Layer
from spatial.query import seen_layers, snapshot
from spatial.raster import Raster
from spatial.rasters import rasters
from tiles.cartography import SHAPES
from tiles.colours import PARAMETERS
from tiles.matrix_set import MIN_ZOOM, WEB_MERCATOR_QUAD
from tiles.raster_tilejson import raster_tilejson
from tiles.render import cell_attributes
from tiles.several import names_of
from tiles.style import MIMETYPE as STYLE
from tiles.style import StyleLayer, style
from tiles.theme import THEMES
from tiles.tilejson import DEEPEST_DRAWN, tilejson, tiles_url

CITY = "city"


async def xyz(request: Request) -> Response:
    """A tile of one layer or of several, in web mercator."""
    place = request.path_params
    zxy = place["z"], place["x"], place["y"]
    return await tile_answer(request, names_of(place["layer"]), WEB_MERCATOR_QUAD, zxy)


async def tile_json(request: Request) -> Response:
    names = names_of(request.path_params["layer"])
    base_url, asof, language = context.base_url.get(), context.asof.get(), context.language.get()
    if raster := await run_in_threadpool(_raster, names):
        drawn = {name: text for name, text in context.query.get().items() if name in PARAMETERS}
        return JSONResponse(raster_tilejson(raster, base_url, asof, drawn, language))
    layers = await run_in_threadpool(found, names)
    wanted = _filter(request, layers)
    return JSONResponse(tilejson(layers, base_url, asof, language, wanted))


async def map_style(request: Request) -> Response:
    """The style of one layer, or of all under the name `city` or that of a theme."""
    name = request.path_params["name"]
    whole = name == CITY or name in THEMES
    layers = await run_in_threadpool(_visible)
    if not whole:
        layers = [layer for layer in layers if layer.name == name]
        if not layers:
            raise NotFound(f"there is no layer '{name}'")
    base_url, asof = context.base_url.get(), context.asof.get()
    title = context.city.get()
    wanted = None
    if whole and filter_of(request.query_params):
        raise Invalid("a filter asks for one layer's attributes: name it in the style of a layer")
    if not whole:
        wanted = _filter(request, layers)
        title = {"zh": layers[0].title("zh"), "en": layers[0].title("en")}
    made = style(
        [style_layer(layer) for layer in layers],
        lambda layer: tiles_url(base_url, layer, asof, wanted),
        glyphs_url=base_url + GLYPHS,
        name=title,
        language=context.language.get(),
        timezone=request.app.state.timezone,
    )
    shown = THEMES[name].recoloured(made) if name in THEMES else made
    return JSONResponse(shown, media_type=STYLE)


async def scenarios(_: Request) -> Response:
    found = await run_in_threadpool(scenario.scenarios, context.database.get())
    return JSONResponse(
        {"scenarios": [{"name": s.name, "title": s.title, "state": s.state} for s in found]}
    )


def _filter(request: Request, layers: Sequence[Layer]) -> Filter | None:
    """The filter that tiles of these layers are to have; it is tried before it is passed on."""
    wanted = filter_of(request.query_params)
    if wanted is not None:
        for layer in layers:
            wanted.on(layer)
    return wanted


def _raster(names: Sequence[str]) -> Raster | None:
    with snapshot(context.database.get()) as pg:
        known = rasters(pg, context.grant.get())
    return next((raster for raster in known if [raster.name] == list(names)), None)


def _visible() -> list[Layer]:
    with snapshot(context.database.get()) as pg:
        return seen_layers(pg, context.grant.get())


def style_layer(layer: Layer) -> StyleLayer:
    """What drawing a layer needs to know of it."""
    return StyleLayer(
        layer.name,
        {"zh": layer.title("zh"), "en": layer.title("en")},
        SHAPES.get(layer.shape, "polygon"),
        layer.column_names,
        MIN_ZOOM,
        DEEPEST_DRAWN,
        layer.extent,
        derived=bool(layer.analysis),
        analysis=layer.analysis,
        cells=cell_attributes(layer),
    )


routes = [
    Route("/tiles/{layer}/{z:int}/{x:int}/{y:int}.mvt", xyz),
    Route("/tiles/{layer}.json", tile_json),
    Route("/styles/{name}.json", map_style),
    Route("/scenarios", scenarios),
]
