"""Coverages: what GDAL and xarray read from them is what is in the file."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from grids import CELL, NORTH, WEST, ground, rain, store_ground, store_rain
from rasterio.io import MemoryFile

PLACE = "/collections/ground/coverage"


@pytest.fixture
def dem(database, tmp_path) -> Path:
    return store_ground(database, tmp_path, vertical_datum="EPSG:5737")


@pytest.fixture
def stack(database, tmp_path) -> None:
    store_rain(database, tmp_path)


def tiff(client, place=PLACE, **query):
    answer = client.get(place, params={"f": "geotiff"} | query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("image/tiff")
    with MemoryFile(answer.content) as memory, memory.open() as data:
        return data.read(masked=True), data.profile | {
            "descriptions": data.descriptions, "units": data.units, "tags": data.tags()
        }  # fmt: skip


def netcdf(client, place, **query):
    answer = client.get(place, params={"f": "netcdf"} | query)
    assert answer.status_code == 200, answer.text
    return xr.open_dataset(io.BytesIO(answer.content), engine="scipy").load()


def test_all_of_a_raster_as_geotiff(client, dem):
    cells, said = tiff(client)
    np.testing.assert_array_equal(cells[0].filled(np.nan), ground())
    assert said["crs"].to_epsg() == 4549
    assert said["transform"] == rasterio.open(dem).transform
    assert (said["descriptions"], said["units"]) == (("height",), ("m",))
    assert said["tags"]["vertical_datum"] == "EPSG:5737"


def test_a_bbox_gives_the_cells_whose_centres_it_holds(client, dem):
    box = (WEST + 100, NORTH - 300, WEST + 250, NORTH - 200)
    cells, said = tiff(
        client, bbox=f"{box[1]},{box[0]},{box[3]},{box[2]}", **{"bbox-crs": "EPSG:4549"}
    )
    with rasterio.open(dem) as data:
        window = rasterio.windows.from_bounds(*box, data.transform)
        np.testing.assert_array_equal(cells, data.read(window=window))
        assert said["transform"] == data.window_transform(window)
    again, _ = tiff(client, subset=f"x({box[0]}:{box[2]}),y({box[1]}:{box[3]})")
    np.testing.assert_array_equal(cells, again)


def test_one_cell_by_slices(client, dem):
    cells, _ = tiff(client, subset=f"E({WEST + 77}),N({NORTH - 123})")
    assert cells.shape == (1, 1, 1)
    assert cells[0, 0, 0] == ground()[12, 7]


def test_degrees_and_another_crs(client, dem):
    whole, said = tiff(client, crs="EPSG:4326")
    assert said["crs"].to_epsg() == 4326
    transform = said["transform"]
    with rasterio.open(dem) as data:
        rows, columns = whole.shape[1:]
        lon, lat = rasterio.transform.xy(transform, rows // 2, columns // 2)
        (x,), (y,) = rasterio.warp.transform("EPSG:4326", "EPSG:4549", [lon], [lat])
        assert whole[0, rows // 2, columns // 2] == next(data.sample([(x, y)]))[0]
    part, _ = tiff(
        client, subset=f"Lon({lon - 0.001}:{lon + 0.001}),Lat({lat - 0.001}:{lat + 0.001})"
    )
    assert 15 <= part.shape[1] <= 30


def test_scaling(client, dem):
    assert tiff(client, **{"scale-factor": "2"})[0].shape == (1, 30, 40)
    assert tiff(client, **{"scale-size": "x(20),y(10)"})[0].shape == (1, 10, 20)
    assert tiff(client, **{"scale-axes": "x(4),y(2)"})[0].shape == (1, 30, 20)
    halved = tiff(client, **{"scale-factor": "2"})[0]
    assert halved[0, 5, 5] == pytest.approx(ground()[10:12, 10:12].mean())


def test_a_stack_as_netcdf(client, stack):
    whole = netcdf(client, "/collections/rain/coverage")
    np.testing.assert_array_equal(whole["rain"], rain()["rain"])
    assert (whole["time"] == rain()["time"]).all()
    np.testing.assert_allclose(whole["x"], rain()["x"])
    assert whole["rain"].attrs["units"] == "mm"
    two = netcdf(
        client, "/collections/rain/coverage", datetime="2024-06-01T01:00Z/2024-06-01T02:30Z"
    )
    np.testing.assert_array_equal(two["rain"], rain()["rain"][1:3])
    same = netcdf(
        client, "/collections/rain/coverage",
        subset='time("2024-06-01T01:00:00Z":"2024-06-01T02:30:00Z")',
    )  # fmt: skip
    assert same.equals(two)
    one = netcdf(client, "/collections/rain/coverage", datetime="2024-06-01T01:59Z")
    np.testing.assert_array_equal(one["rain"], rain()["rain"][1:2])


def test_gdal_places_our_netcdf(client, dem, tmp_path):
    (tmp_path / "out.nc").write_bytes(client.get(PLACE, params={"f": "netcdf"}).content)
    with rasterio.open(f"netcdf:{tmp_path}/out.nc:height") as data:
        assert data.crs.to_epsg() == 4549
        assert data.bounds == (WEST, NORTH - 60 * CELL, WEST + 80 * CELL, NORTH)
        np.testing.assert_array_equal(data.read(1), ground())


def test_coveragejson(client, stack):
    answer = client.get("/collections/rain/coverage", params={"scale-size": "x(2),y(3)"})
    assert answer.headers["content-type"] == "application/vnd.cov+json"
    document = answer.json()
    axes = document["domain"]["axes"]
    assert axes["t"]["values"][1] == "2024-06-01T01:00:00Z"
    assert (axes["x"]["num"], axes["y"]["num"]) == (2, 3)
    ranges = document["ranges"]["rain"]
    assert (ranges["axisNames"], ranges["shape"]) == (["t", "y", "x"], [4, 3, 2])
    assert document["parameters"]["rain"]["unit"]["symbol"]["value"] == "mm"
    full = client.get("/collections/rain/coverage").json()["ranges"]["rain"]["values"]
    assert full[0] is None
    assert full[1] == 1.0


BAD = [
    ({"subset": "x(1:2"}, 400, "cannot be read"),
    ({"subset": "height(1:2)"}, 400, "no axis"),
    ({"subset": "x(a:b)"}, 400, "not a number"),
    ({"subset": "x(9:1)"}, 400, "before it starts"),
    ({"subset": "x(1:2)"}, 404, "no cell there"),
    ({"bbox": "1,2,3"}, 400, "four numbers"),
    ({"bbox": "0,0,1,1"}, 404, "no cell there"),
    ({"bbox": "120,31,121,32", "bbox-crs": "EPSG:99"}, 400, "coordinate reference"),
    ({"subset": "x(0),y(0)", "subset-crs": "EPSG:4326"}, 404, "no cell there"),
    ({"crs": "EPSG:5737"}, 400, "two axes"),
    ({"crs": "nowhere"}, 400, "coordinate reference"),
    ({"properties": "depth"}, 400, "no band 'depth'"),
    ({"scale-factor": "0"}, 400, "scale-factor"),
    ({"scale-factor": "0.001"}, 413, "scale-factor="),
    ({"scale-size": "x(1e9)"}, 400, "cannot be read"),
    ({"scale-size": "x(99999),y(99999)"}, 413, "smaller bbox"),
    ({"f": "jpeg2000"}, 400, "geotiff"),
    ({"datetime": "yesterday"}, 400, "not a time"),
    ({"colour": "red"}, 400, "no parameter here"),
    ({"scenario": "none"}, 404, "no scenario"),
]


def test_bad_requests_are_told_what_to_do(client, dem):
    for query, status, words in BAD:
        answer = client.get(PLACE, params=query)
        assert answer.status_code == status, (query, answer.text)
        assert words in answer.json()["description"], query


def test_the_collection_describes_its_coverage(client, dem):
    document = client.get("/collections/ground", params={"f": "json"}).json()
    rels = {link["rel"] for link in document["links"]}
    assert "http://www.opengis.net/def/rel/ogc/1.0/coverage" in rels
    assert document["extent"]["spatial"]["grid"][0] == {"cellsCount": 80, "resolution": 10.0}
    assert document["storageCrs"].endswith("/4549")
    schema = client.get("/collections/ground/schema", params={"f": "json"}).json()
    assert schema["properties"]["height"]["x-ogc-unit"] == "m"
    assert json.dumps(schema)


def test_what_a_grant_may_not_see_is_not_there(client, database, tmp_path):
    store_ground(database, tmp_path, access="restricted")
    assert client.get(PLACE).status_code == 404
    assert "ground" not in client.get("/collections", params={"f": "json"}).text
