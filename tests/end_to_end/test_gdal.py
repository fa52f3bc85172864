"""GDAL before a running city: its features by place, attribute, time and CRS; its archives."""

from collections.abc import Iterator

import pyogrio
import pytest
import shapely
from service import Service

from spatial.asof import AsOf, as_of
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

PROXIES = ("GDAL_HTTP_PROXY", "GDAL_HTTPS_PROXY")


@pytest.fixture(autouse=True)
def gdal_may_connect() -> Iterator[None]:
    """Our readers, once imported, keep this process's GDAL from the network."""
    kept = {name: pyogrio.get_gdal_config_option(name) for name in PROXIES}
    pyogrio.set_gdal_config_options(dict.fromkeys(PROXIES))
    yield
    pyogrio.set_gdal_config_options(kept)


@pytest.fixture
def city(service: Service) -> str:
    return f"OAPIF:{service.url}"


def test_layers_are_listed_described_and_counted(city: str, books: Database) -> None:
    assert {"buildings", "parcels", "lamps"} <= set(pyogrio.list_layers(city)[:, 0])
    told = pyogrio.read_info(city, layer="buildings")
    assert told["features"] == len(read_frame(books, "buildings", AsOf(), OWNER))
    assert told["crs"] == "EPSG:4549"
    assert told["geometry_type"] == "MultiPolygon"
    types = dict(zip(told["fields"], told["dtypes"], strict=True))
    assert (types["floors"], types["height_m"], types["use_zh"]) == ("int32", "float64", "object")


def test_features_come_by_place_and_attribute(city: str, books: Database) -> None:
    buildings = read_frame(books, "buildings", AsOf(), OWNER)
    x, y = buildings.total_bounds[:2] + 6_000
    box = (x, y, x + 2_000, y + 2_000)
    near = pyogrio.read_dataframe(city, layer="buildings", bbox=box)
    inside = buildings[buildings.intersects(shapely.box(*box))]
    assert len(near) == len(inside) > 0
    assert near.area.sum() == pytest.approx(inside.area.sum(), rel=1e-6)
    where = "floors > 20 AND use_en = 'Office'"
    tall = pyogrio.read_dataframe(city, layer="buildings", where=where)
    assert len(tall) == int(((buildings["floors"] > 20) & (buildings["use_en"] == "Office")).sum())
    assert set(tall["use_zh"]) == {"办公"}


@pytest.mark.parametrize("code", [4490, 4549, 3857])
def test_features_come_in_other_systems_east_first(city: str, books: Database, code: int) -> None:
    found = pyogrio.read_dataframe(city, layer="districts", CRS=f"EPSG:{code}")
    known = read_frame(books, "districts", AsOf(), OWNER).to_crs(code)
    assert found.crs == known.crs
    assert found.total_bounds == pytest.approx(
        known.total_bounds, abs=1e-6 if code == 4490 else 0.01
    )


def test_features_come_of_a_moment(city: str, books: Database) -> None:
    moment = "2000-06-01T00:00:00Z"
    known = len(read_frame(books, "buildings", as_of(moment), OWNER))
    by_option = pyogrio.read_dataframe(city, layer="buildings", DATETIME=moment)
    by_address = pyogrio.read_dataframe(f"{city}?datetime={moment}", layer="buildings")
    assert len(by_option) == len(by_address) == known
    assert known < len(read_frame(books, "buildings", AsOf(), OWNER))


def test_archives_of_tiles_are_read(service: Service, books: Database) -> None:
    lake = read_frame(books, "water", AsOf(), OWNER).to_crs(3857)
    archive = pyogrio.read_info(f"/vsicurl/{service.url}tiles/water.pmtiles", layer="water")
    assert archive["driver"] == "PMTiles"
    west, south, east, north = lake.total_bounds
    assert archive["total_bounds"] == pytest.approx((west, south, east, north), abs=3_000)
