"""The ingest door seen from outside: readings sent by HTTP until they are acknowledged."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any
from uuid import uuid4

import httpx

from spatial import token
from spatial.database import Database
from spatial.digest import digest
from spatial.errors import Denied, Invalid
from spatial.grant import Access, Scope

AGAIN_S = 1.0
NOT_NOW = frozenset((429, 502, 503, 504))


@contextmanager
def own_door(
    database: Database, url: str, subject: str, stop: Event | None = None
) -> Iterator["Door"]:
    """A door for somebody of this house, by a token that ends with it."""
    secret = token.create(database, Scope.WRITE, subject=subject, classes=list(Access))
    door = Door(url, secret, stop)
    try:
        yield door
    finally:
        door.close()
        token.revoke(database, digest(secret.encode()))


class Door:
    """The door of one service; every batch carries a key, so that none is stored twice."""

    def __init__(self, url: str, token: str, stop: Event | None = None) -> None:
        self.stop = stop or Event()
        self._run, self._sent = uuid4().hex, 0
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60
        )

    def put(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
        """Send readings, again and again until the service has them or `stop` is set.

        Returns the receipt, empty when stopped. Raises Denied and Invalid where it refuses.
        """
        self._sent += 1
        key = {"Idempotency-Key": f"{self._run}-{self._sent}"}
        while not self.stop.is_set():
            try:
                answer = self._http.post("twin/observations", json=list(rows), headers=key)
            except httpx.TransportError:
                self.stop.wait(AGAIN_S)
                continue
            if answer.status_code in NOT_NOW:
                self.stop.wait(AGAIN_S)
                continue
            if answer.status_code in (401, 403):
                raise Denied("the service takes no readings by this token")
            if answer.is_error:
                raise Invalid(f"the service refused readings: {answer.text[:200]}")
            receipt: dict[str, int] = answer.json()
            return receipt
        return {}

    def get(self, path: str, **params: Any) -> Any:
        """A document of the service."""
        answer = self._http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Mapping[str, Any]) -> bool:
        """Send a document; whether the service took it."""
        return self._http.post(path, json=dict(body)).is_success

    def close(self) -> None:
        self._http.close()
