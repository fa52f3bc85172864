"""Hydrology: fill, directions and accumulation against pyflwdir and xarray-spatial, in one run.

xarray-spatial leaves flats as they are, and so does less; like work is compared beside.

`python -m benchmarks.hydrology [large]`: with `large` also 100 million cells,
whose memory is measured against 2 GiB.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyflwdir
import xarray as xr
from scipy.ndimage import gaussian_filter
from xrspatial import hydro

from spatial.hydrology import grid_store, tiled_accumulation, tiled_direction, tiled_fill
from spatial.hydrology.accumulation import accumulate
from spatial.hydrology.curve_number import runoff
from spatial.hydrology.direction import FLAT, d8, descend
from spatial.hydrology.neighbours import ENDS, NO_DATA, inner, padded
from spatial.hydrology.runoff_ground import shares
from spatial.hydrology.tiling import Tile, Tiling
from spatial.parallel import Parallel

SIDE, TIMES, TARGET = 3000, 3, 3.0
LARGE, LIMIT = 10_000, 2 << 30


def main() -> dict[str, Any]:
    """Million cells a second, ours and the peers', and the ratios."""
    results: dict[str, Any] = {}
    (
        pipeline(ground(64)),
        without_flats(ground(64)),
        by_pyflwdir(ground(64)),
        by_xarray_spatial(ground(64)),
    )
    heights = ground(SIDE)
    for name, mine, peer in (
        ("pyflwdir", pipeline, by_pyflwdir),
        ("xarray-spatial", pipeline, by_xarray_spatial),
        ("xarray-spatial, flats left", without_flats, by_xarray_spatial),
    ):
        pairs = [(seconds(mine, heights), seconds(peer, heights)) for _ in range(TIMES)]
        ours, theirs = (heights.size / min(one) / 1e6 for one in zip(*pairs, strict=True))
        ratio = median(b / a for a, b in pairs)
        results[name] = ratio
        print(
            f"{heights.size / 1e6:.2f} M cells: {ours:.2f} Mcell/s, {name} {theirs:.2f}: "
            f"{ratio:.1f} times (target {TARGET:g})"
        )
    results["runoff"] = runoff_of_a_city()
    if sys.argv[1:] == ["large"]:
        large()
    return results


def seconds(work: Callable[[Any], object], heights: Any) -> float:
    began = time.perf_counter()
    work(heights)
    return time.perf_counter() - began


def ground(side: int, seed: int = 0) -> Any:
    """Hills and hollows of many sizes, float32."""
    random = np.random.default_rng(seed)
    made = np.zeros((side, side), np.float32)
    for size, height in ((side / 16, 60.0), (side / 64, 20.0), (12, 4.0), (2, 0.5)):
        wave = gaussian_filter(random.standard_normal((side, side), np.float32), size, mode="wrap")
        made += np.float32(height) * wave / wave.std()
    return made


def pipeline(heights: Any) -> Any:
    unit = np.ones(len(heights))
    return accumulate(d8(tiled_fill.fill_at_once(heights), unit, unit))


def without_flats(heights: Any) -> Any:
    """Water ends on flat ground, as xarray-spatial has it."""
    grid = padded(tiled_fill.fill_at_once(heights), np.nan)
    unit, code = np.ones(len(grid)), np.full(grid.shape, NO_DATA, np.uint8)
    descend(grid.reshape(-1), grid.shape[1], unit, unit, code.reshape(-1))
    return accumulate(np.where(inner(code) == FLAT, ENDS, inner(code)))


def by_pyflwdir(heights: Any) -> Any:
    _, codes = pyflwdir.dem.fill_depressions(heights, nodata=-9999.0, outlets="edge")
    return pyflwdir.from_array(codes, ftype="d8").upstream_area("cell")


def by_xarray_spatial(heights: Any) -> Any:
    grid = xr.DataArray(heights, dims=("y", "x"))
    filled = hydro.fill_d8(grid)
    return hydro.flow_accumulation_d8(hydro.flow_direction_d8(filled)).to_numpy()


def runoff_of_a_city(cells: int = 10_000_000) -> float:
    """Seconds for the curve numbers, depths and areas by basin of so many cells."""
    random = np.random.default_rng(1)
    kinds = random.integers(0, 240, (cells // 4000, 4000), np.int32)
    basins = np.broadcast_to(np.arange(4000, dtype=np.int32) // 40, kinds.shape)
    number = random.uniform(40, 98, 240)
    began = time.perf_counter()
    area = shares(basins, kinds, np.full(len(kinds), 100.0), 100, 240)
    depth = runoff(150.0, number)
    runoff_cells = depth.astype(np.float32)[kinds]
    took = time.perf_counter() - began
    assert abs(float(runoff_cells.sum(dtype=float)) * 100 / float((area @ depth).sum()) - 1) < 1e-6
    print(f"runoff of {cells / 1e6:.0f} M cells: {took:.2f} s")
    return took


def large() -> None:
    """100 M cells in tiles, in a process of its own whose memory is bounded and watched."""
    with tempfile.TemporaryDirectory() as folder:
        spread_ground(Path(folder) / "ground.npy")
        command = [sys.executable, "-m", "benchmarks.hydrology", "work", folder]
        subprocess.run(command, check=True)


def spread_ground(path: Path) -> None:
    """The same hills over and over on a slope, so that a large grid takes no memory to make."""
    grid_store.create(path, (LARGE, LARGE), np.float32)
    hills, side = ground(2000, seed=2), 2000
    for top in range(0, LARGE, side):
        for left in range(0, LARGE, side):
            row, column = np.indices((side, side), np.float32)
            tile = Tile(0, top, left, side, side)
            grid_store.write(path, tile, hills + (top + row + left + column) * np.float32(0.002))


def work(folder: Path) -> None:
    """Fill, direct, accumulate in this process and its workers, and tell time and memory."""
    tiling, unit = Tiling.of((LARGE, LARGE)), np.ones(LARGE)
    filled = grid_store.create(folder / "filled.npy", tiling.shape, np.float32)
    codes = grid_store.create(folder / "codes.npy", tiling.shape, np.uint8)
    cells = grid_store.create(folder / "cells.npy", tiling.shape, np.int64)
    began = time.perf_counter()
    with Parallel(workers=2) as parallel:
        tiled_fill.fill(folder / "ground.npy", filled, tiling, parallel.map)
        after_fill = time.perf_counter()
        rounds = tiled_direction.d8(filled, codes, unit, unit, tiling, parallel.map)
        after_codes = time.perf_counter()
        tiled_accumulation.accumulate(codes, cells, tiling, parallel.map)
    ended = time.perf_counter()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    most = (own + 2 * worker) * 1024
    print(
        f"{LARGE * LARGE / 1e6:.0f} M cells in {ended - began:.0f} s "
        f"({LARGE * LARGE / (ended - began) / 1e6:.2f} Mcell/s): fill {after_fill - began:.0f}, "
        f"directions {after_codes - after_fill:.0f} in {rounds} rounds, accumulation "
        f"{ended - after_codes:.0f}; memory {own / 1e6:.2f} GB + 2 x {worker / 1e6:.2f} GB"
        f" ({'under' if most < LIMIT else 'OVER'} 2 GiB, mapped files among it)"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(Path(sys.argv[2]))
    else:
        main()
