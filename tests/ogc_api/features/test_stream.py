"""Large GeoJSON is streamed: the same document, flat memory, nothing held afterwards."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from contextvars import copy_context
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from worlds import make_layer

from ogc_api import context, params
from ogc_api.features import geojson
from ogc_api.features.geojson import Answer
from ogc_api.pieces import Pieces
from spatial.asof import AsOf
from spatial.database import Database
from spatial.grant import OWNER

ITEMS = "/collections/plots/items"
MANY = 200_000


def _ask(database: Database, query: dict[str, str]) -> Answer:
    def ask() -> Answer:
        context.database.set(database)
        context.asof.set(AsOf())
        context.grant.set(OWNER)
        context.query.set({})
        return geojson.collection("plots", query)

    return copy_context().run(ask)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two features are a large answer already."""
    monkeypatch.setattr("ogc_api.features.geojson.MAX_LIMIT", 1)
    monkeypatch.setattr("ogc_api.features.items.BATCH", 2)


@pytest.mark.parametrize(
    "query", [{}, {"sortby": "-height"}, {"filter": "height > 3"}, {"code": "none"}]
)
@pytest.mark.parametrize("limit", ["5", "7", "100"])
def test_a_stream_says_what_a_page_does(
    client: TestClient,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    query: dict[str, str],
    limit: str,
) -> None:
    make_layer(database, count=7)
    now = client.get(ITEMS).json()["asOf"]
    query = {**query, **now, "limit": limit}
    page = client.get(ITEMS, params=query).json()
    monkeypatch.setattr("ogc_api.features.geojson.MAX_LIMIT", 1)
    monkeypatch.setattr("ogc_api.features.items.BATCH", 2)
    answer = client.get(ITEMS, params=query)
    stream: dict[str, Any] = answer.json()
    assert "content-length" not in answer.headers
    assert stream.pop("timeStamp") >= page.pop("timeStamp")
    assert stream == page
    assert stream["numberReturned"] == len(stream["features"])


def test_errors_come_before_the_first_byte(
    client: TestClient, plots: object, small_pages: None
) -> None:
    for query in ("hight=3", "sortby=nothing", "crs=EPSG:9"):
        assert client.get(f"{ITEMS}?limit=5&{query}").status_code == 400
    assert client.get("/collections/nothing/items?limit=5").status_code == 404


def test_a_reader_who_leaves_lets_go_of_the_database(
    database: Database, plots: object, small_pages: None
) -> None:
    async def leave() -> None:
        answer = _ask(database, {"limit": "3"})
        assert not isinstance(answer.body, bytes)
        response = Pieces(answer.body, answer.close, answer.headers)

        async def gone(message: Any) -> None:
            if message["type"] == "http.response.body":
                raise OSError

        with pytest.raises(ClientDisconnect):
            await response({"type": "http", "asgi": {"spec_version": "2.4"}}, _never, gone)

    async def _never() -> Any:
        await asyncio.Event().wait()

    for _ in range(geojson.STREAMS + 8):  # more than there are turns, or connections
        asyncio.run(leave())
    with database.begin() as tx:
        idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
        assert tx.pg.execute(f"{idle} AND datname = current_database()").fetchone() == (0,)


def test_too_many_streams_are_told_to_wait(
    client: TestClient, database: Database, plots: object, small_pages: None
) -> None:
    held = [_ask(database, {"limit": "3"}) for _ in range(geojson.STREAMS)]
    answer = client.get(f"{ITEMS}?limit=3")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    for one in held:
        one.close()
    assert client.get(f"{ITEMS}?limit=3").status_code == 200


def test_many_features_stream_with_flat_memory(database: Database) -> None:
    make_layer(database, count=MANY)
    answer = _ask(database, {"limit": str(params.MAX_WHOLE)})

    def pieces() -> Iterator[int]:
        assert not isinstance(answer.body, bytes)
        yield from map(len, answer.body)

    tracemalloc.start()
    size = sum(pieces())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    answer.close()
    assert size > 40 << 20
    assert peak < 8 << 20
