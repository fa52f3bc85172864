"""In tiles and in one piece: the same bits."""

from functools import partial

import numpy as np
import pytest
from ground_models import hills, pierced, terraces

from spatial.errors import Invalid
from spatial.hydrology import grid_store, tiled_accumulation, tiled_direction, tiled_fill
from spatial.hydrology.accumulation import accumulate
from spatial.hydrology.depressions import fill
from spatial.hydrology.direction import d8
from spatial.hydrology.tiling import Tiling
from spatial.parallel import Parallel

#: Hills about a lake as level as water, over many tiles, with one way out.
LAKE = hills(61, 75, seed=3) + 9
LAKE[8:52, 7:68] = 2.0
LAKE[30, 68:] = 1.0

GROUNDS = {
    "lake": LAKE,
    "hills": hills(61, 75, seed=1),
    "terraces": pierced(terraces(50, 66, seed=2)),
    "plain": np.ones((40, 23), np.float32),
    "strip": terraces(2, 40),
    "double": hills(30, 30).astype(np.float64) + 1e-9,
}


def worked(tmp_path, heights, size, spread=map):
    shape, tiling = heights.shape, Tiling.of(heights.shape, size)
    np.save(tmp_path / "ground.npy", heights)
    make = partial(grid_store.create, shape=shape)
    filled = make(tmp_path / "filled.npy", dtype=heights.dtype)
    codes = make(tmp_path / "codes.npy", dtype=np.uint8)
    cells = make(tmp_path / "cells.npy", dtype=np.int64)
    dx, dy = np.linspace(1, 2, shape[0]), np.ones(shape[0])
    tiled_fill.fill(tmp_path / "ground.npy", filled, tiling, spread)
    tiled_direction.d8(filled, codes, dx, dy, tiling, spread)
    tiled_accumulation.accumulate(codes, cells, tiling, spread)
    return [np.load(one) for one in (filled, codes, cells)]


def whole(heights):
    dx, dy = np.linspace(1, 2, len(heights)), np.ones(len(heights))
    filled = fill(heights)
    codes = d8(filled, dx, dy)
    return filled, codes, accumulate(codes)


@pytest.mark.parametrize("size", [5, 16, 64])
@pytest.mark.parametrize("ground", GROUNDS)
def test_tiled_is_untiled_to_the_bit(tmp_path, ground, size):
    for mine, one in zip(
        worked(tmp_path, GROUNDS[ground], size), whole(GROUNDS[ground]), strict=True
    ):
        assert mine.dtype == one.dtype
        np.testing.assert_array_equal(mine, one)


@pytest.mark.parametrize("ground", GROUNDS)
def test_in_threads_it_is_the_same(ground):
    made = tiled_fill.fill_at_once(GROUNDS[ground], 9)
    np.testing.assert_array_equal(made, fill(GROUNDS[ground]))


def test_on_dask_it_is_the_same(tmp_path):
    heights = pierced(terraces(60, 60, seed=5))
    with Parallel(workers=2) as parallel:
        found = worked(tmp_path, heights, 32, parallel.map)
    for mine, one in zip(found, whole(heights), strict=True):
        np.testing.assert_array_equal(mine, one)


def test_a_circle_over_the_border_of_tiles_is_refused(tmp_path):
    codes = np.array([[0, 1, 16, 0]], np.uint8)
    np.save(tmp_path / "codes.npy", codes)
    target = grid_store.create(tmp_path / "cells.npy", codes.shape, np.int64)
    with pytest.raises(Invalid, match="circle"):
        tiled_accumulation.accumulate(tmp_path / "codes.npy", target, Tiling.of((1, 4), 2), map)
