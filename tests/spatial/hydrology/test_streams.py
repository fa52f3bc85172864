"""Streams by hand and against pyflwdir; basins and heights above drainage by their properties."""

import numpy as np
import pyflwdir
import pytest
from ground_models import hills
from rasterio.transform import from_origin

from spatial.hydrology import grid_store
from spatial.hydrology.accumulation import accumulate
from spatial.hydrology.depressions import fill
from spatial.hydrology.direction import d8
from spatial.hydrology.lattice import Lattice
from spatial.hydrology.stream_network import StreamCells, reaches
from spatial.hydrology.tiled_downstream import carry
from spatial.hydrology.tiling import Tiling


def cells_of(codes, counts, least, heights=None):
    place = np.flatnonzero(counts.ravel() >= least)
    tall = np.zeros(len(place)) if heights is None else heights.ravel()[place].astype(float)
    return StreamCells(place, codes.ravel()[place], tall, counts.ravel()[place])


def lattice(rows, columns, size=10.0):
    return Lattice(from_origin(0, rows * size, size, size), (rows, columns), 4549)


def test_a_fork_by_hand():
    """Two heads meet at (2, 2), and go on south to the edge."""
    codes = np.array(
        [
            [2, 255, 255, 255, 8],
            [255, 2, 255, 8, 255],
            [255, 255, 4, 255, 255],
            [255, 255, 4, 255, 255],
        ],
        np.uint8,
    )
    heights = np.array([[9.0, 0, 0, 0, 9], [0, 8, 0, 8, 0], [0, 0, 4, 0, 0], [0, 0, 3, 0, 0]])
    made = reaches(cells_of(codes, accumulate(codes), 1, heights), lattice(4, 5))
    assert sorted(made.order) == [1, 1, 2]
    low = int(np.argmax(made.order))
    assert [made.onward[k] for k in range(3) if k != low] == [low + 1, low + 1]
    assert made.onward[low] == 0
    np.testing.assert_allclose(made.length_m[low], 10)
    np.testing.assert_allclose(np.delete(made.length_m, low), 20 * np.sqrt(2))
    np.testing.assert_allclose(np.delete(made.drop, low), 5)
    assert made.line[low].coords[:] == [(25, 15), (25, 5)]
    assert made.cells.tolist().count(2) == 3
    assert made.count[low] == 6


def test_orders_and_sums_are_pyflwdirs():
    heights = fill(hills(80, 90, seed=4))
    unit = np.ones(80)
    codes = d8(heights, unit, unit)
    counts = accumulate(codes)
    cells = cells_of(codes, counts, 20)
    made = reaches(cells, lattice(80, 90))
    theirs = pyflwdir.from_array(codes, ftype="d8")
    orders = theirs.stream_order(type="strahler", mask=counts >= 20).ravel()[cells.place]
    np.testing.assert_array_equal(made.order[made.reach - 1], orders)
    assert made.cells.sum() == len(cells.place)


@pytest.mark.parametrize("size", [7, 32, 100])
def test_marks_are_carried_upstream_in_tiles_as_in_one(tmp_path, size):
    heights = fill(hills(60, 70, seed=6))
    unit = np.ones(60)
    codes = d8(heights, unit, unit)
    counts = accumulate(codes)
    cells = cells_of(codes, counts, 30)
    made = reaches(cells, lattice(60, 70))
    marks = np.full(codes.shape, np.nan)
    marks.ravel()[cells.place] = made.reach
    np.save(tmp_path / "codes.npy", codes)
    np.save(tmp_path / "marks.npy", marks)
    target = grid_store.create(tmp_path / "basins.npy", codes.shape, np.float64)
    carry(tmp_path / "codes.npy", tmp_path / "marks.npy", target, Tiling.of(codes.shape, size), map)
    basins = np.nan_to_num(np.load(target)).astype(np.uint32)
    theirs = pyflwdir.from_array(codes, ftype="d8")
    expected = theirs.basins(idxs=cells.place, ids=made.reach.astype(np.uint32))
    np.testing.assert_array_equal(basins, expected)
