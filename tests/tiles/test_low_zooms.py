"""What clients are told of low zooms, and what an HTTP client gets."""

import pytest
from starlette.testclient import TestClient
from town import decode, load, squares, zxy_at

from spatial.database import Database
from tiles.build import store
from tiles.render import FEW

COUNT = FEW * 5 // 4 + 200


@pytest.fixture
def town(database: Database) -> Database:
    load(database, "town", squares(COUNT), "MultiPolygon")
    store(database, "town")
    return database


def test_tilejson_and_style_tell_of_cells(town: Database, client: TestClient) -> None:
    told = client.get("/tiles/town.json").json()["vector_layers"][0]
    assert told["detail_minzoom"] == 13
    assert {"count", "area", "cover", "code"} <= set(told["fields"])
    drawn = client.get("/styles/town.json").json()["layers"]
    cells = [layer for layer in drawn if layer.get("filter") == ["has", "count"]]
    assert [(layer["type"], layer["maxzoom"]) for layer in cells] == [("fill", 13)]
    for layer in drawn:
        assert layer["type"] == "background" or "count" in str(layer["filter"])


def test_a_small_layer_has_no_cells_to_tell_of(client: TestClient, plots: object) -> None:
    assert "detail_minzoom" not in client.get("/tiles/plots.json").json()["vector_layers"][0]


def test_http_gives_chosen_attributes_copies_and_nothing(
    town: Database, client: TestClient
) -> None:
    z, x, y = zxy_at(14, 528_500, 3_486_500)
    place = f"/tiles/town/{z}/{x}/{y}.mvt"
    whole = client.get(place)
    assert set(decode(whole.content, "town").features)
    assert whole.headers["content-encoding"] == "gzip"
    bare = client.get(place, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in bare.headers
    assert bare.content == whole.content
    chosen = client.get(f"{place}?properties=height")
    features = decode(chosen.content, "town").features.values()
    assert {tuple(feature["properties"]) for feature in features} == {("height",)}
    assert chosen.headers["etag"] != whole.headers["etag"]
    for tag in (whole.headers["etag"], f'"other", W/{whole.headers["etag"]}'):
        copy = client.get(place, headers={"If-None-Match": tag})
        assert (copy.status_code, copy.content) == (304, b"")
        assert copy.headers["etag"] == whole.headers["etag"]
    assert client.get(f"{place}?properties=nothing").status_code == 400
    assert client.get("/tiles/town/14/0/0.mvt").status_code == 204
    low = client.get("/tiles/town/{}/{}/{}.mvt".format(*zxy_at(11, 528_500, 3_486_500)))
    assert decode(low.content, "town").cells
