"""Waiting for what is promised within a second."""

import time
from typing import Any

from starlette.testclient import TestClient

PROMISED_S = 1.0


def renewed(client: TestClient, address: str, headers: dict[str, str]) -> Any:
    """The answer to a request for what is newer than a copy, once an edit has made it so."""
    edited = time.perf_counter()
    while (answer := client.get(address, headers=headers)).status_code == 304:
        assert time.perf_counter() - edited < PROMISED_S
    return answer
