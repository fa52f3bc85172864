"""The state as a collection of OGC API Features, as tiles, and in the OpenAPI document."""

import time
from typing import Any

import mapbox_vector_tile
import pytest
from starlette.testclient import TestClient

from spatial import token
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Invalid
from spatial.layer import check_name
from tests.twin_model.conftest import ago, reading
from twin_model.erase import erase_readings

ITEMS = "/collections/state/items"


@pytest.fixture
def living(client: TestClient, gauges: list[str], database: Database) -> TestClient:
    """c0 to c2 have levels, c3 a word, and c4 is elsewhere."""
    rows = [reading(f"c{n}", n + 0.5, 60, unit="m") for n in range(3)]
    rows += [reading("c3", "open", 60, property="gate")]
    rows += [reading("c4", [119.0, 30.0], 60, property="place")]
    rows += [reading("c0", 9.0, 10)]
    headers = {"X-API-Key": token.create(database, "write", subject="posts")}
    assert client.post("/twin/observations", json=rows, headers=headers).status_code == 200
    return client


def ask(client: TestClient, path: str, **query: str) -> Any:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(page: Any) -> list[str]:
    return [one["id"] for one in page["features"]]


def test_the_state_is_a_collection(living: TestClient, gauges: list[str]) -> None:
    listed = {one["id"] for one in ask(living, "/collections")["collections"]}
    assert "state" in listed
    assert ask(living, "/collections/state")["itemType"] == "feature"
    told = ask(living, "/collections/state/schema")["properties"]
    assert told["level"]["type"] == "number"
    assert told["gate"]["type"] == "string"
    page = ask(living, ITEMS)
    assert names(page) == gauges
    assert page["numberMatched"] == page["numberReturned"] == 5
    assert page["features"][0]["properties"]["level"] == 9.0
    assert page["features"][4]["geometry"] == {"type": "Point", "coordinates": [119.0, 30.0]}
    assert living.get(ITEMS, headers={"Accept": "text/html"}).text.count("c3") > 0


def test_it_is_told_by_moment_place_value_and_page(living: TestClient) -> None:
    assert names(ask(living, ITEMS, bbox="118.9,29.9,119.1,30.1")) == ["c4"]
    assert names(ask(living, ITEMS, gate="open")) == ["c3"]
    assert names(ask(living, ITEMS, level="1.5")) == ["c1"]
    first = ask(living, ITEMS, limit="2")
    assert names(first) == ["c0", "c1"]
    (following,) = (one["href"] for one in first["links"] if one["rel"] == "next")
    assert names(living.get(following).json()) == ["c2", "c3"]
    past = ask(living, ITEMS, datetime=ago(30), properties="level")
    assert past["features"][0]["properties"] == {"level": 0.5}
    assert ask(living, ITEMS, resulttype="hits")["numberMatched"] == 5
    assert living.get(ITEMS, params={"filter": "level > 1"}).status_code == 400


def test_one_asset_is_an_item(living: TestClient, database: Database) -> None:
    assert ask(living, f"{ITEMS}/c1")["properties"]["level"] == 1.5
    with edit(database, "gauges", author="tests") as editor:
        editor.remove(2)
    assert living.get(f"{ITEMS}/c1").status_code == 404
    assert ask(living, f"{ITEMS}/c1", datetime=ago(30))["properties"]["level"] == 1.5
    assert living.get(f"{ITEMS}/nobody").status_code == 404


def test_tiles_carry_the_values_of_their_moment(living: TestClient) -> None:
    told = ask(living, "/tiles/state.json")
    (layer,) = told["vector_layers"]
    assert layer["fields"] == {
        "asset": "String", "fid": "Number", "gate": "String", "level": "Number",
    }  # fmt: skip
    for asof, level in (({}, 9.0), ({"datetime": ago(30)}, 0.5)):
        answer = living.get("/tiles/state/0/0/0.mvt", params=asof)
        assert answer.status_code == 200, answer.text
        tile = mapbox_vector_tile.decode(answer.content)["state"]["features"]
        values = {one["properties"]["asset"]: one["properties"] for one in tile}
        assert values["c0"]["level"] == level
        assert "place" not in values["c4"]
    assert living.get("/tiles/state/14/0/0.mvt").status_code == 204
    assert living.get("/tiles/state/1/9/9.mvt").status_code == 404


def test_a_tile_is_sent_again_only_where_it_is_another(
    living: TestClient, database: Database
) -> None:
    tile = "/tiles/state/12/3416/1670.mvt"  # around c0 to c3; c4 is elsewhere
    writer = {"X-API-Key": token.create(database, "admin", subject="posts")}
    first = living.get(tile)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"

    def post(name: str, value: Any, seconds: float = 0, **more: Any) -> None:
        row = reading(name, value, seconds, **more)
        assert living.post("/twin/observations", json=[row], headers=writer).json()["accepted"] == 1

    def again(etag: str, **query: str) -> tuple[int, str]:
        answer = living.get(tile, params=query, headers={"If-None-Match": etag})
        return answer.status_code, answer.headers["etag"]

    etag = first.headers["etag"]
    assert again(etag) == (304, etag)
    post("c4", [119.1, 30.0], property="place")
    assert again(etag) == (304, etag)
    post("c0", 10.0)
    status, later = again(etag)
    assert status == 200
    assert later != etag
    assert again(etag, datetime=ago(5)) == (304, etag)
    # what time alone brings comes too
    post("c0", 11.0, -1.5)
    assert again(later) == (304, later)
    until = time.monotonic() + 5
    while again(later)[0] == 304:
        assert time.monotonic() < until
        time.sleep(0.1)
    last = again(later)[1]
    erase_readings(database, "gauges", author="tests", reason="asked to", fids=[1])
    assert again(last)[0] == 200
    with database.begin() as tx:
        tx.pg.execute("UPDATE city.layer SET access = 'restricted' WHERE name = 'gauges'")
    assert living.get(tile).status_code == 204


def test_its_paths_are_in_the_document(living: TestClient) -> None:
    paths = ask(living, "/openapi", f="json")["paths"]
    assert {"get"} == set(paths[ITEMS])
    for path in ("/twin/state", "/twin/observations", "/live", "/v1.1/Datastreams({id})"):
        assert path in paths


def test_no_layer_takes_its_name() -> None:
    with pytest.raises(Invalid):
        check_name("state")
