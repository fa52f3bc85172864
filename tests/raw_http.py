"""Requests byte for byte, as no well-mannered client would send them."""

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_S = 30.0
#: What no answer may tell of our insides.
LEAK = re.compile(
    r"Traceback|psycopg|sqlalchemy|site-packages|\bSELECT\b.*\bFROM\b|/tmp/|/dev/shm/"
)


@dataclass(frozen=True)
class Told:
    """An answer as it came, and the seconds that it took."""

    status: int
    head: str
    body: str
    seconds: float


def ask(
    base_url: str,
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Told:
    """Send exactly this, each character a byte; raises TimeoutError where nothing comes back."""
    place = urlsplit(base_url)
    named = {"Host": place.netloc, "Connection": "close"} | dict(headers or {})
    if body is not None:
        named["Content-Length"] = str(len(body))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in named.items())]
    began = time.perf_counter()
    with socket.create_connection((place.hostname, place.port), PATIENCE_S) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        parts = iter(lambda: connection.recv(1 << 16), b"")
        head, _, rest = b"".join(parts).decode("latin-1").partition("\r\n\r\n")
    return Told(int(head.split()[1]), head, rest, time.perf_counter() - began)
