"""Rasters of a running city, read by OWSLib, GDAL, xarray and City: each value as in the store."""

import io
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
import rasterio
import xarray as xr
from grids import netcdf, rain
from owslib.ogcapi.coverages import Coverages
from owslib.ogcapi.edr import EnvironmentalDataRetrieval
from rasterio.io import MemoryFile
from service import Service

from citytwin.client import City
from spatial import crs

TO_DEGREES = crs.transformer(4549, 4326).transform


@pytest.fixture(scope="module")
def stored(service: Service) -> Path:
    """The terrain's file in the store."""
    (file,) = (service.data_dir / "rasters").glob("terrain-*.tif")
    return file


@pytest.fixture(scope="module")
def stack(service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A stack loaded while the city runs, as a planner would."""
    file = netcdf(tmp_path_factory.mktemp("stack") / "rain_hours.nc", rain())
    told = service.command("load", str(file), "--class", "public")
    assert (told["layer"], len(told["times"])) == ("rain_hours", 4)
    return "rain_hours"


def _points(stored: Path, count: int = 20) -> tuple[list[tuple[float, float]], list[float]]:
    """Places in degrees, and what rasterio samples there."""
    random = np.random.default_rng(7)
    with rasterio.open(stored) as data:
        x = random.uniform(data.bounds.left, data.bounds.right, count)
        y = random.uniform(data.bounds.bottom, data.bounds.top, count)
        # in the middle of cells, so that no rounding on the way chooses another
        rows, columns = rasterio.transform.rowcol(data.transform, x, y)
        x, y = rasterio.transform.xy(data.transform, rows, columns)
        values = [float(value[0]) for value in data.sample(zip(x, y, strict=True))]
    return list(zip(*TO_DEGREES(x, y), strict=True)), values


def test_owslib_asks_for_positions(service: Service, stored: Path) -> None:
    edr = EnvironmentalDataRetrieval(service.url)
    assert "terrain" in edr.data()
    places, values = _points(stored)
    text = ",".join(f"({x} {y})" for x, y in places)
    found = edr.query_data(
        "terrain", "position", coords=f"MULTIPOINT({text})", parameter_names=["terrain"]
    )
    name = next(iter(found["parameters"]))
    told = [one["ranges"][name]["values"][0] for one in found["coverages"]]
    assert told == [pytest.approx(value, rel=1e-6) for value in values]


def test_owslib_asks_for_a_cube(service: Service, stack: str) -> None:
    edr = EnvironmentalDataRetrieval(service.url)
    (west, south), (east, north) = (TO_DEGREES(528_100, 3_485_800), TO_DEGREES(528_200, 3_485_900))
    found = edr.query_data(
        stack, "cube", bbox=[west, south, east, north], datetime_="2024-06-01T02:00:00Z"
    )
    cells = np.array(found["ranges"]["rain"]["values"])
    assert found["ranges"]["rain"]["shape"][0] == 1
    assert set(cells) <= set(rain()["rain"][2, 10:20, 10:20].to_numpy().ravel())
    assert len(cells) >= 81


def test_owslib_and_gdal_take_a_coverage(service: Service, stored: Path) -> None:
    coverages = Coverages(service.url)
    assert "terrain" in coverages.coverages()
    with rasterio.open(stored) as data:
        window = rasterio.windows.Window(100, 200, 50, 40)
        west, south, east, north = rasterio.windows.bounds(window, data.transform)
        wanted, transform = data.read(1, window=window), data.window_transform(window)
    subset = [("E", west, east), ("N", south, north)]
    document = json.load(coverages.coverage("terrain", subset=subset))
    (told,) = document["ranges"].values()
    assert told["shape"] == [40, 50]
    np.testing.assert_allclose(np.array(told["values"]).reshape(40, 50), wanted, rtol=1e-6)
    place = f"{service.url}collections/terrain/coverage"
    text = f"E({west}:{east}),N({south}:{north})"
    content = httpx.get(place, params={"f": "geotiff", "subset": text}).content
    with MemoryFile(content) as memory, memory.open() as out:
        np.testing.assert_array_equal(out.read(1), wanted)
        assert out.transform == transform
        assert out.crs.to_epsg() == 4549
        assert out.tags()["vertical_datum"] == "EPSG:5737"


def test_xarray_takes_a_stack(service: Service, stack: str) -> None:
    answer = httpx.get(f"{service.url}collections/{stack}/coverage", params={"f": "netcdf"})
    with xr.open_dataset(io.BytesIO(answer.content), engine="scipy") as found:
        np.testing.assert_array_equal(found["rain"], rain()["rain"])
        assert (found["time"] == rain()["time"]).all()


def test_city_reads_rasters(service: Service, stored: Path, stack: str) -> None:
    with City(service.url) as city:
        assert {"terrain", stack} <= set(city.rasters())
        assert "terrain" not in city.layers()
        places, values = _points(stored)
        frame = city.raster("terrain").sample(places)
        (band,) = city.raster("terrain").bands()
        np.testing.assert_allclose(frame[band], values, rtol=1e-6)
        (west, south), (east, north) = places[0], (places[0][0] + 0.01, places[0][1] + 0.01)
        cells = city.raster("terrain").to_xarray(bbox=(west, south, east, north))
        assert cells[band].dims == ("y", "x")
        with rasterio.open(stored) as data:
            x, y = float(cells["x"][3]), float(cells["y"][4])
            assert cells[band][4, 3] == next(data.sample([(x, y)]))[0]
        hours = city.raster(stack).at("2024-06-01T01:00Z/2024-06-01T02:00Z").to_xarray(scale=2)
        assert dict(hours.sizes) == {"time": 2, "y": 15, "x": 20}


def test_a_dropped_raster_is_gone_at_once(service: Service, tmp_path: Path) -> None:
    file = netcdf(tmp_path / "passing.nc", rain())
    service.command("load", str(file), "--class", "public")
    place = f"{service.url}collections/passing/coverage"
    assert httpx.get(place, params={"f": "netcdf"}).status_code == 200
    service.command("drop", "passing")
    assert httpx.get(place).status_code == 404
    assert not list((service.data_dir / "rasters").glob("passing-*"))


def test_gdal_opens_a_coverage_as_a_file(service: Service, stored: Path) -> None:
    address = f"/vsicurl/{service.url}collections/terrain/coverage?f=geotiff"
    with rasterio.open(address) as served, rasterio.open(stored) as file:
        assert served.shape == file.shape
        part = ((5, 40), (10, 60))
        np.testing.assert_array_equal(
            served.read(1, window=part, masked=True).filled(-1),
            file.read(1, window=part, masked=True).filled(-1),
        )
