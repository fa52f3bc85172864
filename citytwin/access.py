"""Middleware: who asks, for which AsOf, at which address. Errors become answers here."""

import base64
import binascii
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ogc_api import context
from ogc_api.connection import words
from ogc_api.errors import Elsewhen, body_of, status_of
from spatial.asof import as_of
from spatial.database import Database
from spatial.errors import CityError, Denied, Invalid, Unavailable
from spatial.grant import ANONYMOUS, Grant
from spatial.token import verify
from tiles.server import TileServer
from tiles.watch import SLACK_S

LOG = logging.getLogger("citytwin")
_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[\da-f:.]+\](:\d+)?", re.ASCII | re.IGNORECASE)
MOST_TOKENS = 1000
#: What a browser's event stream says of who listens; no other path reads it.
COOKIE, COOKIE_PATH = "citytwin", "/live"
CHALLENGE = b'Basic realm="citytwin", charset="UTF-8"'


class Grants:
    """What tokens bear, as the database says it, and as it said within the last half second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._verified: dict[str, tuple[Grant, float]] = {}

    def of(self, secret: str) -> Grant:
        """The grant that a secret bears; raises Denied for an unknown or expired one."""
        began = monotonic()
        before = self._verified.pop(secret, None)
        grant = verify(self._database, secret)
        if before is not None and before[0] == grant:
            grant = before[0]
        if len(self._verified) >= MOST_TOKENS:
            self._verified.clear()
        self._verified[secret] = grant, began
        return grant

    def recent(self, secret: str) -> Grant | None:
        """The same without asking, if it was asked for just now."""
        grant, verified = self._verified.get(secret, (None, 0.0))
        return grant if monotonic() - verified <= SLACK_S else None


class Access:
    """Sets the context of every request, and turns our errors into OGC exceptions."""

    def __init__(
        self,
        app: ASGIApp,
        database: Database,
        tiles: TileServer,
        grants: Grants,
        store: Path,
        zone: ZoneInfo,
        base_url: str,
        title: Mapping[str, str],
    ) -> None:
        self._app = app
        self._database = database
        self._store = store
        self._tiles = tiles
        self._grants = grants
        self._zone = zone
        self._base_url = base_url.rstrip("/")
        self._title = title

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._set_context(scope)
            await self._app(scope, receive, sending)
        except CityError as error:
            if started:
                raise
            if isinstance(error, Unavailable):
                LOG.warning("%s", error)
            await _send_error(send, error)
        except Exception:
            LOG.exception("a request failed: %s %s", scope["method"], scope["path"])
            if started:
                raise
            await _send_error(send, CityError("something went wrong here; it was logged"))

    async def _set_context(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        query = words(scope["query_string"])
        host = headers.get("host") or "localhost"
        if not _HOST.fullmatch(host):
            raise Invalid("the Host header names no host")
        context.database.set(self._database)
        context.tiles.set(self._tiles)
        context.store.set(self._store)
        context.base_url.set(self._base_url or f"{scope['scheme']}://{host}")
        context.query.set(query)
        context.zone.set(self._zone)
        context.city.set(self._title)
        context.language.set(_language(query, headers))
        context.grant.set(await self._grant(headers, scope["path"]))
        context.asof.set(
            as_of(query.get("datetime"), query.get("known_at"), query.get("scenario"), self._zone)
        )

    async def _grant(self, headers: Mapping[str, str], path: str) -> Grant:
        secret = secret_of(headers)
        if secret is not None:
            return await run_in_threadpool(self._grants.of, secret)
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        if cookie is None or path != COOKIE_PATH:
            return ANONYMOUS
        try:
            return await run_in_threadpool(self._grants.of, cookie)
        except Denied:  # it outlived its token: the page's own requests say so
            return ANONYMOUS


def _language(query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """The language that a request asks for: zh or en."""
    asked = query.get("lang") or headers.get("accept-language", "zh")
    return "en" if asked.lower().startswith("en") else "zh"


def secret_of(headers: Mapping[str, str]) -> str | None:
    """The token of a request: a bearer, the password of HTTP Basic, or an API key."""
    if key := headers.get("x-api-key"):
        return key
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and value:
        return value.strip()
    if kind.lower() == "basic":
        try:
            _, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Denied("the Authorization header cannot be read") from None
        return password
    return None


async def _send_error(send: Send, error: CityError) -> None:
    status, _ = status_of(error)
    headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
    if isinstance(error, Denied):
        status = 401 if context.grant.get() is ANONYMOUS else status
        headers.append((b"www-authenticate", CHALLENGE))
    if isinstance(error, Unavailable):
        headers.append((b"retry-after", b"2"))
    if isinstance(error, Elsewhen):
        headers.append((b"link", error.link.encode()))
    body: dict[str, Any] = body_of(error)
    content = json.dumps(body, ensure_ascii=False).encode()
    headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
