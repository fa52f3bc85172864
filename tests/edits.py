"""What editors send, and who they are."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

ITEMS = "/collections/plots/items"
type Bearer = Callable[..., dict[str, str]]


def square(west: float = 120.3, south: float = 31.5, size: float = 0.001) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry or square(), "properties": properties}


def height(client: TestClient, fid: int, query: str = "") -> float:
    answer = client.get(f"{ITEMS}/{fid}{query}")
    assert answer.status_code == 200, answer.text
    found: float = answer.json()["properties"]["height"]
    return found
