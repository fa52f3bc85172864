"""The analysis `inundation`: Merewether in 2007, small floods by hand, and what is refused."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from grids import CELL, NORTH, WEST, geotiff

from benchmarks.merewether import stages
from citytwin.rasters import store_raster
from datasets.load import load
from spatial.analyses import jobs, queue, workshop
from spatial.analyses.grids import GridFile
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.errors import Invalid, Unavailable
from spatial.grant import OWNER
from spatial.hydrology.flood_grid import FloodGrid, coarse
from spatial.hydrology.shallow.placing import crossed

EAST = WEST + 30 * CELL
SOUTH = NORTH - 20 * CELL


def test_merewether_stands_where_it_was_seen(shared_data):
    """Steady stages: within 0.25 m of what was observed, and 0.15 m of TUFLOW's."""
    found = stages(shared_data / "hydrology" / "merewether", 2)
    assert found["less observed"].abs().max() < 0.25
    assert found["less TUFLOW"].abs().max() < 0.15


@pytest.fixture
def city(database, tmp_path):
    store = tmp_path / "rasters"

    def work(expect="successful", **inputs):
        job = jobs.submit(
            database, "inundation", {"dem": "ground", "duration": 600} | inputs, AsOf(), OWNER
        )
        run(database, job, store=store)
        done = jobs.get(database, job, OWNER)
        assert done.status == expect, done.message
        return done.document() if expect == "successful" else done.message

    def put(name, columns, *shapes):
        frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4549)
        frame.to_file(tmp_path / f"{name}.gpkg", layer=name, engine="pyogrio")
        load(database, tmp_path / f"{name}.gpkg", author="test", rejects_dir=tmp_path / "rejects")

    def ground(cells, **options):
        file = geotiff(tmp_path / "ground.tif", cells, **options)
        store_raster(database, store, file, name="ground", vertical_datum="EPSG:5737")

    work.put, work.ground, work.database, work.store = put, ground, database, store
    return work


def at(row, column):
    return shapely.Point(WEST + CELL * (column + 0.5), NORTH - CELL * (row + 0.5))


def test_a_hydrograph_fills_a_polder_that_a_wall_parts(city):
    """600 s from 0 to 2 m³/s are 600 m³: all west of the wall, where the gauge reads them."""
    city.ground(np.full((20, 30), 3.0, np.float32))
    city.put("river", {"discharge": ["[[0, 0], [600, 2]]"]}, at(5, 5))
    city.put(
        "dike",
        {"crest": [6.0]},
        shapely.LineString([(WEST + 10 * CELL, NORTH + 9), (WEST + 10 * CELL, SOUTH - 9)]),
    )
    city.put("gauges", {"name": ["west", "east"]}, at(10, 5), at(10, 20))
    told = city(inflow="river", walls="dike", gauges="gauges", interval=300)
    west, east = told["summary"]["gauges"]
    assert told["certificate"]["balance"]["stored"] == pytest.approx(600, rel=1e-9)
    assert west["name"] == "west"
    assert west["stage"] == pytest.approx(3 + 600 / (200 * CELL * CELL), abs=0.03)
    assert (east["stage"], east["depth"], east["arrival_s"]) == (3.0, 0.0, None)
    assert [time for time, _ in west["stages"]] == [300, 600]
    assert set(told["outputs"]) == {
        "depth", "speed", "max_depth", "max_speed", "hazard", "arrival"
    }  # fmt: skip
    assert told["certificate"]["holds"]


def test_a_storm_on_buildings_runs_off_to_the_ground(city):
    cells = np.full((20, 30), 3.0, np.float32)
    city.ground(cells)
    house = shapely.box(WEST + 5 * CELL, NORTH - 9 * CELL, WEST + 9 * CELL, NORTH - 5 * CELL)
    city.put("houses", {"storeys": [2]}, house)
    told = city(buildings="houses", rain=json.dumps([[0, 36], [300, 0]]), infiltration=3.6)
    balance = told["certificate"]["balance"]
    assert balance["rain"] == pytest.approx(0.003 * 600 * CELL * CELL, rel=1e-6)
    assert balance["infiltrated"] == pytest.approx(600 * 1e-6 * (600 - 16) * CELL * CELL, rel=0.01)


def test_a_lost_attempt_goes_on_where_it_was(city):
    """The same water to the bit, with no moment computed twice."""
    city.ground(np.full((20, 30), 3.0, np.float32))
    city.put("river", {"discharge": [2.0]}, at(5, 5))
    city.put("gauges", {"name": ["west"]}, at(10, 5))
    inputs = {"dem": "ground", "inflow": "river", "gauges": "gauges", "duration": 600}
    whole = city(**inputs)
    job = jobs.submit(city.database, "inundation", inputs, AsOf(), OWNER)

    def lost(share, message):
        if message == "420 s":
            raise Unavailable("the worker is gone")

    with pytest.raises(Unavailable):
        run(city.database, job, store=city.store, watch=lost)
    while jobs.get(city.database, job, OWNER).status == "running":
        queue.rescue(city.database)  # as soon as the lost one's connection is gone
    workshop.sweep(city.database, city.store)
    told = []
    run(city.database, job, store=city.store, watch=lambda share, message: told.append(message))
    done = jobs.get(city.database, job, OWNER)
    assert done.status == "successful", done.message
    assert [one for one in told if one.endswith(" s")] == ["420 s", "480 s", "540 s", "600 s"]
    for name in ("gauges", "steps", "max_depth", "wet_m2"):
        assert done.result["summary"][name] == whole["summary"][name]
    assert done.result["certificate"] == whole["certificate"]
    assert not list((city.store / ".runs").glob("*"))


def test_coarser_cells_hold_the_means_and_runoff_takes_from_the_rain(city, tmp_path):
    """Of 20 mm in an hour 15 run off the west and nothing off the east."""
    city.ground(np.full((20, 30), 3.0, np.float32))
    ran = np.zeros((20, 30), np.float32)
    ran[:, :10] = 15
    store_raster(city.database, city.store, geotiff(tmp_path / "ran.tif", ran), name="ran")
    told = city(cell=2 * CELL, storm="chicago", storm_duration=60, runoff="ran", edges="closed",
                duration=3600, formula_a=20 / (167 * 0.36 / 60**0.5), formula_c=0, formula_b=0,
                formula_n=0.5)  # fmt: skip
    assert told["summary"]["cells"] == 150
    rained = told["certificate"]["balance"]["rain"]
    assert rained == pytest.approx(0.015 * 200 * CELL * CELL, rel=1e-6)
    assert "no multiple" in city("failed", cell=15)
    assert "the same 'storm'" in city("failed", runoff="ran")
    assert "another storm" in city("failed", runoff="ran", storm="scs-ii", depth=10)


def test_means_leave_out_cells_without_data():
    cells = np.array([[1.0, 3, np.nan, np.nan], [np.nan, 5, np.nan, np.nan], [9, 9, 9, 9]])
    np.testing.assert_array_equal(coarse(cells, 2), [[3, np.nan]])


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"inflow": "far"}, "outside the grid"),
        ({"inflow": "empty"}, "column 'discharge'"),
        ({"inflow": "backward"}, "must ascend"),
        ({"inflow": "gap"}, "gap"),
        ({"inflow": "hole"}, "no ground"),
        ({"gauges": "hole"}, "no ground"),
        ({"vertical_datum": "EPSG:5736"}, "cannot be mixed"),
        ({"levels": "wusong"}, "cannot be mixed"),
        ({"initial": "wide"}, "other cells"),
        ({"interval": 0.1}, "longer interval"),
    ],
)
def test_what_makes_no_sense_is_refused(city, tmp_path, inputs, reason):
    cells = np.full((20, 30), 3.0, np.float32)
    cells[2, 2] = -9999
    city.ground(cells, nodata=-9999)
    if "initial" in inputs:
        wide = geotiff(tmp_path / "wide.tif", np.zeros((5, 5), np.float32))
        store_raster(city.database, city.store, wide, name="wide")
        assert reason in city("failed", **inputs)
        return
    (name,) = [one for one in inputs.values() if isinstance(one, str)][:1] or [""]
    if not name.startswith("EPSG") and name:
        words = {"backward": "[[0, 1], [60, 2], [30, 1]]", "gap": "[[0, 1], [60, null]]"}
        discharge = {"discharge": [words.get(name, "1")]} if name != "empty" else {"note": ["x"]}
        if name == "wusong":
            discharge = {"level": [3.5], "vertical_datum": ["WUSONG"]}
        place = {"far": shapely.Point(WEST - 99, NORTH), "hole": at(2, 2)}.get(name, at(5, 5))
        city.put(name, discharge, place)
    assert reason in city("failed", **inputs)


@pytest.mark.parametrize(
    ("srid", "tall", "reason"), [(4326, 1, "true metres"), (3857, 1, "metres"), (4549, 2, "square")]
)
def test_a_grid_of_other_cells_is_refused(tmp_path, srid, tall, reason):
    with rasterio.open(
        tmp_path / "g.tif", "w", driver="GTiff", width=4, height=3, count=1, dtype="float32",
        crs=srid, transform=rasterio.Affine(0.5, 0, 120, 0, -0.5 * tall, 31),
    ) as made:  # fmt: skip
        made.write(np.zeros((1, 3, 4), np.float32))
    with pytest.raises(Invalid, match=reason):
        FloodGrid.of(GridFile(None, tmp_path / "g.tif", srid, None))


def test_negative_rain_is_refused(database):
    with pytest.raises(Invalid, match="rain must not be negative"):
        jobs.submit(database, "inundation", {"dem": "g", "duration": 1, "rain": -1}, AsOf(), OWNER)


def test_a_wall_along_the_middles_of_cells_parts_them():
    line = shapely.LineString([(0, 5), (30, 5)])
    across, along = crossed(line, rasterio.Affine(10, 0, 0, 0, -10, 30), (3, 3))
    assert not across[:2].any()
    assert along.any(axis=0).all()
