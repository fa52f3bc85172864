"""Whether the process lives, whether it can serve, and how much it did."""

import time
from collections import Counter
from collections.abc import Set

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ogc_api import context
from spatial import changes
from spatial.query import snapshot

_requests: Counter[tuple[str, int]] = Counter()
_seconds: Counter[str] = Counter()


class Meter:
    """Middleware that counts answers and their time by the first part of the path.

    rooms: the parts that are counted by name; a stranger's are counted together.
    """

    def __init__(self, app: ASGIApp, rooms: Set[str]) -> None:
        self._app = app
        self._rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        first = scope["path"].removeprefix("/").partition("/")[0]
        room = (first or "landing") if first in self._rooms else "other"
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(room, message["status"], began)
            await send(message)

        await self._app(scope, receive, sending)


def count(room: str, status: int, began: float) -> None:
    """Count an answer of which the work began at a time of the process's clock."""
    _requests[room, status] += 1
    _seconds[room] += int((time.perf_counter() - began) * 1e6)


async def healthz(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def readyz(_: Request) -> Response:
    """Ready once the database answers; 503 until then."""
    cursor = await run_in_threadpool(_cursor)
    return JSONResponse({"status": "ready", "cursor": cursor})


async def metrics(_: Request) -> Response:
    """Prometheus text of this worker: answers and seconds by kind, tiles made or packed, cursor."""
    cursor = await run_in_threadpool(_cursor)
    lines = ["# TYPE citytwin_requests_total counter"]
    lines += [
        f'citytwin_requests_total{{path="{room}",status="{status}"}} {count}'
        for (room, status), count in sorted(_requests.items())
    ]
    lines.append("# TYPE citytwin_request_seconds_total counter")
    lines += [
        f'citytwin_request_seconds_total{{path="{room}"}} {spent / 1e6:.6f}'
        for room, spent in sorted(_seconds.items())
    ]
    made = context.tiles.get().cache.made
    lines += ["# TYPE citytwin_tiles_made_total counter", f"citytwin_tiles_made_total {made}"]
    lines += ["# TYPE citytwin_cursor gauge", f"citytwin_cursor {cursor}", ""]
    return PlainTextResponse("\n".join(lines), media_type="text/plain; version=0.0.4")


def _cursor() -> int:
    with snapshot(context.database.get()) as pg:
        return changes.latest(pg)


routes = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
]
