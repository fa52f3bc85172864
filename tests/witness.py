"""A witness between a client and a running service: what was asked, and how it was answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

_OF_THE_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Exchange:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int
    body: bytes


@dataclass
class Witness:
    """What has passed; `url` ends with a slash and stands for the service."""

    url: str
    capitals: bool = False  # spell the names of headers in capitals, as many proxies do
    seen: list[Exchange] = field(default_factory=list)

    def to(self, ending: str, method: str = "GET") -> list[Exchange]:
        """The requests to addresses that end so."""
        return [one for one in self.seen if one.method == method and one.path.endswith(ending)]


@contextmanager
def witnessed(url: str) -> Iterator[Witness]:
    """Stand before the service at `url`, at a port of its own, until the end."""
    there = urlsplit(url).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            sent = {k: v for k, v in self.headers.items() if k.lower() not in _OF_THE_HOP}
            # else the answer would have to be unpacked to be read here
            sent |= {"Accept-Encoding": "identity"}
            beyond = HTTPConnection(there, timeout=60)
            beyond.request(self.command, self.path, body, sent)
            answer = beyond.getresponse()
            content = answer.read()
            beyond.close()
            place = urlsplit(self.path)
            query = {k: v[-1] for k, v in parse_qs(place.query).items()}
            headers = {k.lower(): v for k, v in answer.getheaders()}
            witness.seen.append(
                Exchange(self.command, place.path, query, headers, answer.status, content)
            )
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_THE_HOP | {"content-length", "date", "server"}:
                    self.send_header(name.title() if witness.capitals else name, value)
            length = headers.get("content-length") if self.command == "HEAD" else str(len(content))
            if length and answer.status != 204:
                self.send_header("content-length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = forward  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        witness = Witness(f"http://127.0.0.1:{server.server_port}/")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield witness
        finally:
            server.shutdown()
            thread.join()
