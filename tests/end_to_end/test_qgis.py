"""The real QGIS opens the city: counted, filtered by extent, typed, at a time, with a token."""

import geopandas as gpd
import pytest
import shapely
from qgis_home import Qgis
from service import Service

from spatial.asof import AsOf, as_of
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

CENTRE = (120.36, 31.48, 120.38, 31.50)


@pytest.fixture(scope="module")
def benches(service: Service, tmp_path_factory: pytest.TempPathFactory) -> gpd.GeoDataFrame:
    """A restricted layer with an attribute of every type, loaded while the service runs."""
    frame = gpd.GeoDataFrame(
        {
            "name": ["长椅", "bench"],
            "seats": [3, 4],
            "number": [2**40, 2**40 + 1],
            "length_m": [1.5, 2.25],
            "covered": [True, False],
        },
        geometry=[shapely.Point(120.37, 31.49), shapely.Point(120.371, 31.491)],
        crs=4326,
    )
    file = tmp_path_factory.mktemp("benches") / "benches.gpkg"
    frame.to_file(file)
    assert service.command("load", str(file))["loaded"] == 2
    return frame


def test_layers_are_counted_filtered_and_typed(qgis: Qgis, books: Database) -> None:
    whole, part, lamps = qgis(
        layers=[
            {"name": "buildings"},
            {"name": "buildings", "box": CENTRE},
            {"name": "lamps", "box": CENTRE},
        ]
    )["layers"]
    buildings = read_frame(books, "buildings", AsOf(), OWNER).to_crs(4326)
    assert whole["count"] == whole["read"] == len(buildings)
    assert whole["crs"] in ("EPSG:4326", "OGC:CRS84")
    assert whole["area"] == pytest.approx(_area(buildings), rel=1e-5)
    assert whole["fields"] == {
        **dict.fromkeys(("parcel", "use", "use_zh", "use_en"), "String"),
        **dict.fromkeys(("address_zh", "address_en"), "String"),
        **dict.fromkeys(("floors", "built_year"), "Integer"),
        "height_m": "Real",
    }
    inside = buildings[buildings.intersects(shapely.box(*CENTRE))]
    assert 0 < len(inside) < len(buildings)
    assert part["read"] == len(inside)
    assert part["area"] == pytest.approx(_area(inside), rel=1e-5)
    points = read_frame(books, "lamps", AsOf(), OWNER).to_crs(4326)
    assert lamps["read"] == int(points.intersects(shapely.box(*CENTRE)).sum()) > 0


def test_a_time_on_the_connections_address_is_kept(
    qgis: Qgis, books: Database, service: Service
) -> None:
    then, now = qgis(
        layers=[
            {"name": "buildings", "url": f"{service.url}?datetime=2000", "box": CENTRE},
            {"name": "buildings", "box": CENTRE},
        ]
    )["layers"]
    city = read_frame(books, "buildings", as_of("2000"), OWNER).to_crs(4326)
    assert then["count"] == len(city) < now["count"]
    assert then["read"] == int(city.intersects(shapely.box(*CENTRE)).sum()) < now["read"]


def test_a_token_as_password_opens_what_is_restricted(
    qgis: Qgis, service: Service, benches: gpd.GeoDataFrame
) -> None:
    [closed] = qgis(layers=[{"name": "benches"}])["layers"]
    assert closed == {"valid": False}
    [opened] = qgis(layers=[{"name": "benches"}], password=service.token())["layers"]
    assert opened["read"] == len(benches)
    assert opened["fields"] == {
        "fid_": "Integer",
        "name": "String",
        "seats": "Integer",
        "number": "Integer64",
        "length_m": "Real",
        "covered": "Boolean",
    }
    assert opened["values"]["name"] == "长椅"


def test_vector_tiles_are_drawn(qgis: Qgis, service: Service, books: Database) -> None:
    template = f"{service.url}tiles/water/{{z}}/{{x}}/{{y}}.mvt"
    lake = read_frame(books, "water", AsOf(), OWNER).to_crs(3857)
    west, south, _, _ = lake.total_bounds
    extent = (west, south, west + 5_000, south + 5_000)
    seen = qgis(tiles={"template": template, "extent": extent})["tiles"]
    assert seen["valid"]
    wet = lake.clip(shapely.box(*extent)).union_all().area / 5_000**2
    assert 0.05 < wet < 0.95
    assert seen["covered"] == pytest.approx(wet, abs=0.01)


def _area(frame: gpd.GeoDataFrame) -> float:
    """In square degrees, as QGIS sums what it read."""
    return float(shapely.area(frame.geometry.array).sum())
