"""D-infinity: the angle of a plane is its own."""

import numpy as np
import pytest

from spatial.errors import Invalid
from spatial.hydrology import tiled_fill
from spatial.hydrology.d_infinity import accumulate, angles
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


def slow(angle, dx, dy):
    """Shares by the angles of the neighbours themselves, solved as linear equations."""
    ways = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]
    turns = [np.arctan2(-r * dy, c * dx) % (2 * np.pi) for r, c in ways] + [2 * np.pi]
    cell = {place: n for n, place in enumerate(zip(*np.nonzero(~np.isnan(angle)), strict=True))}
    matrix = np.eye(len(cell))
    for (row, column), n in cell.items():
        way = angle[row, column]
        if way < 0:
            continue
        k = int(np.searchsorted(turns, way, side="right")) - 1
        share = (way - turns[k]) / (turns[k + 1] - turns[k])
        for place, part in ((k, 1 - share), ((k + 1) % 8, share)):
            to = cell.get((row + ways[place][0], column + ways[place][1]))
            if to is not None:
                matrix[to, n] -= part
    made = np.zeros(angle.shape)
    made[tuple(np.array(list(cell)).T)] = np.linalg.solve(matrix, np.ones(len(cell)))
    return made


@pytest.mark.parametrize(("dx", "dy"), [(1.0, 1.0), (30.0, 20.0)])
def test_water_parts_as_linear_equations_have_it_and_all_of_it_leaves(dx, dy):
    row, column = np.indices((13, 17))
    heights = np.hypot(row - 3.3, column - 8.1) + 0.3 * np.sin(row * 1.7) + 0.2 * column
    heights[4, 5] = np.nan
    angle = flow(tiled_fill.fill_at_once(heights), dx, dy)
    found, left = accumulate(angle, np.full(13, dx), np.full(13, dy))
    np.testing.assert_allclose(found, slow(angle.astype(float), dx, dy), rtol=1e-3, atol=1e-3)
    assert left == pytest.approx(np.isfinite(angle).sum(), rel=1e-12)


def test_angles_in_a_circle_are_refused():
    circle = np.array([[0.0, 1.5 * np.pi], [0.5 * np.pi, np.pi]])
    with pytest.raises(Invalid, match="circle"):
        accumulate(circle, np.ones(2), np.ones(2))
