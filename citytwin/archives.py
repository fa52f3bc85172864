"""A layer's tiles as one file."""

import tempfile
from pathlib import Path
from threading import BoundedSemaphore
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ogc_api import context
from ogc_api.params import only, whole
from ogc_api.pieces import Pieces
from spatial.errors import Unavailable
from spatial.query import reading
from tiles.archive import DEFAULT_ZOOM, MIMETYPE, archive

MOST = 20_000
PIECE = 1 << 20
_turn = BoundedSemaphore(1)


async def pmtiles(request: Request) -> Response:
    """A PMTiles archive of a layer at an AsOf: made whole, then sent."""
    only(request.query_params, {"max-zoom"})
    zoom = whole("max-zoom", request.query_params.get("max-zoom", str(DEFAULT_ZOOM)))
    return await run_in_threadpool(_made, request.path_params["layer"], zoom)


def _made(layer: str, zoom: int) -> Response:
    if not _turn.acquire(blocking=False):
        raise Unavailable("another archive is being made: try again in a while")
    place = tempfile.TemporaryDirectory()
    try:
        path = Path(place.name) / "tiles.pmtiles"
        asof, grant = context.asof.get(), context.grant.get()
        with reading(context.database.get(), layer, asof, grant) as (pg, view):
            archive(pg, view, path, max_zoom=zoom, most=MOST)
        file = path.open("rb")
    except BaseException:
        place.cleanup()
        raise
    finally:
        _turn.release()
    headers = {
        "Content-Type": MIMETYPE,
        "Content-Length": str(path.stat().st_size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(layer)}.pmtiles",
        "Cache-Control": "private, no-cache",
        "CityTwin-AsOf": urlencode(view.moment.cite().params()),
        # its tiles are compressed within
        "Content-Encoding": "identity",
    }

    def close() -> None:
        file.close()
        place.cleanup()

    return Pieces(iter(lambda: file.read(PIECE), b""), close, headers)


routes = [Route("/tiles/{layer}.pmtiles", pmtiles)]
