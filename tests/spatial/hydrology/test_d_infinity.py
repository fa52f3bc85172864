"""D-infinity: the angle of a plane is its own."""

import numpy as np
import pytest

from spatial.hydrology.d_infinity import angles
from spatial.hydrology.direction import d8
from spatial.hydrology.neighbours import padded


def flow(heights, dx, dy):
    rows = len(heights)
    wide, tall = np.full(rows + 2, dx), np.full(rows + 2, dy)
    code = padded(d8(heights, wide[1:-1], tall[1:-1]), 255)
    return angles(padded(heights, np.nan), code, wide, tall)[1:-1, 1:-1]


@pytest.mark.parametrize("degrees", [0, 10, 45, 77, 135, 181, 250, 300, 345])
@pytest.mark.parametrize(("dx", "dy"), [(1.0, 1.0), (30.0, 20.0)])
def test_a_plane_drains_down_its_own_slope(degrees, dx, dy):
    row, column = np.indices((7, 9))
    way = np.radians(degrees)
    heights = -(np.cos(way) * column * dx - np.sin(way) * row * dy)
    found = np.degrees(flow(heights, dx, dy)[1:-1, 1:-1])
    turn = (found - degrees + 180) % 360 - 180
    assert np.abs(turn).max() < 1e-3


def test_flats_follow_d8_and_ends_have_no_angle():
    heights = np.full((5, 6), 3.0)
    heights[0], heights[-1], heights[:, 0] = 9, 9, 9
    heights[2, 5], heights[1, 5], heights[3, 5] = 1, 9, 9
    found = flow(heights, 1.0, 1.0)
    assert found[2, 1] == 0
    assert found[2, 5] == -1
