"""One storm for runoff and inundation, designed or measured; two moments and a scenario."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pytest
import shapely
from grids import CELL, NORTH, WEST, geotiff
from rasterio.transform import from_origin

import twin_model.known  # noqa: F401
from citytwin.rasters import store_raster
from datasets.load import load
from spatial import scenario
from spatial.analyses import jobs, registry
from spatial.analyses.runner import run
from spatial.asof import AsOf, as_of
from spatial.edit import edit
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.hydrology.curve_number import runoff
from spatial.hydrology.design_storm import IntensityFormula, chicago, measured
from spatial.moment import resolve
from spatial.query import snapshot
from spatial.rasters import editions, find_visible
from twin_model import assets
from twin_model.decode import CSV, decode
from twin_model.store import store as keep

ROWS, COLUMNS = 20, 30
AREA = ROWS * COLUMNS * CELL * CELL
READINGS = """asset,property,at,value
YL1,rainfall,2026-06-01T02:00:00Z,6
YL1,rainfall,2026-06-01T02:10:00Z,12
YL1,rainfall,2026-06-01T02:40:00Z,3
"""


def test_a_storms_intensity_is_its_rain():
    storm = chicago(IntensityFormula(), 2, 60, 0.4, 5)
    assert storm.intensity.total(0, 3600) * 1 / 3600 == pytest.approx(storm.depth, rel=1e-12)
    assert storm.intensity.at(3601) == 0
    spread = measured(np.array([0.0, 30.0]), np.array([2.0, 6.0]), 10)
    assert spread.intensity.at(15 * 60) == pytest.approx(12)


@pytest.fixture
def city(database, tmp_path):
    """Land that was meadow until 2010 and is a market since; a plan makes it a park; a gauge."""
    store = tmp_path / "rasters"
    heights = np.full((ROWS, COLUMNS), 3.0, np.float32)
    store_raster(database, store, geotiff(tmp_path / "g.tif", heights), name="ground")
    friction = np.full((2, 3), 0.05, np.float32)  # ten times as coarse
    wide = from_origin(WEST, NORTH, 10 * CELL, 10 * CELL)
    store_raster(database, store, geotiff(tmp_path / "n.tif", friction, transform=wide), name="n")
    soaks = np.full((2, 3), 3.6, np.float32)
    soaks[:, 0] = 0
    store_raster(database, store, geotiff(tmp_path / "s.tif", soaks, transform=wide), name="soaks")
    whole = shapely.box(WEST, NORTH - ROWS * CELL, WEST + COLUMNS * CELL, NORTH)

    def put(name, shapes, **columns):
        frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4549)
        frame.to_file(tmp_path / f"{name}.gpkg", layer=name, engine="pyogrio")
        load(
            database, tmp_path / f"{name}.gpkg", author="test", rejects_dir=tmp_path / "rejects",
            valid_from="since" if "since" in columns else None,
            valid_to="until" if "until" in columns else None,
        )  # fmt: skip

    put("basins", [whole], code=["b"])
    put("land", [whole] * 2, land_code=["0403", "0901"], since=["2000-01-01", "2010-01-01"],
        until=["2010-01-01", None])  # fmt: skip
    put("gauges", [whole.centroid], code=["YL1"])
    assets.register(database, "gauges", {"id": "code"})
    keep(database, decode(READINGS.encode(), CSV, ZoneInfo("UTC")), OWNER, key="rain")

    def work(analysis, asof=None, **inputs):
        job = jobs.submit(database, analysis, inputs, asof or AsOf(), OWNER)
        run(database, job, store=store)
        done = jobs.get(database, job, OWNER)
        assert done.status == "successful", done.message
        return done.document()

    work.database = database
    return work


def test_the_twins_gauge_rains_on_runoff_and_on_inundation(city):
    """21 mm in 50 min: 2 to 2:40, and 10 minutes before the first reading."""
    gauge = {"storm": "gauge", "gauge": "gauges?property=rainfall", "step": 10}
    land = {"dem": "ground", "basins": "basins", "land_use": "land"}
    told = city("runoff", **land, **gauge)["summary"]
    assert told["rain_mm"] == pytest.approx(21)
    flood = city("inundation", dem="ground", duration=3600, edges="closed", manning="n",
                 infiltration="soaks", interval=1800, **gauge)  # fmt: skip
    balance = flood["certificate"]["balance"]
    assert balance["rain"] == pytest.approx(0.021 * AREA, rel=1e-9)
    assert flood["certificate"]["holds"]
    # two thirds of the ground take 3.6 mm/h for as long as there is water
    assert balance["infiltrated"] == pytest.approx(0.0036 * AREA * 2 / 3, rel=0.05)
    with snapshot(city.database) as pg:
        raster = find_visible(pg, flood["outputs"]["depth"], OWNER)
        moments = [one.valid.start for one in editions(pg, raster, resolve(pg, AsOf()))]
    assert min(moments) == datetime(2026, 6, 1, 2, 20, tzinfo=UTC)  # half an hour after 1:50


def test_two_moments_and_a_scenario_run_off_as_their_land_does(city):
    """The same storm over meadow, market and park: Q by hand, and by the rows of the output."""
    scenario.create(city.database, "park", author="planner")
    (fid,) = read_frame(city.database, "land", AsOf(), OWNER)["fid"]
    with edit(city.database, "land", author="planner", scenario="park") as editor:
        editor.update(fid, {"land_code": "1401"})
    given = {
        "dem": "ground",
        "basins": "basins",
        "land_use": "land",
        "storm": "scs-ii",
        "depth": 150,
    }
    found = {}
    for name, asof in (("2005", as_of("2005")), ("now", AsOf()), ("park", AsOf(scenario="park"))):
        told = city("runoff", asof, **given)
        (row,) = read_frame(city.database, told["outputs"]["layer"], AsOf(), OWNER).to_dict(
            "records"
        )
        assert row["runoff_mm"] == pytest.approx(runoff(150.0, row["curve_number"]), rel=1e-9)
        assert told["summary"]["as_of"]["scenario"] == ("park" if name == "park" else "main")
        found[name] = row
    assert found["2005"]["runoff_mm"] < found["now"]["runoff_mm"]
    assert found["park"]["curve_number"] == 74  # open space in good condition on soil C
    assert found["now"]["peak_m3s"] > found["park"]["peak_m3s"] > 0


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"storm": "gauge"}, "give 'gauge'"),
        ({"storm": "scs-ii"}, "give 'depth'"),
        ({"storm": "chicago", "rain": 5}, "either 'rain' or a 'storm'"),
        ({"rain": [[0, 5], [60, None]]}, "gap"),
        ({"rain": [[60, 5], [0, 2]]}, "must ascend"),
        ({"manning": 0}, "greater than 0"),
        ({"infiltration": -1}, "greater than or equal"),
        ({"duration": 0}, "greater than 0"),
    ],
)
def test_storms_that_make_no_sense_are_refused(inputs, reason):
    with pytest.raises(Invalid, match=reason):
        registry.find("inundation").parse({"dem": "g", "duration": 60} | inputs)


def test_a_storm_of_zero_leaves_all_dry(city):
    told = city("inundation", dem="ground", duration=60, storm="scs-i", depth=0)
    assert told["summary"]["wet_m2"] == 0
    assert told["certificate"]["holds"]
