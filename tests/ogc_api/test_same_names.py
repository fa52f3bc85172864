"""A layer may be called as an analysis is, as the sample city's terrain: both are published."""

from starlette.testclient import TestClient
from worlds import make_layer

from spatial.database import Database


def test_a_layer_and_an_analysis_share_a_name(client: TestClient, database: Database) -> None:
    make_layer(database, "terrain")
    found = client.get("/collections?f=json").json()["collections"]
    assert "terrain" in {one["id"] for one in found}
    assert client.get("/collections/terrain?f=json").json()["id"] == "terrain"
    assert client.get("/processes/terrain?f=json").json()["id"] == "terrain"
    listed = client.get("/processes?f=json&limit=1000").json()["processes"]
    assert "terrain" in {one["id"] for one in listed}
    paths = client.get("/openapi?f=json").json()["paths"]
    assert "/collections/terrain/items" in paths
    assert "/processes/terrain/execution" in paths
