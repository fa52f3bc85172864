"""Exposure to water: Kampen's depths, buildings and curves; cells and curves by hand."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import shapely.affinity
from grids import NORTH, WEST, geotiff
from rasterio.transform import from_origin

from citytwin.rasters import store_raster
from datasets.load import load
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.errors import Invalid
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.hydrology.exposure import Curves, deepest_along, exposed
from spatial.hydrology.flood_exposure import certificate
from spatial.traffic.impact import met

HOUSE = Curves.of(
    pd.DataFrame({"kind": "house", "depth": [0.0, 1.0, 2.0], "damage": [0.0, 100.0, 150.0]})
)
GRID = from_origin(0, 20, 10, 10)
DEPTH = np.array([[0.0, 0.5], [1.5, 3.0]])


def test_damage_by_hand():
    """25 m² in each of four cells: 25 × (0 + 50 + 125 + 150); beyond the grid it is dry."""
    areas = np.array([shapely.box(5, 5, 15, 15), shapely.box(-10, 10, 10, 20)], object)
    found = exposed(areas, np.array(["house", "house"], object), DEPTH, GRID, HOUSE)
    assert found.damage == pytest.approx([25 * 325, 0])
    assert found.deepest.tolist() == [3.0, 0.0]
    assert found.mean[0] == pytest.approx(5 / 3)
    assert found.area[0].tolist() == pytest.approx([25, 0, 0, 25, 0, 25, 25])
    assert found.area[1].tolist() == pytest.approx([200, 0, 0, 0, 0, 0, 0])
    assert certificate(areas, found).holds


def test_a_kind_without_a_curve_has_no_damage_to_tell():
    found = exposed(
        np.array([shapely.box(10, 0, 20, 10)], object), np.array(["shed"], object), DEPTH, GRID,
        HOUSE,
    )  # fmt: skip
    assert np.isnan(found.damage).all()


def test_roads_meet_the_deepest_water_on_their_way():
    lines = np.array(
        [shapely.LineString([(1, 19), (19, 19)]), shapely.MultiLineString([[(1, 1), (19, 1)]]),
         shapely.LineString([(-50, -50), (-40, -40)])], object,
    )  # fmt: skip
    assert deepest_along(lines, DEPTH, GRID).tolist() == [0.5, 3.0, 0.0]


@pytest.mark.parametrize(("depth", "damage"), [([0.0, 0.0], [1.0, 2.0]), ([0.0, 1.0], [0.0, -1.0])])
def test_curves_that_make_no_sense_are_refused(depth, damage):
    with pytest.raises(Invalid):
        Curves.of(pd.DataFrame({"kind": "a", "depth": depth, "damage": damage}))


def test_kampens_buildings_cost_what_cells_and_curves_say(shared_data):
    """Against shapely's overlay of each building with each cell."""
    folder = shared_data / "landuse" / "kampen_nl"
    share = pd.read_csv(folder / "curves_osm.csv").melt(
        "depth", var_name="kind", value_name="share"
    )
    most = pd.read_csv(folder / "maxdam_osm.csv").set_index("object_type")["damage"]
    curves = Curves.of(share.assign(damage=share["share"] * share["kind"].map(most)).dropna())
    with rasterio.open(folder / "inundation_map.tif") as data:
        depth, transform = data.read(1).astype(float), data.transform
    houses = gpd.read_file(folder / "kampen_osm_rd.gpkg", layer="buildings", engine="pyogrio")
    areas = np.asarray(houses.geometry.make_valid(), object)
    areas = areas[shapely.get_dimensions(areas) == 2]
    found = exposed(areas, np.full(len(areas), "residential", object), depth, transform, curves)
    assert certificate(areas, found).holds
    wet = np.flatnonzero(found.deepest > 0)
    assert len(wet) > 1000
    for k in wet[:: len(wet) // 25]:
        west, south, east, north = shapely.bounds(areas[k])
        cost = 0.0
        for column in range(*_span(west, east, transform.c, transform.a)):
            for row in range(*sorted(_span(north, south, transform.f, transform.e))):
                if 0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]:
                    x, y = transform.c + column * transform.a, transform.f + row * transform.e
                    cell = shapely.box(x, y + transform.e, x + transform.a, y)
                    shared = shapely.area(shapely.intersection(cell, areas[k]))
                    cost += shared * 100 * min(0.4 * depth[row, column], 1.0)
        assert found.damage[k] == pytest.approx(cost, rel=1e-4)


def _span(first, last, origin, size):
    return int((first - origin) // size), int((last - origin) // size) + 1


def test_the_analysis_tells_buildings_zones_and_closed_roads(database, tmp_path):
    store = tmp_path / "rasters"
    file = geotiff(tmp_path / "water.tif", DEPTH.astype(np.float32))
    store_raster(database, store, file, name="water")

    def put(name, columns, *shapes):
        moved = [shapely.affinity.translate(one, WEST, NORTH - 20) for one in shapes]
        frame = gpd.GeoDataFrame(columns, geometry=moved, crs=4549)
        frame.to_file(tmp_path / f"{name}.gpkg", layer=name, engine="pyogrio")
        load(database, tmp_path / f"{name}.gpkg", author="test", rejects_dir=tmp_path / "rejects")

    inside, dry = shapely.box(5, 5, 15, 15), shapely.box(1, 11, 9, 19)
    put("houses", {"use": ["house", "house"], "people": [4, 7]}, inside, dry)
    put("zones", {"name": ["old town"]}, shapely.box(0, 0, 20, 20))
    put("roads", {"name": ["a"]}, shapely.LineString([(1, 1), (19, 1)]))
    put("schools", {"use": ["school", "pump"]}, shapely.Point(15, 5), shapely.Point(5, 15))
    folk = geotiff(tmp_path / "folk.tif", np.full((1, 1), 80, np.float32),
                   transform=from_origin(WEST, NORTH, 20, 20))  # fmt: skip
    store_raster(database, store, folk, name="folk")
    put("curves", {"kind": ["house"] * 3, "depth": [0.0, 1, 2], "damage": [0.0, 100, 150]},
        *[shapely.Point(0, 0)] * 3)  # fmt: skip
    inputs = {"depth": "water", "buildings": "houses", "kind": "use", "population": "people",
              "curves": "curves", "zones": "zones", "roads": "roads",
              "assets": "schools", "asset_kind": "use", "people": "folk"}  # fmt: skip
    job = jobs.submit(database, "flood-exposure", inputs, AsOf(), OWNER, "hit")
    run(database, job, store=store)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    summary = done.result["summary"]
    assert (summary["buildings"], summary["flooded"], summary["population"]) == (2, 1, 4)
    assert summary["damage"] == pytest.approx(25 * 325)
    assert (summary["roads_flooded"], summary["roads_closed"]) == (1, 1)
    zones = read_frame(database, "hit_zones", AsOf(), OWNER)
    assert zones[["zone", "class", "buildings"]].to_numpy().tolist() == [
        ["old town", "over_2_m", 1]
    ]
    assert done.result["certificate"]["holds"]
    schools = read_frame(database, "hit_assets", AsOf(), OWNER)
    told = schools[["kind", "zone", "max_depth", "class"]].to_numpy().tolist()
    assert told == [["school", "old town", 3.0, "over_2_m"]]
    assert summary["assets_by_class"] == {"over_2_m": 1}
    # a quarter of 80 people in each cell
    assert summary["people"] == {"dry": 20, "to_0.5_m": 20, "to_2_m": 20, "over_2_m": 20}
    assert set(read_frame(database, "hit_people", AsOf(), OWNER)["zone"]) == {"old town"}
    # what closes links of a network, as the analysis `closure` reads it
    shut = read_frame(database, "hit_closed", AsOf(), OWNER)
    assert shut["area_m2"].sum() == 300
    roads = np.array(
        [shapely.LineString([(1, 1), (19, 1)]), shapely.LineString([(1, 19), (9, 19)])]
    )
    moved = shapely.transform(roads, lambda at: at + np.array([WEST, NORTH - 20]))
    assert met(moved, np.asarray(shut.geometry, object), 1.0).tolist() == [True, False]
