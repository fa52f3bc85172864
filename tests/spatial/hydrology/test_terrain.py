"""Relief of planes, against xarray-spatial; contours of cones and planes; what holds of any."""

import numpy as np
import pytest
import shapely
import xarray as xr
from ground_models import hills, pierced
from xrspatial import slope as peers_slope

from spatial.hydrology.contouring import merged, pieces
from spatial.hydrology.neighbours import padded
from spatial.hydrology.relief import relief


def measured(heights, dx=1.0, dy=1.0, azimuth=315.0, altitude=45.0):
    rows = len(heights) + 2
    grid = padded(np.asarray(heights, float), np.nan)
    return relief(grid, np.full(rows, dx), np.full(rows, dy), azimuth, altitude)


@pytest.mark.parametrize("facing", [0, 30, 90, 135, 225, 300])
def test_a_plane_has_its_slope_and_aspect_up_to_the_edge(facing):
    row, column = np.indices((5, 6))
    way = np.radians(facing)
    heights = -0.5 * (np.sin(way) * column * 2 - np.cos(way) * row * 3)
    slope, aspect, shade, _ = measured(heights, 2.0, 3.0)
    np.testing.assert_allclose(slope, np.degrees(np.arctan(0.5)), rtol=1e-5)
    np.testing.assert_allclose((aspect - facing + 180) % 360 - 180, 0, atol=1e-3)
    # the cosine between the light and the normal
    light = np.array([np.sin(np.radians(315)), np.cos(np.radians(315)), 1]) / np.sqrt(2)
    normal = np.array([0.5 * np.sin(way), 0.5 * np.cos(way), 1]) / np.sqrt(1.25)
    light[2] = np.sin(np.radians(45))
    light[:2] *= np.cos(np.radians(45)) * np.sqrt(2)
    np.testing.assert_allclose(shade, 255 * max(light @ normal, 0), rtol=1e-4, atol=1e-3)


def test_level_ground():
    slope, aspect, shade, rough = measured(np.full((3, 3), 7.0))
    assert (slope == 0).all()
    assert (aspect == -1).all()
    assert (rough == 0).all()
    np.testing.assert_allclose(shade, 255 * np.sin(np.radians(45)), rtol=1e-6)


def test_roughness_is_the_range_of_nine():
    heights = np.zeros((3, 3))
    heights[0, 0], heights[2, 2] = 5, -2
    assert measured(heights)[3][1, 1] == 7
    assert measured(heights)[3][0, 1] == 5


def test_slope_is_xarray_spatials():
    heights = hills(40, 50).astype(float)
    peer = peers_slope(xr.DataArray(heights, dims=("y", "x"), attrs={"res": (1, 1)}))
    mine = measured(heights)[0]
    np.testing.assert_allclose(mine[1:-1, 1:-1], peer.to_numpy()[1:-1, 1:-1], rtol=1e-4)


def test_cells_without_data_have_none():
    heights = pierced(hills(30, 40))
    for one in measured(heights):
        np.testing.assert_array_equal(np.isnan(one), np.isnan(heights))


def test_a_plane_has_straight_contours():
    _, column = np.indices((6, 11))
    lines, levels = merged(*pieces(column * 1.0, 0.25, 2.0))
    assert levels.tolist() == [0, 1, 2, 3, 4]
    for line, level in zip(lines, levels, strict=True):
        assert shapely.length(line) == pytest.approx(5)
        assert np.ptp(shapely.get_coordinates(line)[:, 1]) == 0
        assert shapely.get_coordinates(line)[0, 1] == 0.25 + 2 * level


def test_a_cone_has_rings():
    row, column = np.indices((41, 41)) - 20
    lines, levels = merged(*pieces(20 - np.hypot(row, column), 0.0, 5.0))
    rings = {int(level): line for line, level in zip(lines, levels, strict=True) if level > 0}
    for level in (1, 2, 3):
        assert rings[level].is_ring
        assert shapely.length(rings[level]) == pytest.approx(2 * np.pi * (20 - 5 * level), rel=0.02)


def test_lines_close_or_end_at_the_border():
    heights = hills(50, 60)
    ends, levels = pieces(heights, 0.0, 4.0)
    lines, _ = merged(ends, levels)
    length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]).sum()
    assert shapely.length(lines).sum() == pytest.approx(length)
    for line in lines:
        if not line.is_closed:
            for row, column in (line.coords[0], line.coords[-1]):
                assert row in (0, 49) or column in (0, 59)


def test_saddles_are_parted_by_their_middle():
    lines, _ = merged(*pieces(np.array([[1.0, 0.0], [0.0, 1.0]]), 0.4, 10.0))
    assert len(lines) == 2
    between = shapely.LineString([(0, 0), (1, 1)])  # the high corners stay joined
    assert not between.intersects(shapely.MultiLineString(list(lines)))


def test_flat_ground_and_nothing_have_no_lines():
    assert len(merged(*pieces(np.full((4, 4), 5.0), 0.0, 5.0))[0]) == 0
    assert len(merged(*pieces(np.full((4, 4), np.nan), 0.0, 5.0))[0]) == 0
