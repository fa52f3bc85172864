"""The door of tiles: what was given is given again, for half a second and not beyond a change."""

import time
from collections.abc import Callable

import httpx
import pytest
from starlette.testclient import TestClient
from worlds import bearer, make_layer

from spatial import token
from spatial.cells import cell_at
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.digest import digest

Z, X, Y = cell_at(*transformer(4549, WGS84).transform(528_000.5, 3_486_000.5), 15)
PLACE = f"{Z}/{X}/{Y}.mvt"
HERE = f"/tiles/plots/{PLACE}"
CHANGE = {"type": "Feature", "properties": {"code": "new"}}


def within_a_second(ask: Callable[[], httpx.Response], status: int) -> httpx.Response:
    """The first answer of a status."""
    began = time.monotonic()
    while (answer := ask()).status_code != status:
        assert time.monotonic() - began < 1.0, answer.status_code
    return answer


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("query", ["", "?datetime=2030", "?properties=code&filter=height>0"])
def test_the_door_gives_what_the_application_would(
    client: TestClient, plots: object, query: str, encoding: str
) -> None:
    asked = {"Accept-Encoding": encoding, "Origin": "https://maps.example"}
    behind = client.get(
        f"/collections/plots/tiles/WebMercatorQuad/{Z}/{Y}/{X}{query}", headers=asked
    )
    for _ in range(3):
        ours = client.get(HERE + query, headers=asked)
        assert (ours.status_code, ours.content) == (200, behind.content)
        assert told(ours) == told(behind)


def told(answer: httpx.Response) -> dict[str, str]:
    """Its headers, but for the moment of asking and what they vary by."""
    return {
        name: text for name, text in answer.headers.items() if name not in ("citytwin-asof", "vary")
    }


def test_what_was_given_is_given_again_without_the_database(
    client: TestClient, database: Database, plots: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_layer(database, "trees")
    asked = HERE.replace("plots", "plots,trees")
    first = client.get(asked)
    client.get(asked)

    def away(*_: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Database, "glance", away)
    monkeypatch.setattr(Database, "begin", away)
    again = client.get(asked)
    assert again.content == first.content
    assert client.get(asked, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_who_writes_here_sees_it_at_once(
    client: TestClient, database: Database, plots: list[int]
) -> None:
    key = bearer(database, "ada")
    for number in range(5):
        before = client.get(HERE)
        assert client.get(HERE).headers["etag"] == before.headers["etag"]
        change = {"type": "Feature", "properties": {"code": f"edition {number}"}}
        client.patch(f"/collections/plots/items/{plots[0]}", json=change, headers=key)
        assert f"edition {number}".encode() in client.get(HERE).content


def test_a_revoked_token_opens_nothing_after_a_second(
    client: TestClient, database: Database
) -> None:
    make_layer(database, access="restricted")
    secret = token.create(database, "read")
    key = {"Authorization": f"Bearer {secret}"}
    assert client.get(HERE, headers=key).status_code == 200
    assert client.get(HERE, headers=key).status_code == 200
    assert client.get(HERE).status_code == 404
    token.revoke(database, digest(secret.encode()))
    refused = within_a_second(lambda: client.get(HERE, headers=key), 401)
    assert "www-authenticate" in refused.headers


def test_a_layer_that_is_closed_vanishes_within_a_second(
    client: TestClient, database: Database, plots: object
) -> None:
    assert client.get(HERE).status_code == client.get(HERE).status_code == 200
    with database.begin() as tx:
        tx.pg.execute("UPDATE city.layer SET access = 'restricted'")
    within_a_second(lambda: client.get(HERE), 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/tiles/nowhere/{PLACE}", 404),
        ("/tiles/plots/3/9/9.mvt", 404),
        (f"{HERE}?datetime=yesterday", 400),
        (f"{HERE}?datetime=2020/2021", 400),
        (f"{HERE}?filter=nothing>0", 400),
        (f"{HERE}?scenario=none", 404),
        ("/tiles/plots/x/y/z.mvt", 404),
    ],
)
def test_what_is_wrong_is_told_as_everywhere(
    client: TestClient, plots: object, path: str, status: int
) -> None:
    for _ in range(2):
        answer = client.get(path)
        assert answer.status_code == status
        assert "code" in answer.json() or status == 404
