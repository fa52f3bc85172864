"""Walls: a desk drives what they show, told on `/live` and kept for a wall that starts later."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citytwin.bodies import answer, body_of, only_in, text_in
from ogc_api import context
from ogc_api.params import only
from spatial.asof import format_instant
from spatial.errors import Invalid
from spatial.grant import Scope
from spatial.query import snapshot
from twin_model import log, notices

KIND = "wall"
LONGEST_NAME = 63
LONGEST_VIEW = 4_000
_LAST = """
SELECT item ->> 'view', at FROM city.notice, jsonb_array_elements(items) AS item
WHERE kind = %s AND item ->> 'id' = %s ORDER BY cursor DESC LIMIT 1
"""


async def wall(request: Request) -> Response:
    """The view that was last pushed to a wall; or another, from a desk that may write."""
    name = request.path_params["name"]
    if request.method == "POST":
        body = await body_of(request)
        only_in(body, {"view"})
        return await answer(lambda: _push(name, text_in(body, "view")), 201)
    only(request.query_params, set())
    return await answer(lambda: _last(name))


def _push(name: str, view: str) -> dict[str, Any]:
    context.grant.get().require(Scope.WRITE)
    if not (0 < len(name) <= LONGEST_NAME and 0 < len(view) <= LONGEST_VIEW):
        raise Invalid(f"a view is the words after # of a screen's address, {LONGEST_VIEW} at most")
    with context.database.get().begin() as tx:
        stamp = log.stamp(tx.pg)
        notices.tell(tx.pg, stamp, KIND, [{"id": name, "view": view, "access": "public"}])
    return {"wall": name, "view": view, "at": format_instant(stamp)}


def _last(name: str) -> dict[str, Any]:
    with snapshot(context.database.get()) as pg:
        row = pg.execute(_LAST, [KIND, name]).fetchone()
    view, at = row or (None, None)
    return {"wall": name, "view": view, "at": at and format_instant(at)}


routes = [Route("/twin/walls/{name}", wall, methods=["GET", "POST"])]
