"""Several layers in one tile, each by its own grant and all at one moment."""

from typing import Any

import mapbox_vector_tile
import pytest
from patience import renewed
from starlette.testclient import TestClient
from worlds import make_layer

from spatial.cells import cell_at
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.edit import edit


@pytest.fixture
def place(database: Database, plots: object) -> str:
    """The tile of two layers of three features each."""
    make_layer(database, "trees", 2)
    z, x, y = cell_at(*transformer(4549, WGS84).transform(528_000.5, 3_486_000.5), 15)
    return f"{z}/{x}/{y}.mvt"


def read(data: bytes) -> dict[str, Any]:
    made: dict[str, Any] = mapbox_vector_tile.decode(data)
    return made


def test_a_tile_holds_each_layer_as_its_own_tile_does(client: TestClient, place: str) -> None:
    both = client.get(f"/tiles/trees,plots/{place}")
    assert both.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    alone = {
        name: read(client.get(f"/tiles/{name}/{place}").content) for name in ("plots", "trees")
    }
    assert read(both.content) == alone["trees"] | alone["plots"]
    assert list(read(both.content)) == ["trees", "plots"]
    assert len(read(both.content)["plots"]["features"]) == 3
    twice = client.get(f"/tiles/trees,plots,trees,/{place}")
    assert twice.content == both.content


def test_a_copy_is_true_until_one_of_them_changes(
    client: TestClient, database: Database, place: str
) -> None:
    address = f"/tiles/plots,trees/{place}"
    first = client.get(address)
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get(address, headers=tag).status_code == 304
    assert client.get(f"/tiles/trees,plots/{place}", headers=tag).status_code == 200
    with edit(database, "trees", author="ada") as editor:
        editor.remove(1)
    fresh = renewed(client, address, tag)
    assert fresh.status_code == 200
    assert [one["id"] for one in read(fresh.content)["trees"]["features"]] == [2]
    before = read(client.get(f"{address}?datetime=2020").content)
    assert {one["id"] for one in before["trees"]["features"]} == {1, 2}


def test_what_is_not_there_or_hidden_is_named(
    client: TestClient, database: Database, place: str
) -> None:
    make_layer(database, "secret", access="restricted")
    for name in ("secret", "nothing"):
        for address in (f"/tiles/plots,{name}/{place}", f"/tiles/plots,{name}.json"):
            answer = client.get(address)
            assert answer.status_code == 404
            assert f"'{name}'" in answer.json()["description"]
    assert client.get(f"/tiles/,/{place}").status_code == 404
    many = ",".join(f"layer{n}" for n in range(33))
    assert client.get(f"/tiles/{many}/{place}").status_code == 400


def test_where_none_of_them_is(client: TestClient, place: str) -> None:
    assert client.get("/tiles/plots,trees/18/0/0.mvt").status_code == 204


def test_one_filter_is_for_all(client: TestClient, place: str) -> None:
    found = read(client.get(f"/tiles/plots,trees/{place}?filter=height=1").content)
    assert [[one["id"] for one in layer["features"]] for layer in found.values()] == [[2], [2]]
    assert client.get(f"/tiles/plots,trees/{place}?filter=depth=1").status_code == 400


def test_tilejson_names_all_of_them(client: TestClient, place: str) -> None:
    document = client.get("/tiles/plots,trees.json?datetime=2020").json()
    assert [one["id"] for one in document["vector_layers"]] == ["plots", "trees"]
    (template,) = document["tiles"]
    assert "/tiles/plots,trees/{z}/{x}/{y}.mvt?datetime=2020-12-31" in template
    west, _, east, _ = client.get("/tiles/plots.json").json()["bounds"]
    assert document["bounds"][0] <= west < east <= document["bounds"][2]
