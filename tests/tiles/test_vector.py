"""Tiles: what is in them, at which moment, and when a copy is still true."""

from pathlib import Path

import geopandas as gpd
import pytest
from patience import renewed
from starlette.testclient import TestClient
from worlds import make_layer

from spatial.cells import cell_at
from spatial.crs import WGS84, WORLD, transformer
from spatial.database import Database
from spatial.edit import edit
from tiles.vector import bounds

Z = 15


@pytest.fixture
def zxy(plots: object) -> tuple[int, int, int]:
    """The tile that holds the first plot's middle."""
    lon, lat = transformer(4549, WGS84).transform(528_000.5, 3_486_000.5)
    return cell_at(lon, lat, Z)


def url(zxy: tuple[int, int, int], query: str = "") -> str:
    z, x, y = zxy
    return f"/tiles/plots/{z}/{x}/{y}.mvt{query}"


def read(data: bytes, folder: Path) -> gpd.GeoDataFrame:
    """A tile as GDAL sees it."""
    file = folder / "tile.mvt"
    file.write_bytes(data)
    return gpd.read_file(f"MVT:{file}", layer="plots")


def test_a_tile_holds_the_features_and_their_ids(
    client: TestClient, zxy: tuple[int, int, int], tmp_path: Path
) -> None:
    answer = client.get(url(zxy))
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    frame = read(answer.content, tmp_path)
    assert set(frame["mvt_id"]) == {1, 2, 3}
    assert dict(zip(frame["code"], frame["height"], strict=True)) == {"c0": 0, "c1": 1, "c2": 2}


def test_both_addresses_give_the_same_bytes(client: TestClient, zxy: tuple[int, int, int]) -> None:
    z, x, y = zxy
    standard = client.get(f"/collections/plots/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt")
    assert standard.content == client.get(url(zxy)).content
    assert standard.headers["content-type"] == "application/vnd.mapbox-vector-tile"


def test_a_copy_is_true_until_its_layer_changes(
    client: TestClient, database: Database, zxy: tuple[int, int, int]
) -> None:
    first = client.get(url(zxy))
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get(url(zxy), headers=tag).status_code == 304
    make_layer(database, "others")
    assert client.get(url(zxy), headers=tag).status_code == 304
    with edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "new"})
    fresh = renewed(client, url(zxy), tag)
    assert fresh.status_code == 200
    assert fresh.content != first.content


def test_a_tile_shows_the_moment_asked_for(
    client: TestClient, database: Database, zxy: tuple[int, int, int], tmp_path: Path
) -> None:
    with edit(database, "plots", author="ada") as editor:
        editor.remove(1)
    now = read(client.get(url(zxy)).content, tmp_path)
    before = read(client.get(url(zxy, "?datetime=2020")).content, tmp_path)
    assert set(now["mvt_id"]) == {2, 3}
    assert set(before["mvt_id"]) == {1, 2, 3}


def test_where_nothing_is_and_where_nothing_can_be(
    client: TestClient, zxy: tuple[int, int, int]
) -> None:
    assert client.get("/tiles/plots/18/0/0.mvt").status_code == 204
    for bad in ("23/0/0", "2/4/0", "2/0/4"):
        assert client.get(f"/tiles/plots/{bad}.mvt").status_code == 404
    assert client.get(url(zxy, "?datetime=2010/2020")).status_code == 400
    assert client.get("/tiles/nothing/0/0/0.mvt").status_code == 404
    wrong = "/collections/plots/tiles/WorldMercatorWGS84Quad/0/0/0?f=mvt"
    assert client.get(wrong).status_code in (400, 404)


def test_the_pyramid_covers_the_world_and_nests() -> None:
    assert bounds(0, 0, 0) == pytest.approx((-WORLD, -WORLD, WORLD, WORLD))
    parent, child = bounds(3, 5, 2), bounds(4, 10, 4)
    assert child[0] == pytest.approx(parent[0])
    assert child[3] == pytest.approx(parent[3])
    assert child[2] - child[0] == pytest.approx((parent[2] - parent[0]) / 2)


def test_tilejson_names_tiles_and_fields(client: TestClient, plots: object) -> None:
    document = client.get("/tiles/plots.json?datetime=2020").json()
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"][0].startswith("http://127.0.0.1:8000/tiles/plots/{z}/{x}/{y}.mvt?")
    assert "datetime=2020-12-31T15" in document["tiles"][0].replace("%3A", ":")
    assert document["vector_layers"][0]["fields"] == {"code": "String", "height": "Number"}
