"""Zonal statistics and buffers: by hand, and against geopandas and a published study's sums."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from conftest import fresh_city
from deciding import EAST, NORTH, decide, output, put, squares
from polygons import tessellation
from rasterio.transform import from_origin

import spatial.analyses.known  # noqa: F401
from citytwin.rasters import store_raster
from spatial.database import Database


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def city(cluster, store):
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        put(database, "zones", squares((0, 0, 20, 20), (15, 5, 25, 15), (500, 500, 510, 510),
                                       name=["whole", "edge", "away"]))  # fmt: skip
        file = store / "cells.tif"
        with rasterio.open(
            file, "w", driver="GTiff", width=2, height=2, count=1, dtype="float64", crs=4549,
            transform=from_origin(EAST, NORTH + 20, 10, 10), nodata=-1,
        ) as made:  # fmt: skip
            made.write(np.array([[[1.0, 2.0], [4.0, -1.0]]]))
        store_raster(database, store, file, name="cells")
        put(database, "land", squares((0, 0, 10, 20), (10, 0, 30, 20), kind=["a", None]))
        put(database, "pieces", tessellation(200, seed=8))
        put(database, "blocks", tessellation(10, seed=9).rename(columns={"number": "block"}))
        put(database, "points", gpd.GeoDataFrame(geometry=[shapely.Point(EAST, NORTH)], crs=4549))
        yield database
        database.close()


def test_cells_count_by_what_is_covered(city, store):
    document = decide(city, "zonal-statistics", zones="zones", raster="cells", store=store)
    found = output(city, document).set_index("zone_fid")
    assert found["count"].tolist() == pytest.approx([3, 0.25, 0], rel=1e-6)
    assert found["sum"].tolist()[:2] == pytest.approx([7, 0.5], rel=1e-6)
    assert found["mean"].tolist()[:2] == pytest.approx([7 / 3, 2], rel=1e-6)
    assert found["max"].tolist()[:2] == [4, 2]
    assert found["variety"].tolist()[:2] == [3, 1]
    assert found["without_data"].tolist() == pytest.approx([1, 0.25, 0], rel=1e-6)
    assert np.isnan(found["mean"].tolist()[2])
    assert document["certificate"]["holds"], document["certificate"]
    assert document["summary"]["zones_without_cells"] == 1


def test_classes_in_zones(city):
    document = decide(
        city, "zonal-statistics", zones="zones", zone_name="name", layer="land", code="kind",
        area="planar",
    )  # fmt: skip
    found = output(city, document).set_index(["zone", "class"])
    assert found["area_m2"].to_dict() == pytest.approx(
        {("edge", ""): 100, ("whole", ""): 200, ("whole", "a"): 200, ("—", ""): 150}
    )
    assert found["share"][("whole", "a")] == pytest.approx(0.5)
    assert document["summary"]["empty_zones"] == ["away"]
    assert not document["certificate"]["holds"]  # the zones overlap by 50 m²
    assert document["certificate"]["residual"] == pytest.approx(50)


def test_classes_in_zones_as_geopandas_has_them(city):
    document = decide(
        city, "zonal-statistics", zones="blocks", zone_name="block", layer="pieces", code="code",
        area="planar",
    )  # fmt: skip
    found = output(city, document).set_index(["zone", "class"])
    pieces = gpd.overlay(tessellation(200, seed=8), tessellation(10, seed=9), how="intersection")
    theirs = pieces.assign(area=pieces.area).groupby(["number_2", "code_1"])["area"].sum()
    assert len(found) == len(theirs)
    for (zone, code), area in theirs.items():
        assert found["area_m2"][(str(zone), code)] == pytest.approx(area, rel=1e-9, abs=1e-6)
    assert document["certificate"]["holds"]


def test_rings_of_distance(city):
    document = decide(
        city, "buffer-overlap", sources="points", layer="land", distances=[10, 5], code="kind"
    )
    found = output(city, document, "table").set_index("within_m")
    circle = 64 / 2 * np.sin(2 * np.pi / 64)  # of 64 edges and radius 1
    assert found["area_m2"].to_dict() == pytest.approx(
        {5.0: circle * 25 / 4, 10.0: circle * 75 / 4}, rel=1e-9
    )
    assert found["features"].tolist() == [1, 1]
    assert document["certificate"]["holds"]
    assert document["summary"]["area_within_m2"]["10.0"] == pytest.approx(circle * 25)


@pytest.mark.parametrize(
    ("analysis", "given", "reason"),
    [
        ("zonal-statistics", {"zones": "zones"}, "either a raster or a layer"),
        ("zonal-statistics", {"zones": "zones", "layer": "land"}, "a layer needs `code`"),
        ("zonal-statistics", {"zones": "zones", "raster": "cells", "band": 2}, "no band 2"),
        ("buffer-overlap", {"sources": "points", "layer": "land", "distances": [0]}, "above zero"),
        (
            "buffer-overlap",
            {"sources": "points", "layer": "land", "distances": [1], "code": "x"},
            "no column x",
        ),
    ],
)
def test_what_does_not_fit_is_refused(city, store, analysis, given, reason):
    with pytest.raises(Exception, match=reason):
        decide(city, analysis, store=store, **given)
