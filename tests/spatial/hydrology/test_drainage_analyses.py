"""The analyses of drainage on rasters of the catalogue: published, by hand, and what is refused."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from grids import CELL, NORTH, WEST, geotiff
from ground_models import hills, pierced

from citytwin.input_files import loaded
from citytwin.rasters import store_raster
from citytwin.settings import settings
from datasets.load import load
from spatial.analyses import jobs, registry
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.hydrology.accumulation import accumulate
from spatial.hydrology.curve_number import runoff
from spatial.hydrology.depressions import fill
from spatial.hydrology.direction import d8

ROWS, COLUMNS = 40, 60
DATUM = "EPSG:5737"


@pytest.fixture
def city(database, tmp_path):
    """Runs an analysis on the ground that is stored under `ground`."""
    store = tmp_path / "rasters"

    def work(analysis, expect="successful", output=None, **inputs):
        job = jobs.submit(database, analysis, inputs, AsOf(), OWNER, output)
        run(database, job, store=store)
        done = jobs.get(database, job, OWNER)
        assert done.status == expect, done.message
        return done.document() if expect == "successful" else done.message

    def ground(cells, name="ground", **options):
        file = geotiff(tmp_path / f"{name}.tif", cells, **options)
        store_raster(database, store, file, name=name, vertical_datum=DATUM)

    def cells(name):
        (file,) = (one for one in store.glob("*.tif") if one.name.startswith(name))
        with rasterio.open(file) as data:
            return data.read(1, masked=True)

    work.ground, work.cells, work.database = ground, cells, database
    return work


def put(database, tmp_path, name, frame):
    frame.to_file(tmp_path / f"{name}.gpkg", layer=name, engine="pyogrio")
    load(database, tmp_path / f"{name}.gpkg", author="test", rejects_dir=tmp_path / "rejects")


def centre(row, column):
    return {"x": WEST + CELL * (column + 0.5), "y": NORTH - CELL * (row + 0.5)}


@pytest.fixture
def valley(city):
    """A valley that falls to the south: each row drains to the middle column."""
    row, column = np.indices((30, 21))
    city.ground((100 - row + 3.0 * np.abs(column - 10)).astype(np.float32))
    return city


def test_the_valley_drains_through_its_mouth(valley):
    done = valley("flow-accumulation", dem="ground")
    assert done["summary"]["cells"] == 630
    assert done["certificate"]["holds"]
    x, y = done["summary"]["max_at"]
    assert {"x": x, "y": y} == centre(29, 10)
    there = valley("watershed", dem="ground", **centre(29, 10))
    assert there["summary"]["cells"] == done["summary"]["max_accumulation"]
    assert there["summary"]["area_m2"] == pytest.approx(100 * there["summary"]["cells"])


def test_accumulation_is_that_of_the_kernels(city):
    heights = pierced(hills(ROWS, COLUMNS))
    city.ground(heights)
    done = city("flow-accumulation", dem="ground", output="flow")
    codes = d8(fill(heights), np.full(ROWS, CELL), np.full(ROWS, CELL))
    counts = accumulate(codes)
    assert done["summary"]["max_accumulation"] == counts.max()
    assert done["summary"]["cells"] == np.isfinite(heights).sum()
    found = city.cells("accumulation")
    np.testing.assert_array_equal(found.filled(0), counts)


def test_points_one_above_the_other_share_the_ground(valley, tmp_path):
    rows = gpd.GeoDataFrame(
        {"name": ["low", "high"]},
        geometry=gpd.points_from_xy(
            [centre(29, 10)["x"], centre(9, 10)["x"]], [centre(29, 10)["y"], centre(9, 10)["y"]]
        ),
        crs=4549,
    )
    put(valley.database, tmp_path, "gauges", rows)
    done = valley("watershed", dem="ground", points="gauges", output="sheds")
    found = read_frame(valley.database, "sheds", AsOf(), OWNER).set_index("point")
    assert done["certificate"]["holds"]
    assert found.loc[1, "cells"] + found.loc[2, "upstream_cells"] == found.loc[1, "upstream_cells"]
    assert found.loc[2, "cells"] == found.loc[2, "upstream_cells"]
    assert found.area.to_numpy() == pytest.approx(100 * found["cells"].to_numpy())


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"dem": "ground"}, "give both 'x' and 'y'"),
        ({"dem": "ground", "x": 1}, "give both 'x' and 'y'"),
        ({"x": 1, "y": 2}, "either 'dem' or 'directions'"),
        ({"dem": "ground", "x": "nan", "y": 2}, "finite"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_door(inputs, message):
    with pytest.raises(Invalid, match=message):
        registry.find("watershed").parse(inputs)


def test_points_outside_and_without_data_are_refused(city):
    heights = hills(ROWS, COLUMNS)
    heights[3:6, 3:6] = np.nan
    city.ground(heights)
    assert "outside the raster" in city("watershed", "failed", dem="ground", x=0, y=0)
    assert "no data" in city("watershed", "failed", dem="ground", **centre(4, 4))


def test_fill_keeps_the_datum_and_leaves_nothing_trapped(city):
    heights = hills(ROWS, COLUMNS)
    city.ground(heights)
    done = city("fill", dem="ground")
    assert done["certificate"]["holds"]
    np.testing.assert_array_equal(city.cells("height").filled(np.nan), fill(heights))
    expected = fill(heights).astype(float) - heights
    assert done["summary"]["fill_volume"] == pytest.approx(expected.sum() * 100)
    assert done["summary"]["trapped_cells"] == 0
    cut = city("fill", dem="ground", conditioning="breach", output="cut")["summary"]
    assert (cut["trapped_cells"], cut["raised_cells"]) == (0, 0)
    assert cut["lowered_cells"] > 0
    bare = city("fill", dem="ground", conditioning="none", output="bare")
    assert bare["summary"]["trapped_cells"] > 0
    assert not bare["certificate"]["holds"]


def test_directions_that_are_no_codes_are_refused(city):
    city.ground(np.full((3, 3), 3, np.float32))
    assert "3 is no direction" in city("flow-accumulation", "failed", directions="ground")


def test_pysheds_published_catchment(city, shared_data, database, tmp_path):
    chosen = settings({}, data_dir=tmp_path)
    file = f"{shared_data / 'hydrology/pysheds/dir.asc'}?crs=EPSG:4326"
    given = loaded(database, chosen, registry.find("watershed"), {"directions": file})
    point = {"x": -97.294167, "y": 32.7375}
    assert city("watershed", **given, **point, cell="corner")["summary"]["cells"] == 11422
    assert city("watershed", **given, **point)["summary"]["cells"] == 11430
    most = city("flow-accumulation", **given)["summary"]["max_accumulation"]
    assert most in (77260, 77261)
    dem = str(shared_data / "hydrology/pysheds/dem.tif")
    given = loaded(database, chosen, registry.find("watershed"), {"dem": dem})
    assert city("watershed", **given, **point)["summary"]["cells"] > 11300


def test_streams_basins_and_hand_of_the_valley(valley, tmp_path):
    done = valley("streams", dem="ground", threshold=40, output="rivers")
    assert done["certificate"]["holds"]
    rivers = read_frame(valley.database, "rivers", AsOf(), OWNER)
    assert rivers["strahler"].max() == done["summary"]["highest_order"]
    assert rivers.length.sum() == pytest.approx(done["summary"]["length_m"])
    polder = gpd.GeoDataFrame(
        {"name": ["polder"]},
        geometry=gpd.GeoSeries.from_wkt(
            [f"POLYGON(({WEST} {NORTH}, {WEST + 50} {NORTH}, {WEST + 50} {NORTH - 40}, "
             f"{WEST} {NORTH - 40}, {WEST} {NORTH}))"]
        ),
        crs=4549,
    )  # fmt: skip
    put(valley.database, tmp_path, "polders", polder)
    done = valley("sub-basins", dem="ground", threshold=40, given="polders", output="basins")
    assert done["certificate"]["holds"]
    basins = read_frame(valley.database, "basins", AsOf(), OWNER)
    assert basins["cells"].sum() + done["summary"]["meet_no_stream"] == 630
    assert basins.loc[basins["given"] == 1, "cells"].tolist() == [20]
    assert basins.area.sum() == pytest.approx(done["summary"]["area_m2"])
    assert "meets" not in valley("streams", "failed", dem="ground", threshold=10_000)
    done = valley("hand", dem="ground", threshold=20, output="above")
    assert done["certificate"]["holds"]
    found = valley.cells("hand")
    assert found[20, 10] == 0
    assert found[20, 13] == pytest.approx(9, abs=4)


def test_terrain_and_contours(valley):
    done = valley("terrain", dem="ground", measures="slope,aspect", output="relief")
    assert set(done["outputs"]) == {"slope", "aspect"}
    assert done["certificate"]["holds"]
    slope = valley.cells("slope")[5, 3]
    assert slope == pytest.approx(np.degrees(np.arctan(np.hypot(0.1, 0.3))), rel=1e-5)
    done = valley("contours", dem="ground", interval=5, output="lines")
    assert done["certificate"]["holds"]
    lines = read_frame(valley.database, "lines", AsOf(), OWNER)
    assert (lines["height"] % 5 == 0).all()
    assert lines.loc[lines["index_line"], "height"].unique().tolist() == [75, 100, 125]


def test_rivers_are_burnt_in(valley, tmp_path):
    """A canal along the west edge takes what lies beside it."""
    before = valley("flow-accumulation", dem="ground")["summary"]["max_accumulation"]
    ditch = f"LINESTRING({WEST + 5} {NORTH - 5}, {WEST + 5} {NORTH - 295})"
    canal = gpd.GeoDataFrame({"n": [1]}, geometry=gpd.GeoSeries.from_wkt([ditch]), crs=4549)
    put(valley.database, tmp_path, "canals", canal)
    burnt = valley("flow-accumulation", dem="ground", burn="canals", burn_depth=50)
    assert burnt["certificate"]["holds"]
    assert burnt["summary"]["max_accumulation"] < before


def box(*rows_columns):
    top, left, bottom, right = rows_columns
    west, north = WEST + CELL * left, NORTH - CELL * top
    return shapely.box(west, NORTH - CELL * bottom, WEST + CELL * right, north)


def test_runoff_of_a_park_and_a_works(valley, tmp_path):
    """Half of the basin is a park, half industry; a strip is of no known use."""
    use = gpd.GeoDataFrame(
        {"land_code": ["1401", "1001"]}, geometry=[box(0, 0, 30, 10), box(0, 10, 30, 20)], crs=4549
    )
    basin = gpd.GeoDataFrame({"name": ["all"]}, geometry=[box(0, 0, 30, 21)], crs=4549)
    put(valley.database, tmp_path, "uses", use)
    put(valley.database, tmp_path, "basin", basin)
    given = {"dem": "ground", "basins": "basin", "land_use": "uses", "soil_group": "B"}
    done = valley("runoff", **given, storm="scs-ii", depth=152.4, output="flood")
    assert done["certificate"]["holds"]
    assert done["summary"]["left_out_m2"] == 30 * 100
    row = read_frame(valley.database, "flood", AsOf(), OWNER).iloc[0]
    depths = runoff(152.4, [61, 88])
    assert row["runoff_mm"] == pytest.approx(depths.mean())
    assert row["curve_number"] == pytest.approx(74.5)
    flow = read_frame(valley.database, "flood_hydrograph", AsOf(), OWNER)
    assert flow["flow_m3s"].max() == pytest.approx(row["peak_m3s"])
    assert flow["flow_m3s"].sum() * 300 == pytest.approx(row["runoff_m3"])
    cells = valley.cells("runoff")
    assert cells[3, 3] == pytest.approx(depths[0], rel=1e-6)
    assert cells[3, 13] == pytest.approx(depths[1], rel=1e-6)
    assert cells.mask[3, 20]
    storm = valley("runoff", **given)["summary"]
    assert storm["rain_mm"] == pytest.approx(69.956, abs=1e-3)
    assert "no column" in valley("runoff", "failed", **given, land_use_column="kind")


@pytest.mark.parametrize("words", [{"storm": "scs-i"}, {"depth": 5}, {"storm": "gauge"}])
def test_a_storm_is_told_in_one_way(words):
    given = {"dem": "a", "basins": "b", "land_use": "c"}
    with pytest.raises(Invalid, match=r"give '(depth|gauge)'"):
        registry.find("runoff").parse(given | words)
