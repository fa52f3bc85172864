"""Suitability and sites as analyses, on four parcels by a road and a hill."""

from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from conftest import fresh_city
from deciding import EAST, NORTH, decide, output, put, squares
from grids import store_ground

import spatial.analyses.known  # noqa: F401
from spatial import rasters
from spatial.analyses import job_files, registry
from spatial.database import Database
from spatial.errors import Invalid, NotFound
from spatial.grant import OWNER
from spatial.land_use import grid_suitability

ROAD = {"name": "road", "measure": "distance", "layer": "roads",
        "standard": {"function": "linear", "low": 200, "high": 0}}  # fmt: skip
CODE = {"name": "code", "measure": "attribute", "field": "code",
        "standard": {"function": "categories", "scores": {"M": 1.0, "R": 0.5}}}  # fmt: skip
HEIGHT = {"name": "height", "measure": "value", "raster": "ground",
          "standard": {"function": "linear", "low": 0, "high": 40}}  # fmt: skip


@pytest.fixture(scope="module")
def place(cluster, tmp_path_factory):
    """Parcels of 100 m west to east, by a road on the south of the first; the last is a strip."""
    home = tmp_path_factory.mktemp("city")
    with fresh_city(cluster) as conninfo:
        database = Database(conninfo)
        strips = [(x, -300, x + 90, -200) for x in (0, 100, 200)] + [(300, -300, 310, -200)]
        put(database, "parcels", squares(*strips, code=["M", "R", None, "M"]))
        road = squares((0, 0, 1, 1)).iloc[:1]
        line = shapely.LineString([(EAST - 10, NORTH - 310), (EAST + 95, NORTH - 310)])
        put(database, "roads", road.set_geometry([line], crs=4549))
        put(database, "fields", squares((150, -300, 400, -290)))
        put(database, "away", squares((90_000, 0, 90_100, 100), code=["M"]))
        store_ground(database, home)
        yield database, home / "rasters"
        database.close()


def test_parcels_are_scored_and_ranked_by_hand(place):
    database, store = place
    document = decide(
        database, "suitability", store=store, parcels="parcels", criteria=[ROAD, CODE],
        comparisons=[["road", "code", 3]], leading=1,
    )  # fmt: skip
    rows = output(database, document)
    away = np.array([10, np.hypot(5, 10), np.hypot(105, 10), np.hypot(205, 10)])
    assert rows["m_road"].to_numpy() == pytest.approx(away)
    scores = 0.75 * np.maximum(0, 1 - away / 200) + 0.25 * np.array([1, 0.5, np.nan, 1])
    assert rows["score"].to_numpy() == pytest.approx(scores, nan_ok=True)
    assert rows["rank"].to_list()[:2] == [1, 2]
    assert rows["status_en"].to_list() == ["scored", "scored", "no data", "scored"]
    assert document["summary"]["ahp"]["consistency_ratio"] == 0
    assert document["certificate"]["balance"]["without data"] == pytest.approx(9000)
    assert document["certificate"]["holds"]
    table = output(database, document, "sensitivity")
    assert table["weight"].to_list() == pytest.approx([0.75, 0.25])
    assert table["kept_lower"].to_list() == [1, 1]


def test_access_is_measured_along_the_network(place):
    """One way round three sides of a square, with a stop at the end of the second side."""
    database, _ = place
    corners = [(0, -400), (0, -350), (100, -350), (100, -400)]
    points = [(EAST + x, NORTH + y) for x, y in corners]
    lines = [shapely.LineString(points[n : n + 2]) for n in range(3)]
    network = gpd.GeoDataFrame(
        {"from_node": [1, 2, 3], "to_node": [2, 3, 4], "length_m": [50.0, 100.0, 50.0],
         "minutes": [1.0, 2.0, 1.0]}, geometry=lines, crs=4549,
    )  # fmt: skip
    put(database, "network", network)
    put(database, "stop", gpd.GeoDataFrame(geometry=[shapely.Point(points[2])], crs=4549))
    plots = squares((-5, -405, 5, -395), (-5, -355, 5, -345), (95, -355, 105, -345),
                    (95, -405, 105, -395))  # fmt: skip
    put(database, "plots", plots)
    access = {"name": "stop", "measure": "access", "layer": "stop", "network": "network",
              "standard": {"function": "linear", "low": 4, "high": 0}, "at_most": 2.5}  # fmt: skip
    document = decide(database, "suitability", parcels="plots", criteria=[access])
    rows = output(database, document)
    assert rows["m_stop"].tolist()[:3] == [3, 2, 0]
    assert np.isnan(rows["m_stop"].tolist()[3])  # against the one way no path leads
    assert rows["status_en"].tolist() == ["excluded", "scored", "scored", "no data"]
    metres = access | {"by": "distance", "at_most": 1000}
    rows = output(database, decide(database, "suitability", parcels="plots", criteria=[metres]))
    assert rows["m_stop"].tolist()[:3] == [150, 100, 0]
    chosen = decide(database, "site-selection", parcels="plots", criteria=[access])
    rows = output(database, chosen)
    assert rows["reasons_en"][1] == "stop 2.0 min ≤ 2.5 min: met (scores 0.50)"
    assert len(output(database, chosen, "sensitivity")) == 1
    with pytest.raises(Invalid, match="access needs network"):
        registry.find("suitability").parse({"parcels": "p", "criteria": [
            {k: v for k, v in access.items() if k != "network"}]})  # fmt: skip


def test_a_grid_becomes_a_raster_that_equals_the_same_by_hand(place):
    database, store = place
    document = decide(
        database, "suitability", store=store, area="parcels?filter=code IS NOT NULL", cell=10,
        criteria=[HEIGHT, ROAD | {"at_most": 60}],
    )  # fmt: skip
    (file,) = store.glob("suitability-*.tif")
    with rasterio.open(file) as data:
        cells = data.read(1)
        assert data.crs.to_epsg() == 4549
        assert (data.transform.c, data.transform.f) == (EAST, NORTH - 200)
    row, column = np.indices(cells.shape)
    x, y = 10 * column + 5, -200 - 10 * row - 5
    away = np.hypot(np.maximum(0, x - 95), y + 310)
    height = 0.5 * (20 + row) + 0.25 * column
    expected = (height / 40 + 1 - away / 200) / 2
    inside = ((x < 90) | ((x > 100) & (x < 190)) | ((x > 300) & (x < 310))) & (away <= 60)
    assert cells[inside] == pytest.approx(expected[inside], rel=1e-5)
    assert np.isnan(cells[~inside]).all()
    summary = document["summary"]
    assert summary["status"]["scored"] == inside.sum()
    assert sum(summary["status"].values()) == summary["units"] == 190
    assert document["certificate"]["unit"] == "cells"


def test_sites_with_their_reasons_a_map_and_a_page(place):
    database, store = place
    document = decide(
        database, "site-selection", store=store, parcels="parcels", area_min=5000, width_min=50,
        roads="roads", road_within=60, farmland="fields", dem="ground", slope_max=10, best=1,
    )  # fmt: skip
    rows = output(database, document)
    assert rows["rank"].dropna().to_list() == [1]
    assert rows["excluded_by"].to_list() == ["", "farmland", "road, farmland", "area, width, road, "
                                             "farmland"]  # fmt: skip
    # area 9000 of 5000 to 10000, width 90 of 50 to 100, road 10 m of 60, slope 3.2° of 10
    slope = np.degrees(np.arctan(np.hypot(0.05, 0.025)))
    assert rows["score"][0] == pytest.approx((0.8 + 0.8 + 5 / 6 + 1 - slope / 10) / 4, rel=1e-6)
    assert rows["reasons_zh"][0].startswith(
        "面积 9,000 m² ≥ 5,000 m²：符合（得分 0.80）；宽度 90 m"
    )
    assert "distance to a road 11 m ≤ 60 m: met" in rows["reasons_en"][1]
    assert "on basic farmland 4.4 % ≤ 0.0 %: not met" in rows["reasons_en"][1]
    assert document["summary"]["best"][0]["parcel_fid"] == 1
    with database.begin() as tx:
        drawing = job_files.find(tx.pg, document["job"], "map").content.decode()
        page = job_files.find(tx.pg, document["job"], "page").content.decode()
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    assert "推荐 best" in drawing
    assert "道路 roads" in drawing
    assert "占永久基本农田 0.0 %" in page


def test_what_is_wrong_is_told_in_a_line(place):
    database, store = place
    ask = {"database": database, "analysis": "suitability", "store": store}
    with pytest.raises(AssertionError, match="'parcels' has no column colour: it has code"):
        decide(**ask, parcels="parcels", criteria=[CODE | {"field": "colour"}])
    with pytest.raises(AssertionError, match="code holds words: score it by categories"):
        decide(**ask, parcels="parcels", criteria=[CODE | {"standard": ROAD["standard"]}])
    with pytest.raises(AssertionError, match="needs a layer of polygons to measure share"):
        decide(**ask, parcels="parcels", criteria=[ROAD | {"measure": "share"}])
    with pytest.raises(AssertionError, match="no cell's middle lies within"):
        decide(**ask, area="parcels?filter=code = 'R'", cell=5000, criteria=[ROAD])
    with pytest.raises(AssertionError, match="the area is empty"):
        decide(**ask, area="parcels?filter=code = 'X'", criteria=[ROAD])
    with pytest.raises(AssertionError, match=r"the raster 'ground.*lies elsewhere"):
        decide(**ask, parcels="away", criteria=[HEIGHT])
    with pytest.raises(NotFound, match="no layer 'secret'"):
        decide(**ask, parcels="parcels", criteria=[ROAD | {"layer": "secret"}])
    with pytest.raises(Invalid, match="two criteria are called road"):
        registry.find("suitability").parse({"parcels": "parcels", "criteria": [ROAD, ROAD]})
    with pytest.raises(Invalid, match="either `parcels`, or an `area`"):
        registry.find("suitability").parse({"criteria": [ROAD]})


def test_a_criterion_with_no_features_leaves_all_without_data(place):
    database, store = place
    none = ROAD | {"layer": "roads?filter=1 = 0"}
    document = decide(database, "suitability", store=store, parcels="parcels", criteria=[none])
    assert document["summary"]["status"] == {"scored": 0, "excluded": 0, "no data": 4}
    assert "'road' knows nothing of 4 units" in document["certificate"]["notes"]


def test_blocks_of_a_grid_are_as_one(place, monkeypatch):
    database, store = place
    ask = {"area": "parcels", "cell": 5, "criteria": [HEIGHT, ROAD | {"at_most": 60}],
           "store": store}  # fmt: skip
    seen = []
    for side in (256, 7):
        monkeypatch.setattr(grid_suitability, "BLOCK", side)
        document = decide(database, "suitability", **ask)
        with database.begin() as tx:
            found = rasters.find_visible(tx.pg, document["outputs"]["layer"], OWNER)
        with rasterio.open(store / found.editions[0].file) as data:
            cells = data.read(1)
        table = output(database, document, "sensitivity").select_dtypes("number")
        seen.append((cells, document["summary"], document["certificate"],
                     table.drop(columns="version")))  # fmt: skip
    (cells, told, proof, table), (blocks, *others) = seen
    assert np.array_equal(cells, blocks, equal_nan=True)
    assert np.isfinite(cells).sum() == told["status"]["scored"] == told["sensitivity_of_cells"]
    assert (others[0]["status"], others[0]["excluded_by"]) == (told["status"], told["excluded_by"])
    assert others[1] == proof
    assert np.allclose(others[2], table, equal_nan=True)
