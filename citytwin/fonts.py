"""Letters of the maps, for clients that have no fonts of their own."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from spatial.errors import NotFound
from tiles.glyphs import MIMETYPE, RANGE, glyphs

GLYPHS = "/fonts/{fontstack}/{range}.pbf"
WEEK_S = 7 * 24 * 3600


async def letters(request: Request) -> Response:
    """A range of characters of a font stack; the same for everybody."""
    place = request.path_params
    start, end = place["start"], place["end"]
    if end != start + RANGE - 1:
        raise NotFound(f"a range holds {RANGE} characters, such as 0-{RANGE - 1}")
    made = await run_in_threadpool(glyphs, place["stack"], start)
    headers = {"Cache-Control": f"public, max-age={WEEK_S}"}
    return Response(made, media_type=MIMETYPE, headers=headers)


routes = [Route("/fonts/{stack}/{start:int}-{end:int}.pbf", letters)]
