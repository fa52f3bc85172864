"""Grids in files, read and written by windows: rasters of the store, and scratch of a run."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.windows import Window

from spatial.hydrology.lattice import Lattice
from spatial.hydrology.neighbours import Grid
from spatial.hydrology.tiling import Tile

_SCRATCH = ".npy"
_ROWS = 512


def create(path: Path, shape: tuple[int, int], dtype: npt.DTypeLike) -> Path:
    """A scratch grid of zeros, which takes no room until it is written."""
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)
    del made
    return path


def shape_of(path: Path) -> tuple[int, int]:
    """Rows and columns of a grid in a file."""
    if path.suffix == _SCRATCH:
        rows, columns = np.load(path, mmap_mode="r").shape
        return rows, columns
    with rasterio.open(path) as data:
        return data.height, data.width


def height_type(path: Path) -> npt.DTypeLike:
    """What holds a grid's heights without loss: float32 for small integers, else float64."""
    if path.suffix == _SCRATCH:
        held: npt.DTypeLike = np.load(path, mmap_mode="r").dtype
        return held
    with rasterio.open(path) as data:
        return np.result_type(data.dtypes[0], np.float32)


def window(path: Path, tile: Tile) -> Grid:
    """The cells of a tile, as `read` gives them."""
    return read(path, tile, 0, halo=0)


def read(path: Path, tile: Tile, fill: float, halo: int = 1) -> Grid:
    """A window with so many more cells about it; `fill` where the grid ends.

    Of a raster it is the first band as heights, NaN without data.
    """
    rows, columns = shape_of(path)
    top, left = max(tile.top - halo, 0), max(tile.left - halo, 0)
    bottom = min(tile.top + tile.rows + halo, rows)
    right = min(tile.left + tile.columns + halo, columns)
    if path.suffix == _SCRATCH:
        cells: Grid = np.load(path, mmap_mode="r")[top:bottom, left:right]
    else:
        cells = _heights(path, Window(left, top, right - left, bottom - top))
    shape = tile.rows + 2 * halo, tile.columns + 2 * halo
    if cells.shape == shape:
        return np.array(cells)
    made: Grid = np.full(shape, fill, cells.dtype)
    r, c = top - tile.top + halo, left - tile.left + halo
    made[r : r + cells.shape[0], c : c + cells.shape[1]] = cells
    return made


def write(path: Path, tile: Tile, cells: Grid) -> None:
    """A window of a scratch grid; several processes may write different ones at a time."""
    grid = np.load(path, mmap_mode="r+")
    grid[tile.top : tile.top + tile.rows, tile.left : tile.left + tile.columns] = cells


def _heights(path: Path, window: Window) -> Grid:
    with rasterio.open(path) as data:
        values = data.read(1, window=window)
        cells: Grid = values.astype(np.result_type(values.dtype, np.float32))
        cells[data.read_masks(1, window=window) == 0] = np.nan
    cells[~np.isfinite(cells)] = np.nan
    return cells


def to_tiff(
    source: Path,
    target: Path,
    lattice: Lattice,
    nodata: float,
    *,
    name: str,
    unit: str | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Path:
    """A scratch grid as GeoTIFF; NaN becomes `nodata`. name, unit: of its band."""
    rows, columns = lattice.shape
    held = np.load(source, mmap_mode="r").dtype if dtype is None else np.dtype(dtype)
    with rasterio.open(
        target, "w", driver="GTiff", width=columns, height=rows, count=1, dtype=held,
        crs=f"EPSG:{lattice.srid}", transform=lattice.transform, nodata=nodata, tiled=True,
        blockxsize=256, blockysize=256, bigtiff="IF_SAFER",
    ) as made:  # fmt: skip
        made.set_band_description(1, name)
        if unit:
            made.units = [unit]
        for top in range(0, rows, _ROWS):
            tile = Tile(0, top, 0, min(_ROWS, rows - top), columns)
            cells = window(source, tile)
            if np.issubdtype(cells.dtype, np.floating):
                cells = np.where(np.isnan(cells), nodata, cells)
            made.write(cells.astype(held), 1, window=Window(0, top, columns, tile.rows))
    return target
