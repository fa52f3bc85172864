"""The plane of decisions: areas are true, whatever the layer's CRS."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from deciding import decide, output, put, squares

import spatial.analyses.known  # noqa: F401
from spatial.land_use.ground import Ground

FIELD = squares((0, 0, 4000, 3000))


def geodesic(frame):
    """m² on the ellipsoid; edges are cut so short that it matters not of which kind they are."""
    dense = frame.to_crs(4490).geometry.segmentize(0.001)
    return abs(pyproj.Geod(ellps="GRS80").geometry_area_perimeter(dense.iloc[0])[0])


@pytest.mark.parametrize(
    ("srid", "why"),
    [(4490, "degrees"), (4326, "degrees"), (3857, "web mercator"), (2263, "feet, and far away")],
)
def test_areas_are_those_of_the_ellipsoid_where_the_crs_tells_no_metres(srid, why):
    frame = FIELD.geometry.segmentize(10).to_frame().set_crs(4549).to_crs(srid)
    if srid == 2263:
        box = shapely.segmentize(shapely.box(980_000, 190_000, 990_000, 197_000), 30)
        frame = gpd.GeoDataFrame(geometry=[box], crs=2263)
    ground = Ground.of(frame)
    assert ground.srid == srid
    brought = ground.bring(frame)
    assert brought.area.iloc[0] == pytest.approx(geodesic(frame), rel=1e-7)
    again = ground.back(brought).geometry.iloc[0]
    assert again.hausdorff_distance(frame.geometry.iloc[0]) < 1e-6 * max(1, abs(again.bounds[0]))


def test_a_layer_in_metres_is_measured_as_it_lies():
    ground = Ground.of(FIELD)
    assert ground.bring(FIELD).area.iloc[0] == 12_000_000
    assert ground.bring(FIELD.to_crs(4490)).area.iloc[0] == pytest.approx(12_000_000, rel=1e-6)


def test_rows_without_geometry_go_and_broken_polygons_are_mended():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    shapes = [None, shapely.Polygon(), bow, shapely.force_3d(shapely.box(0, 0, 1, 1), 5.0)]
    frame = gpd.GeoDataFrame({"fid": range(4)}, geometry=shapes, crs=4549)
    brought = Ground.of(frame).bring(frame)
    assert brought["fid"].to_list() == [2, 3]
    assert brought.area.to_list() == [2, 1]
    assert not brought.has_z.any()


def test_an_empty_layer_has_a_ground_too():
    empty = FIELD.to_crs(4490).iloc[:0]
    assert Ground.of(empty).bring(empty).empty


def test_plots_in_degrees_and_houses_in_another_zone(database):
    put(database, "parcels", squares((0, 0, 100, 100), (200, 0, 300, 100)).to_crs(4490))
    put(database, "houses", squares((10, 10, 60, 60), floors=[4.0]).to_crs(4528))
    put(database, "none", squares((9000, 0, 9001, 1), floors=[4.0]).iloc[:0])
    document = decide(database, "plot-ratio", parcels="parcels", buildings="houses")
    rows = output(database, document)
    assert rows["plot_ratio"].to_numpy() == pytest.approx(np.array([1.0, 0.0]), rel=1e-5)
    assert rows.crs == 4490
    assert document["certificate"]["holds"]
    bare = decide(database, "plot-ratio", parcels="parcels", buildings="none")
    assert output(database, bare)["plot_ratio"].to_list() == [0, 0]
    nowhere = decide(database, "plot-ratio", parcels="none", buildings="houses")
    assert nowhere["summary"]["features"] == 0
    assert nowhere["certificate"]["balance"]["off all parcels"] == pytest.approx(10_000, rel=1e-5)
