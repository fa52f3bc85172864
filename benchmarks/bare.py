"""The least that an ASGI application can do: the same bytes to everybody, or a 304."""

import os
from pathlib import Path
from typing import Any

BODY = Path(os.environ["BARE_BODY"]).read_bytes()
HEADERS = [
    (b"content-type", b"application/vnd.mapbox-vector-tile"),
    (b"content-length", str(len(BODY)).encode()),
    (b"etag", b'"bare"'),
]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["query_string"] == b"304":
        await send({"type": "http.response.start", "status": 304, "headers": HEADERS[2:]})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
