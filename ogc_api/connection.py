"""The AsOf on a connection's address: every link of an answer keeps what its request said of it.

A client that starts at `/?datetime=2005` is then in 2005 wherever it goes. Links of features are
made with `said`; the documents of whatever room have theirs completed on their way out.
"""

import re
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ogc_api import context
from spatial.asof import PARAMETERS

_DOCUMENT = re.compile(r"text/html|application/json|application/(?!geo\+json)[\w.+-]+\+json")
_HREF = r'("href":\s*"|<a [^>]*?href="|<link [^>]*?href=")({}(?!/static/)(?:[/?][^"]*)?)"'


def words(query_string: bytes) -> dict[str, str]:
    """The parameters of a request, each once.

    Where the connection's AsOf and the request's own meet, the request's own holds. The
    connection's stands at the head, as `kept` writes it, or at the end, as QGIS repeats it.
    """
    pairs = QueryParams(query_string).multi_items()
    found = dict(pairs)
    if pairs and pairs[0][0] not in PARAMETERS:
        found |= {name: text for name, text in reversed(pairs) if name in PARAMETERS}
    return found


def said() -> dict[str, str]:
    """What the request says of the AsOf, in its own words."""
    query = context.query.get()
    return {name: query[name] for name in PARAMETERS if name in query}


def kept(href: str) -> str:
    """An address with what the request says of the AsOf, but for what it says itself."""
    place, _, query = href.partition("?")
    own = QueryParams(query)
    head = urlencode({name: text for name, text in said().items() if name not in own})
    return f"{place}?{'&'.join(filter(None, (head, query)))}" if head else href


class Connection:
    """Completes the links of documents; features and files pass as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not said():
            await self._app(scope, receive, send)
            return
        start: Message = {}

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                if not _is_document(message):
                    await send(message)
                return
            if _is_document(start):
                if not message.get("more_body"):
                    body = _completed(message.get("body", b""))
                    MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
                    message["body"] = body
                await send(start)
                start = {}
            await send(message)

        await self._app(scope, receive, sending)


def _is_document(start: Message) -> bool:
    kind = Headers(raw=start.get("headers", [])).get("content-type", "")
    return _DOCUMENT.match(kind) is not None


def _completed(body: bytes) -> bytes:
    base = re.escape(context.base_url.get())
    pattern = re.compile(_HREF.format(base).encode())

    def completed(found: re.Match[bytes]) -> bytes:
        href = found[2].decode().replace("&amp;", "&")
        return found[1] + kept(href).encode() + b'"'

    return pattern.sub(completed, body)
