"""The door of live events: one stream of server-sent events for each client."""

import asyncio
import signal
import threading
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from citytwin.access import COOKIE, secret_of
from citytwin.twin import box_of, names_of
from ogc_api import context
from ogc_api.params import only, whole
from ogc_api.records.record import theme_of
from spatial.asof import AsOf
from spatial.database import Database
from spatial.errors import Denied, Invalid, Unavailable
from spatial.grant import Grant
from spatial.token import verify
from twin_model.audience import Audience, Filter
from twin_model.events import Change, Event, Notice
from twin_model.feed import Feed

HEARTBEAT_S = 10.0
_KINDS: dict[type, str] = {Change: "change", Notice: "notice"}
MOST_CLIENTS = 2_000
MOST_READERS = 3
HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "Vary": "Authorization, X-API-Key, Cookie",
}


@dataclass(slots=True)
class _Listening:
    """An audience, and how many clients it has; who writes an event for them holds the pen."""

    audience: Audience
    clients: int = 0
    pen: asyncio.Lock = field(default_factory=asyncio.Lock)


class Live:
    """The feed of one process, and who listens to it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.feed = Feed(database)
        self._listening: dict[str, _Listening] = {}
        self._moved = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers = asyncio.Semaphore(MOST_READERS)
        self.clients = 0

    def join(self, grant: Grant, wanted: Filter) -> _Listening:
        """Those of a grant and a filter, one more of them now; `leave` them again."""
        new = Audience(self.database, grant, wanted, theme_of)
        here = self._listening.setdefault(new.key, _Listening(new))
        here.clients += 1
        self.clients += 1
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self.feed.listen(self._wake)
        return here

    def leave(self, here: _Listening) -> None:
        self.clients -= 1
        here.clients -= 1
        if not here.clients:
            del self._listening[here.audience.key]

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._all)

    def _all(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def events(
        self, here: _Listening, since: int | None, secret: str | None, grant: Grant
    ) -> AsyncIterator[bytes]:
        """Every event after a cursor as text, a keyframe in place of too many, heartbeats."""
        cursor = -1 if since is None else since
        checked = asyncio.get_running_loop().time()
        while not self.feed.closed:
            moved = self._moved
            found, last = self.feed.after(cursor), self.feed.cursor
            if found is None:
                async with self._readers:
                    found, last, keyframe = await run_in_threadpool(
                        self._catch_up, here.audience, cursor
                    )
                if found is None:
                    cursor = last
                    yield _text("keyframe", cursor, b64encode(keyframe))
                    continue
            for event in found:
                if text := await _written(here, event):
                    yield text
            cursor = max(cursor, last)
            try:
                await asyncio.wait_for(moved.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield _text("heartbeat", cursor, orjson.dumps({"cursor": cursor}))
            now = asyncio.get_running_loop().time()
            if secret is not None and now - checked > HEARTBEAT_S:
                checked = now
                if not await run_in_threadpool(_still, self.database, secret, grant):
                    return

    def _catch_up(self, audience: Audience, cursor: int) -> tuple[list[Event] | None, int, bytes]:
        if cursor >= 0:
            found, last = self.feed.reread(cursor)
            if found is not None:
                return found, last, b""
        last, keyframe = audience.keyframe()
        return None, last, keyframe


async def _written(here: _Listening, event: Event) -> bytes:
    """An event as text for an audience; the first client that asks waits for it to be written."""
    key = here.audience.key
    if key not in event.written:
        async with here.pen:
            if key not in event.written:
                await run_in_threadpool(here.audience.written, event, _as_text)
    return event.written[key]


def _as_text(event: Event, told: bytes) -> bytes:
    kind = _KINDS.get(type(event), "state")
    return _text(kind, event.cursor, b64encode(told) if kind == "state" else told)


def _text(kind: str, cursor: int, data: bytes) -> bytes:
    return b"event: %b\nid: %d\ndata: %b\n\n" % (kind.encode(), cursor, data)


def _still(database: Database, secret: str, grant: Grant) -> bool:
    """Whether the token still bears the same grant; a database that is away does not answer."""
    try:
        return verify(database, secret) == grant
    except Denied:
        return False
    except Unavailable:
        return True


async def live(request: Request) -> Response:
    """What happens from a cursor on, or from now with a keyframe."""
    query = request.query_params
    only(query, {"since", "bbox", "bbox-crs", "class", "property", "theme"})
    if context.asof.get() != AsOf():
        raise Invalid("live is now, on the main line: leave datetime, known_at and scenario out")
    wanted = Filter(
        box_of(request),
        names_of(query.get("class")),
        names_of(query.get("property")),
        names_of(query.get("theme")),
    )
    since = request.headers.get("last-event-id") or query.get("since")
    cursor = None if since is None else whole("since", since)
    here: Live = request.app.state.live
    if here.clients >= MOST_CLIENTS:
        raise Unavailable("too many listen already: try again in a moment")
    await run_in_threadpool(here.feed.open)
    grant = context.grant.get()
    secret = secret_of(request.headers) or (grant.authenticated and request.cookies.get(COOKIE))
    return StreamingResponse(
        _stream(here, grant, wanted, cursor, secret or None),
        media_type="text/event-stream",
        headers=HEADERS,
    )


async def _stream(
    here: Live, grant: Grant, wanted: Filter, cursor: int | None, secret: str | None
) -> AsyncIterator[bytes]:
    listening = here.join(grant, wanted)
    try:
        yield b": citytwin\nretry: 1000\n\n"
        async for text in here.events(listening, cursor, secret, grant):
            yield text
    finally:
        here.leave(listening)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """End the streams when the process is told to: the server waits for them."""
    here: Live = app.state.live
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            _end_first(here, number)
    yield
    here.feed.close()


def _end_first(here: Live, number: signal.Signals) -> None:
    """On a signal end the streams; the server's own handler goes on to do its work."""
    before = signal.getsignal(number)

    def handle(signum: int, frame: Any) -> None:
        here.feed.close()
        if callable(before):
            before(signum, frame)

    signal.signal(number, handle)
    signal.siginterrupt(number, False)


async def session(request: Request) -> Response:
    """Lets a browser listen in the name of a token, since its event streams carry no header."""
    made = Response(status_code=204)
    secure = request.url.scheme == "https"
    if request.method == "DELETE":
        made.delete_cookie(COOKIE, path="/live", secure=secure, httponly=True, samesite="strict")
        return made
    secret = secret_of(request.headers)
    if secret is None:
        raise Denied("say who listens: a token in the Authorization header")
    made.set_cookie(COOKIE, secret, path="/live", secure=secure, httponly=True, samesite="strict")
    return made


routes = [
    Route("/live", live),
    Route("/live/session", session, methods=["POST", "DELETE"]),
]
