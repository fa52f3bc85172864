"""Filling, directions, accumulation: by hand, by brute force, against pyflwdir, by properties."""

import numpy as np
import pyflwdir
import pytest
from ground_models import hills, pierced, terraces

from spatial.errors import Invalid
from spatial.hydrology.accumulation import accumulate
from spatial.hydrology.breaching import breach
from spatial.hydrology.depressions import fill
from spatial.hydrology.direction import d8

GROUNDS = {
    "hills": hills(70, 90),
    "pierced": pierced(hills(70, 90)),
    "terraces": pierced(terraces(70, 90)),
    "plain": np.ones((40, 50), np.float32),
    "line": hills(1, 90),
    "cell": np.ones((1, 1), np.float32),
    "nothing": np.full((3, 4), np.nan, np.float32),
}


def unit(heights):
    return np.ones(len(heights))


def drained(heights):
    return d8(heights, unit(heights), unit(heights))


def planchon(heights):
    """The fill by its definition: lowered from above until nothing changes."""
    rows, columns = heights.shape
    ring = np.pad(heights, 1, constant_values=np.nan)
    around = [(i, j) for i in (0, 1, 2) for j in (0, 1, 2) if (i, j) != (1, 1)]
    open_end = np.any([np.isnan(ring[i : i + rows, j : j + columns]) for i, j in around], axis=0)
    level = np.where(open_end | np.isnan(heights), heights, np.inf).astype(heights.dtype)
    while True:
        ring = np.pad(np.nan_to_num(level, nan=np.inf), 1, constant_values=np.inf)
        least = np.min([ring[i : i + rows, j : j + columns] for i, j in around], axis=0)
        lower = np.minimum(level, np.maximum(heights, least))
        if np.array_equal(lower, level, equal_nan=True):
            return level
        level = lower


@pytest.mark.parametrize("ground", GROUNDS)
def test_fill_is_the_least_that_drains(ground):
    filled = fill(GROUNDS[ground])
    np.testing.assert_array_equal(filled, planchon(GROUNDS[ground]))
    np.testing.assert_array_equal(fill(filled), filled)


def test_fill_is_pyflwdirs():
    heights = hills(120, 150, seed=3)
    theirs, _ = pyflwdir.dem.fill_depressions(heights, nodata=-9999.0, outlets="edge")
    np.testing.assert_allclose(fill(heights), theirs, atol=1e-5)


def test_a_pit_fills_to_its_lowest_brim():
    heights = np.full((5, 5), 9.0)
    heights[1:4, 1:4] = 4
    heights[2, 2], heights[0, 2] = 1, 6
    np.testing.assert_array_equal(fill(heights)[1:4, 1:4], 6)


@pytest.mark.parametrize("ground", GROUNDS)
def test_all_water_gets_out(ground):
    heights = GROUNDS[ground]
    codes = drained(fill(heights))
    cells = accumulate(codes)
    known = np.isfinite(heights)
    np.testing.assert_array_equal(codes == 255, ~known)
    assert cells[codes == 0].sum() == known.sum()
    assert (cells[known] >= 1).all()
    assert (cells[~known] == 0).all()
    ring = np.pad(~known, 1, constant_values=True)
    rows, columns = heights.shape
    beside = np.any([ring[i : i + rows, j : j + columns] for i in range(3) for j in range(3)], 0)
    assert beside[codes == 0].all()


def test_the_eight_codes():
    codes = np.array([[2, 4, 8], [1, 0, 16], [128, 64, 32]], np.uint8)
    heights = np.full((5, 5), 9.0)
    heights[1:4, 1:4], heights[2, 2] = [[3, 2, 3], [2, 1, 2], [3, 2, 3]], 1
    np.testing.assert_array_equal(drained(heights)[1:4, 1:4], codes)
    assert accumulate(codes)[1, 1] == 9


def test_the_steepest_way_is_by_distance():
    heights = np.array([[9.0, 9, 9, 9], [9, 5, 4.2, 9], [9, 9, 3.9, 0]])
    assert drained(heights)[1, 1] == 1  # 0.8 for a side against 1.1 over 1.41 for the corner
    narrow = d8(heights, np.full(3, 10.0), unit(heights))
    assert narrow[1, 1] == 2  # 0.08 against 0.109: cells ten times as wide as tall


def test_flats_drain_from_high_to_low_ground():
    heights = np.full((7, 9), 9.0)
    heights[1:6, 1:8] = 5
    heights[3, 8] = 4
    codes = drained(heights)
    assert (codes[3, 1:8] == 1).all()
    cells = accumulate(codes)
    assert cells[3, 8] >= 35
    # away from the walls: it gathers in the middle, not along them
    assert cells[1].max() <= 4


def test_accumulation_is_pyflwdirs():
    codes = drained(fill(pierced(terraces(80, 100))))
    theirs = pyflwdir.from_array(np.where(codes == 255, 247, codes).astype(np.uint8), ftype="d8")
    mine = accumulate(codes)
    known = codes != 255
    np.testing.assert_array_equal(mine[known], theirs.upstream_area("cell")[known])


def test_circles_are_refused():
    with pytest.raises(Invalid, match="circle"):
        accumulate(np.array([[1, 16]], np.uint8))


def test_water_may_leave_over_the_edge_by_code():
    np.testing.assert_array_equal(accumulate(np.array([[1, 1, 1]], np.uint8)), [[1, 2, 3]])


def test_pysheds_published_accumulation(shared_data):
    codes = np.loadtxt(shared_data / "hydrology/pysheds/dir.asc", skiprows=6).astype(np.uint8)
    cells = accumulate(codes)
    assert cells.max() in (77260, 77261)  # upstream asserts 77261; see the data's README
    assert cells[101, 229] == 11422


@pytest.mark.parametrize("ground", GROUNDS)
def test_breaching_lowers_alone_and_leaves_nothing_to_fill(ground):
    heights = GROUNDS[ground]
    cut = breach(heights)
    assert (np.isnan(cut) == np.isnan(heights)).all()
    assert not (cut > heights).any()
    np.testing.assert_array_equal(fill(cut), cut)


def test_a_pit_is_breached_through_its_lowest_wall():
    heights = np.full((5, 7), 9.0)
    heights[2, 2], heights[2, 3], heights[2, 4], heights[2, 5], heights[2, 6] = 3, 6, 5, 4, 1
    cut = breach(heights)
    np.testing.assert_array_equal(cut[2], [9, 9, 3, 3, 3, 3, 1])
    np.testing.assert_array_equal(np.delete(cut, 2, axis=0), 9)
