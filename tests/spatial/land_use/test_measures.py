"""Measures of units: by hand, and against geopandas, xarray-spatial and rasterstats' idea of it."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
import xarray as xr
import xrspatial
from affine import Affine
from grids import CELL, NORTH, WEST, geotiff, ground
from polygons import tessellation

from spatial.errors import Invalid, TooLarge
from spatial.land_use import measures
from spatial.land_use.cells import Field, Grid

UNITS = np.array([shapely.box(x, 0, x + 10, 10) for x in (0, 100)], object)
ROAD = np.array([shapely.LineString([(0, 40), (200, 40)])], object)


def test_distance_is_from_the_edge_of_a_parcel_and_the_middle_of_a_cell():
    assert list(measures.distance(UNITS, ROAD)) == [30, 30]
    assert list(measures.distance(shapely.centroid(UNITS), ROAD)) == [35, 35]
    assert np.isnan(measures.distance(UNITS, ROAD[:0])).all()


def test_densities_per_square_kilometre_by_hand():
    middle = shapely.points([[0, 0], [5000, 5000]])
    circle = shapely.Point(0, 0).buffer(1000, quad_segs=16).area / 1e6
    points = shapely.points([[0, 0], [500, 0], [1500, 0]])
    assert measures.density(middle, points, 1000) == pytest.approx([2 / circle, 0])
    line = np.array([shapely.LineString([(-3000, 0), (3000, 0)])], object)
    assert measures.density(middle, line, 1000)[0] == pytest.approx(2 / circle)
    square = np.array([shapely.box(0, 0, 500, 500)], object)
    assert measures.density(middle, square, 1000)[0] == pytest.approx(0.25 / circle)


def test_share_counts_overlaps_once():
    covers = np.array([shapely.box(0, 0, 5, 10), shapely.box(3, 0, 6, 10)], object)
    assert measures.share(UNITS, covers) == pytest.approx([0.6, 0])


def test_share_like_geopandas():
    units, covers = tessellation(80, 1), tessellation(60, 2)
    covers = covers[covers["number"] % 3 == 0]
    cut = gpd.overlay(units[["number", "geometry"]], covers[["geometry"]])
    area = cut.area.groupby(cut["number"]).sum().reindex(units["number"], fill_value=0)
    ours = measures.share(units.geometry.to_numpy(), covers.geometry.to_numpy())
    assert ours == pytest.approx((area.to_numpy() / units.area.to_numpy()), abs=1e-9)


def test_attribute_of_the_first_that_holds_the_middle():
    middles = shapely.points([[5, 5], [50, 50]])
    zones = np.array([shapely.box(0, 0, 9, 9), shapely.box(4, 4, 20, 20)], object)
    found = measures.attribute(middles, zones, np.array(["a", "b"], object))
    assert list(found) == ["a", None]


SYSTEM = pyproj.CRS(4549)


def field(values, cell=CELL):
    return Field(values.astype(float), Affine(cell, 0, WEST, 0, -cell, NORTH), SYSTEM)


def test_slope_of_a_plane_by_hand_and_horn_like_xarray_spatial():
    """0.5 m a row and 0.25 m a column of 10 m."""
    flat = field(ground()).slope().values
    assert np.isnan(flat[0]).all()
    assert np.isnan(flat[1, 1])
    assert flat[5, 5] == pytest.approx(np.degrees(np.arctan(np.hypot(0.05, 0.025))))
    rough = np.random.default_rng(1).normal(0, 3, (30, 40))
    theirs = xrspatial.slope(xr.DataArray(rough, dims=("y", "x"), attrs={"res": (10, 10)}))
    assert field(rough).slope().values == pytest.approx(theirs.to_numpy(), nan_ok=True, rel=1e-5)


def test_means_weigh_cells_by_what_a_polygon_covers_of_them():
    values = field(np.array([[1.0, 2.0], [np.nan, 4.0]]))
    boxes = [(0, -10, 20, 0), (5, -10, 20, 0), (0, -20, 10, -10), (0, -20, 20, 0)]
    units = gpd.GeoSeries([shapely.box(a + WEST, b + NORTH, c + WEST, d + NORTH)
                           for a, b, c, d in boxes], crs=4549)  # fmt: skip
    assert values.means(units) == pytest.approx([1.5, 5 / 3, np.nan, 7 / 3], nan_ok=True)


def test_a_grid_of_larger_cells_takes_means():
    values = field(np.arange(16).reshape(4, 4))
    grid = Grid.over((WEST, NORTH - 40, WEST + 40, NORTH), 20, 4549)
    assert grid.shape == (2, 2)
    assert values.onto(grid) == pytest.approx([2.5, 4.5, 10.5, 12.5])
    x, y = grid.middles()
    assert (x[0], y[0]) == (WEST + 10, NORTH - 10)
    with pytest.raises(TooLarge, match="choose a larger cell"):
        Grid.over((0, 0, 1e6, 1e6), 1, 4549)


def test_a_file_is_read_around_the_units_alone(tmp_path):
    path = geotiff(tmp_path / "ground.tif", ground())
    near = gpd.GeoSeries([shapely.box(WEST + 100, NORTH - 200, WEST + 200, NORTH - 100)], crs=4549)
    found = Field.read(path, near)
    assert found.values.size < 300
    assert found.means(near.to_crs(4326))[0] == pytest.approx(found.means(near)[0], abs=1e-3)
    with pytest.raises(Invalid, match="lies elsewhere"):
        Field.read(path, near.translate(1e5))
