"""A listener to live events, as a browser is one: it keeps what it was told, and resumes."""

import socket
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx
import orjson

from twin_model.state_binary import Body, decode

WITHIN_S = 10.0


@dataclass(frozen=True)
class Told:
    """One event; data is a document, or the body of a state."""

    kind: str
    cursor: int
    data: Any

    @property
    def body(self) -> Body:
        assert isinstance(self.data, Body)
        return self.data


@dataclass
class Listener:
    """What came over all connections, without the heartbeats."""

    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    cursor: int | None = None

    @contextmanager
    def connected(self) -> Iterator[None]:
        """Listen for a while, from where it was cut off before."""
        sockets: list[socket.socket] = []
        ready = Flag()
        thread = Thread(target=self._read, args=(sockets, ready))
        thread.start()
        assert ready.wait(WITHIN_S)
        try:
            yield
        finally:
            with suppress(OSError):
                sockets[0].shutdown(socket.SHUT_RDWR)
            thread.join()

    def _read(self, sockets: list[socket.socket], ready: Flag) -> None:
        resume = {} if self.cursor is None else {"Last-Event-ID": str(self.cursor)}
        with (
            httpx.Client(timeout=30) as client,
            client.stream(
                "GET", self.url, params=self.params, headers={**self.headers, **resume}
            ) as answer,
        ):
            assert answer.status_code == 200, answer.read()
            sockets.append(answer.extensions["network_stream"].get_extra_info("socket"))
            ready.set()
            text = b""
            with suppress(httpx.HTTPError):
                for chunk in answer.iter_raw():
                    *whole, text = (text + chunk).split(b"\n\n")
                    for event in whole:
                        self._take(event)

    def _take(self, event: bytes) -> None:
        parts = dict(line.split(b": ", 1) for line in event.splitlines() if line[:1] != b":")
        if b"event" not in parts:
            return
        kind, cursor = parts[b"event"].decode(), int(parts[b"id"])
        assert self.cursor is None or cursor >= self.cursor
        self.cursor = cursor
        if kind == "heartbeat":
            return
        data = parts[b"data"]
        said = orjson.loads(data) if kind == "change" else decode(b64decode(data, validate=True))
        self.told.append(Told(kind, cursor, said))

    def until(self, cursor: int) -> None:
        """Wait until it has heard of a cursor."""
        end = monotonic() + WITHIN_S
        while self.cursor is None or self.cursor < cursor:
            assert monotonic() < end, f"heard of {self.cursor} only, not of {cursor}"
            sleep(0.02)

    def values(self) -> list[tuple[int, int, float]]:
        """Series, moment and value of all readings in events, not in keyframes."""
        return [row for event in self.told if event.kind == "state" for row in _rows(event.body)]

    def state(self) -> dict[int, tuple[int, float]]:
        """What all of it comes to: moment and value by series."""
        held: dict[int, tuple[int, float]] = {}
        for event in self.told:
            if event.kind == "keyframe":
                held = {}
            if event.kind in ("keyframe", "state"):
                for series, at, x in _rows(event.body):
                    if at >= held.get(series, (at, x))[0]:
                        held[series] = at, x
        return held


def _rows(body: Body) -> list[tuple[int, int, float]]:
    found = body.values
    return list(zip(found.series.tolist(), found.at.tolist(), found.x.tolist(), strict=True))
