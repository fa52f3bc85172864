"""A quick answer: levels over ground by hand, connected or not, and by HAND."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from grids import CELL, NORTH, WEST, geotiff

from citytwin.rasters import store_raster
from datasets.load import load
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.errors import Invalid
from spatial.grant import OWNER
from spatial.hydrology.bathtub import Pool, bathtub, spills

#: A river at the left, a dike of 5 m, low ground behind it with a hole that has no data.
ROW = np.array([1.0, 2.0, 5.0, 1.5, np.nan, 2.5])
HEIGHTS = np.tile(ROW, (4, 1))
RIVER = np.zeros(HEIGHTS.shape, bool)
RIVER[:, 0] = True


def test_a_dike_keeps_the_water_out_until_it_stands_higher():
    depth, cut_off = bathtub(HEIGHTS, [Pool(3.0, RIVER)])
    assert depth[0].tolist() == [2.0, 1.0, 0, 0, 0, 0]
    assert cut_off[0].tolist() == [False, False, False, True, False, True]
    over, dry = bathtub(HEIGHTS, [Pool(5.5, RIVER)])
    assert over[0].tolist() == [4.5, 3.5, 0.5, 4.0, 0, 0]
    assert dry[0].tolist() == [False] * 5 + [True]
    assert spills(HEIGHTS, depth) == spills(HEIGHTS, over) == 0


def test_a_gap_lets_it_in():
    open_dike = HEIGHTS.copy()
    open_dike[2, 2] = 2.9
    depth, cut_off = bathtub(open_dike, [Pool(3.0, RIVER)])
    assert depth[0, 3] == 1.5
    assert not cut_off[:, 3].any()
    assert spills(open_dike, np.where(open_dike == 2.9, 0, depth)) == 2


def test_without_a_source_all_low_ground_is_covered_and_pools_have_levels_of_their_own():
    depth, cut_off = bathtub(HEIGHTS, [Pool(3.0)])
    assert depth[0].tolist() == [2.0, 1.0, 0, 1.5, 0, 0.5]
    assert not cut_off.any()
    behind = np.zeros(HEIGHTS.shape, bool)
    behind[1, 3] = True
    both, _ = bathtub(HEIGHTS, [Pool(3.0, RIVER), Pool(2.0, behind)])
    assert both[0].tolist() == [2.0, 1.0, 0, 0.5, 0, 0]


@pytest.fixture
def city(database, tmp_path):
    store = tmp_path / "rasters"
    file = geotiff(tmp_path / "dem.tif", HEIGHTS.astype(np.float32))
    store_raster(database, store, file, name="dem", vertical_datum="EPSG:5737")
    hand = geotiff(tmp_path / "hand.tif", np.abs(HEIGHTS - 1).astype(np.float32))
    store_raster(database, store, hand, name="above")
    place = shapely.box(WEST, NORTH - 4 * CELL, WEST + CELL / 2, NORTH)
    rows = {"river": ({"level": [3.0], "vertical_datum": ["EPSG:5737"]}, place),
            "wusong": ({"level": [3.0], "vertical_datum": ["WUSONG"]}, place),
            "far": ({"level": [3.0]}, shapely.Point(0, 0))}  # fmt: skip
    for name, (columns, shape) in rows.items():
        made = gpd.GeoDataFrame(columns, geometry=[shape], crs=4549)
        made.to_file(tmp_path / f"{name}.gpkg", layer=name, engine="pyogrio")
        load(database, tmp_path / f"{name}.gpkg", author="test", rejects_dir=tmp_path / "rejects")

    def work(**inputs):
        job = jobs.submit(database, "inundation-static", inputs, AsOf(), OWNER)
        run(database, job, store=store)
        return jobs.get(database, job, OWNER)

    return work


def test_the_analysis_tells_what_is_flooded_and_what_is_cut_off(city):
    done = city(dem="dem", sources="river", vertical_datum="EPSG:5737")
    told = done.result["summary"]
    cell = CELL * CELL
    assert (told["flooded_m2"], told["cut_off_m2"]) == (8 * cell, 8 * cell)
    assert (told["volume_m3"], told["max_depth"]) == (12 * cell, 2.0)
    assert done.result["certificate"]["holds"]
    above = city(hand="above", stage=1.2).result["summary"]
    assert above["volume_m3"] == pytest.approx(4 * cell * (1.2 + 0.2 + 0.7), rel=1e-6)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"dem": "dem", "level": 3, "vertical_datum": "EPSG:5736"}, "cannot be mixed"),
        ({"dem": "dem", "sources": "wusong"}, "cannot be mixed"),
        ({"dem": "dem", "sources": "far"}, "outside the grid"),
    ],
)
def test_what_makes_no_sense_is_told(city, inputs, reason):
    assert reason in city(**inputs).message


@pytest.mark.parametrize(
    "inputs",
    [{"dem": "d"}, {"hand": "h"}, {"dem": "d", "hand": "h"}, {"dem": "d", "stage": 1},
     {"hand": "h", "stage": 1, "level": 2}, {"hand": "h", "stage": -1}],
)  # fmt: skip
def test_only_one_method_at_a_time(database, inputs):
    with pytest.raises(Invalid):
        jobs.submit(database, "inundation-static", inputs, AsOf(), OWNER)
