"""Grids into the store: a stack of moments as Zarr with levels of detail, a single one as COG."""

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import rasterio
import xarray as xr
import zarr
from rasterio.transform import from_bounds

from datasets.grid import Grid, grid_of
from datasets.grid_file import opened
from spatial.cog import RasterInfo, Tally, to_cog, unique
from spatial.errors import Rejected

CHUNK = 512
UNWRITTEN = 9.96e36  # NetCDF's fill of cells that nobody wrote, stated or not
ROWS = 2048  # at a time, so that a level's cells never straddle two reads


def to_store(
    source: Path, store: Path, stem: str, *, crs: str | None = None
) -> tuple[str, RasterInfo]:
    """Write the raster of a NetCDF file or Zarr store into ours; returns its file's name there.

    It appears complete or not at all. Raises Rejected with what the source lacks.
    """
    with opened(source) as dataset:
        grid = grid_of(dataset, crs)
        if grid.starts:
            return f"{stem}.zarr", _to_zarr(grid, store / f"{stem}.zarr")
        return f"{stem}.tif", _to_cog(grid, store / f"{stem}.tif")


def levels_of(shape: tuple[int, int]) -> int:
    """How many levels of detail a grid has: halved until a chunk holds it."""
    return max(1, int(np.ceil(np.log2(max(max(shape), CHUNK) / CHUNK))) + 1)


def level_shape(shape: tuple[int, int], level: int) -> tuple[int, int]:
    """Rows and columns of a grid at a level."""
    return -(-shape[0] // 2**level), -(-shape[1] // 2**level)


def _to_zarr(grid: Grid, target: Path) -> RasterInfo:
    partial = target.with_name(f".{target.name}.{uuid4().hex}")
    target.parent.mkdir(parents=True, exist_ok=True)
    names, tallies = unique(list(grid.variables)), []
    levels = levels_of(grid.shape)
    try:
        root = zarr.open_group(partial, mode="w", zarr_format=3)
        for name, variable in zip(names, grid.variables.values(), strict=True):
            arrays = [_array(root, level, name, variable, grid) for level in range(levels)]
            tally = Tally()
            for index in range(len(grid.starts)):
                for row, cells in _blocks(variable.isel(time=index)):
                    tally.add(cells.ravel())
                    for level, array in enumerate(arrays):
                        top = row >> level
                        array[index, top : top + cells.shape[0], :] = cells
                        cells = _halved(cells)
            tallies.append(tally.total())
        for level in range(levels):
            _coordinates(root, level, grid)
        if target.exists():
            raise Rejected(f"'{target.name}' is in the store already")
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    first = next(iter(grid.variables.values()))
    return RasterInfo(
        crs=grid.crs,
        bounds=grid.bounds,
        shape=grid.shape,
        dtype=str(first.dtype),
        nodata=float("nan") if first.dtype.kind == "f" else None,
        units=tuple(_unit(v) for v in grid.variables.values()),
        statistics=tuple(tallies),
        names=names,
        titles=tuple(_title(v) for v in grid.variables.values()),
        times=grid.starts,
        ends=grid.ends,
        levels=levels,
        vertical_datum=grid.vertical_datum,
        notes=grid.notes,
    )


def _array(root: Any, level: int, name: str, variable: xr.DataArray, grid: Grid) -> Any:
    return root.create_array(
        f"{level}/{name}",
        shape=(len(grid.starts), *level_shape(grid.shape, level)),
        chunks=(1, *(min(CHUNK, side) for side in level_shape(grid.shape, level))),
        dtype=variable.dtype,
        fill_value=np.nan if variable.dtype.kind == "f" else 0,
        dimension_names=("time", "y", "x"),
        attributes={"units": _unit(variable) or "", "long_name": _title(variable)},
    )


def _coordinates(root: Any, level: int, grid: Grid) -> None:
    """Axes that xarray reads; those of a level are its cells' centres."""
    minx, miny, maxx, maxy = grid.bounds
    rows, columns = level_shape(grid.shape, level)
    dx, dy = (maxx - minx) / grid.shape[1] * 2**level, (maxy - miny) / grid.shape[0] * 2**level
    axes = {
        "x": minx + dx * (np.arange(columns) + 0.5),
        "y": maxy - dy * (np.arange(rows) + 0.5),
        "time": np.array([at.timestamp() for at in grid.starts]),
    }
    for name, values in axes.items():
        axis = root.create_array(
            f"{level}/{name}", data=values, dimension_names=(name,), chunks=values.shape
        )
        if name == "time":
            axis.attrs["units"] = "seconds since 1970-01-01"
    reference = root.create_array(f"{level}/spatial_ref", data=np.array(0), dimension_names=())
    reference.attrs["crs_wkt"] = grid.crs.to_wkt()


def _blocks(layer: xr.DataArray) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    for row in range(0, layer.sizes["y"], ROWS):
        cells = layer.isel(y=slice(row, row + ROWS)).to_numpy()
        if cells.dtype.kind == "f":
            cells = np.where(np.abs(cells) >= UNWRITTEN, np.nan, cells).astype(cells.dtype)
        yield row, cells


def _halved(cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Half as many rows and columns: means of measured values, every other one of whole numbers."""
    if cells.dtype.kind != "f":
        return cells[::2, ::2]
    odd = ((0, cells.shape[0] % 2), (0, cells.shape[1] % 2))
    even = np.pad(cells, odd, constant_values=np.nan)
    blocks = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # four cells without a value have no mean
        means: npt.NDArray[Any] = np.nanmean(blocks, axis=(1, 3)).astype(cells.dtype)
    return means


def _to_cog(grid: Grid, target: Path) -> RasterInfo:
    variables = list(grid.variables.values())
    dtype = np.result_type(*(variable.dtype for variable in variables))
    plain = target.with_name(f".{target.stem}.{uuid4().hex}.plain.tif")
    target.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = grid.shape
    try:
        with rasterio.open(
            plain, "w", driver="GTiff", height=rows, width=columns, count=len(variables),
            dtype=dtype, crs=grid.crs.to_wkt(), nodata=np.nan if dtype.kind == "f" else None,
            transform=from_bounds(*grid.bounds, columns, rows), tiled=True, bigtiff="IF_SAFER",
        ) as out:  # fmt: skip
            for band, variable in enumerate(variables, 1):
                for row, cells in _blocks(variable):
                    window = rasterio.windows.Window(0, row, columns, cells.shape[0])
                    out.write(cells.astype(dtype), band, window=window)
                out.set_band_description(band, str(variable.name))
                out.set_band_unit(band, _unit(variable) or "")
            if grid.vertical_datum:
                out.update_tags(vertical_datum=grid.vertical_datum)
        info = to_cog(plain, target)
    finally:
        plain.unlink(missing_ok=True)
    titles = tuple(map(_title, variables))
    return RasterInfo(**vars(info) | {"crs": grid.crs, "titles": titles, "notes": grid.notes})


def _unit(variable: xr.DataArray) -> str | None:
    return str(variable.attrs["units"]) if variable.attrs.get("units") else None


def _title(variable: xr.DataArray) -> str:
    return str(variable.attrs.get("long_name") or variable.name)
