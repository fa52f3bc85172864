"""PMTiles archives, read back by the format's own library and by GDAL."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import pyogrio
import pytest
from pmtiles.reader import MemorySource, MmapSource, Reader, all_tiles
from starlette.testclient import TestClient
from town import load, squares
from typer.testing import CliRunner
from worlds import make_layer

from citytwin.cli import app as command_line
from spatial.asof import AsOf, as_of
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Invalid
from spatial.grant import OWNER
from spatial.query import reading
from tiles.archive import archive
from tiles.build import store
from tiles.render import FEW

DEEP = 16


@pytest.fixture
def write(database: Database, tmp_path: Path) -> Callable[..., Path]:
    """Writes an archive of a layer."""

    def written(name: str = "plots", asof: AsOf | None = None, **options: Any) -> Path:
        path = tmp_path / f"{name}.pmtiles"
        with reading(database, name, asof or AsOf(), OWNER) as (pg, view):
            archive(pg, view, path, **{"max_zoom": DEEP, **options})
        return path

    return written


def tiles_of(path: Path) -> dict[tuple[int, int, int], bytes]:
    with path.open("rb") as file:
        return {zxy: gzip.decompress(data) for zxy, data in all_tiles(MmapSource(file))}


def test_the_tiles_are_those_that_are_served(
    client: TestClient, database: Database, write: Callable[..., Path]
) -> None:
    make_layer(database, "wide", 400)  # four kilometres: several tiles
    tiles = tiles_of(write("wide"))
    first = min(zxy[0] for zxy in tiles)  # the plots are too small to be seen from afar
    assert {z for z, _, _ in tiles} == set(range(first, DEEP + 1))
    assert len([zxy for zxy in tiles if zxy[0] == DEEP]) > 4
    for (z, x, y), data in tiles.items():
        served = client.get(f"/tiles/wide/{z}/{x}/{y}.mvt")
        assert mapbox_vector_tile.decode(data) == mapbox_vector_tile.decode(served.content)
    for z, x, y in [zxy for zxy in tiles if zxy[0] > 10]:  # and none beside them is missing
        for beside in ((z, x - 1, y), (z, x + 1, y), (z, x, y - 1), (z, x, y + 1)):
            if beside not in tiles:
                z, x, y = beside
                assert client.get(f"/tiles/wide/{z}/{x}/{y}.mvt").status_code == 204


def test_a_large_layers_cells_are_archived_as_served(
    client: TestClient, database: Database, write: Callable[..., Path]
) -> None:
    load(database, "town", squares(FEW * 3 // 2), "MultiPolygon")
    store(database, "town")
    tiles = tiles_of(write("town", as_of("2015", None, None), max_zoom=13))
    assert {z for z, _, _ in tiles} == set(range(14))
    for (z, x, y), data in tiles.items():
        served = client.get(f"/tiles/town/{z}/{x}/{y}.mvt?datetime=2015").content
        ours, theirs = (told(one) for one in (data, served))
        assert ours == theirs


def told(data: bytes) -> list[str]:
    """What a tile says, whatever the order of its rows."""
    return sorted(map(str, mapbox_vector_tile.decode(data)["town"]["features"]))


def test_it_says_what_it_holds(plots: object, write: Callable[..., Path]) -> None:
    with write(asof=as_of("2020", None, None)).open("rb") as file:
        reader = Reader(MmapSource(file))
        header, metadata = reader.header(), reader.metadata()
    assert 0 <= header["min_zoom"] < header["max_zoom"] == DEEP
    assert header["clustered"]
    lon, lat = transformer(4549, WGS84).transform(528_010.5, 3_486_000.5)
    assert header["min_lon_e7"] / 1e7 < lon < header["max_lon_e7"] / 1e7
    assert header["min_lat_e7"] / 1e7 < lat < header["max_lat_e7"] / 1e7
    (layer,) = metadata["vector_layers"]
    assert (layer["id"], layer["fields"]) == ("plots", {"code": "String", "height": "Number"})
    assert metadata["citytwin"]["as_of"]["datetime"].startswith("2020-12-31T15:59")
    assert "known_at" in metadata["citytwin"]["as_of"]


@pytest.mark.skipif("PMTiles" not in pyogrio.list_drivers(), reason="GDAL without PMTiles")
def test_gdal_reads_it(plots: object, write: Callable[..., Path]) -> None:
    frame = gpd.read_file(write(), layer="plots")
    assert dict(zip(frame["code"], frame["height"], strict=True)) == {"c0": 0, "c1": 1, "c2": 2}
    assert frame.crs.to_epsg() == 3857


def test_it_is_of_one_moment(database: Database, plots: object, write: Callable[..., Path]) -> None:
    with edit(database, "plots", author="ada") as editor:
        editor.remove(1)

    def fids(path: Path) -> set[int]:
        return {
            one["id"]
            for data in tiles_of(path).values()
            for one in mapbox_vector_tile.decode(data)["plots"]["features"]
        }

    assert fids(write()) == {2, 3}
    assert fids(write(asof=as_of("2020", None, None))) == {1, 2, 3}


def test_what_cannot_be_archived(plots: object, write: Callable[..., Path], tmp_path: Path) -> None:
    for options in (
        {"asof": as_of("2010/2020", None, None)},
        {"max_zoom": 23},
        {"most": 2},
        {"max_zoom": 0},
        {"asof": as_of(None, "1999", None)},
    ):
        with pytest.raises(Invalid):
            write(**options)
    assert not list(tmp_path.glob("*.pmtiles"))


def test_it_is_downloaded(client: TestClient, plots: object) -> None:
    answer = client.get("/tiles/plots.pmtiles?datetime=2020&max-zoom=15")
    assert answer.headers["content-type"] == "application/vnd.pmtiles"
    assert "2020-12-31" in answer.headers["citytwin-asof"]
    assert Reader(MemorySource(answer.content)).header()["max_zoom"] == 15
    assert client.get("/tiles/plots.pmtiles?max-zoom=deep").status_code == 400
    assert client.get("/tiles/plots.pmtiles?zoom=3").status_code == 400
    assert client.get("/tiles/nothing.pmtiles").status_code == 404


def test_what_is_hidden_is_not_archived(client: TestClient, database: Database) -> None:
    make_layer(database, "secret", access="restricted")
    assert client.get("/tiles/secret.pmtiles").status_code == 404


def test_the_command_writes_it(
    conninfo: str, plots: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYTWIN_DATABASE_URL", conninfo)
    path = tmp_path / "plots.pmtiles"
    words = ["export", "plots", str(path), "--max-zoom", "15", "--data", str(tmp_path), "--json"]
    done = CliRunner().invoke(command_line, words)
    assert json.loads(done.stdout)["tiles"] == len(tiles_of(path)) > 1
