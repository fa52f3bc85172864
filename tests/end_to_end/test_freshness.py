"""After an edit its tile is fresh in every worker within a second, and no other is made anew."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from hamlet import Hamlet
from town import CORNER, STEP, decode, zxy_at

#: Packing a tile would count as making one.
PLAIN = {"Accept-Encoding": "identity"}
#: So many connections that both workers have some.
CONNECTIONS = 16
FID = 103
PLACE = CORNER[0] + 2 * STEP, CORNER[1] + 2 * STEP
HERE, THERE = zxy_at(16, *PLACE), zxy_at(16, PLACE[0], PLACE[1] + 40 * STEP)


@pytest.fixture
def clients(hamlet: Hamlet) -> Iterator[list[httpx.Client]]:
    """Clients that each keep to one connection, and so to one worker."""
    with ExitStack() as open_clients:
        yield [
            open_clients.enter_context(httpx.Client(base_url=hamlet.url, timeout=30))
            for _ in range(CONNECTIONS)
        ]


def test_an_edit_is_seen_by_every_worker_within_a_second(
    hamlet: Hamlet, clients: list[httpx.Client]
) -> None:
    for client in clients:
        before = {zxy: tile(client, zxy) for zxy in (HERE, THERE)}
    made = [made_by(client) for client in clients]
    assert len({one.headers["etag"] for one in before.values()}) == 2
    change = {"type": "Feature", "properties": {"code": "new"}}
    path = f"/collections/town/items/{FID}"
    clients[0].patch(path, json=change, headers=hamlet.key).raise_for_status()
    edited = time.perf_counter()
    seen = []
    for client in clients:
        while (answer := tile(client, HERE)).headers["etag"] == before[HERE].headers["etag"]:
            assert time.perf_counter() - edited < 1.0
        seen.append(answer)
    assert time.perf_counter() - edited < 1.0
    for answer in seen:
        told = decode(answer.content, "town").features
        assert told[FID]["properties"]["code"] == "new"
        assert answer.headers["etag"] != before[HERE].headers["etag"]
    for client in clients:
        tag = before[THERE].headers["etag"]
        assert tile(client, THERE).headers["etag"] == tag
        assert tile(client, THERE, tag).status_code == 304
    assert [made_by(client) for client in clients] == [count + 1 for count in made]


def tile(client: httpx.Client, zxy: tuple[int, int, int], tag: str = "") -> httpx.Response:
    z, x, y = zxy
    answer = client.get(f"/tiles/town/{z}/{x}/{y}.mvt", headers=PLAIN | {"If-None-Match": tag})
    assert answer.status_code in (200, 304), answer.text
    return answer


def made_by(client: httpx.Client) -> int:
    """How many tiles the worker at the other end has made."""
    found = re.search(r"^citytwin_tiles_made_total (\d+)$", client.get("/metrics").text, re.M)
    assert found
    return int(found[1])
