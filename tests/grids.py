"""Tiny rasters in a line."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import rasterio
import xarray as xr
from rasterio.transform import from_origin

from citytwin.rasters import store_raster
from spatial.database import Database

WEST, NORTH, CELL = 528_000.0, 3_486_000.0, 10.0
HOURS = pd.date_range("2024-06-01", periods=4, freq="h")


def rain(rows: int = 30, columns: int = 40, hours: Any = HOURS) -> xr.Dataset:
    """A stack in EPSG:4549: at (hour, row, column) it rained 1000 hour + 100 row + column."""
    shape = (len(hours), rows, columns)
    hour, row, column = np.indices(shape)
    values = (1000 * hour + 100 * row + column).astype(np.float32)
    values[:, 0, 0] = np.nan
    return xr.Dataset(
        {
            "rain": (
                ("time", "y", "x"),
                values,
                {"units": "mm", "long_name": "Rain", "grid_mapping": "crs"},
            ),
            "crs": ((), 0, {"crs_wkt": pyproj.CRS.from_epsg(4549).to_wkt()}),
        },
        coords={
            "time": hours,
            "y": NORTH - CELL * (np.arange(rows) + 0.5),
            "x": WEST + CELL * (np.arange(columns) + 0.5),
        },
    )


def netcdf(path: Path, dataset: xr.Dataset) -> Path:
    """The dataset as a classic NetCDF file."""
    dataset.to_netcdf(path, engine="scipy")
    return path


def ground(rows: int = 60, columns: int = 80, lift: float = 0.0) -> np.ndarray[Any, Any]:
    """Heights: 0.5 m a row and 0.25 m a column above `lift`; the first cell has none."""
    row, column = np.indices((rows, columns))
    values = (lift + 0.5 * row + 0.25 * column).astype(np.float32)
    values[0, 0] = np.nan
    return values


def geotiff(path: Path, cells: np.ndarray[Any, Any], **options: Any) -> Path:
    """Cells as a GeoTIFF in EPSG:4549, metres."""
    options = {"nodata": np.nan, "transform": from_origin(WEST, NORTH, CELL, CELL)} | options
    with rasterio.open(
        path, "w", driver="GTiff", height=cells.shape[0], width=cells.shape[1], count=1,
        dtype=cells.dtype, crs="EPSG:4549", **options,
    ) as out:  # fmt: skip
        out.write(cells, 1)
        out.units = ["m"]
        out.set_band_description(1, "height")
    return path


def store_ground(database: Database, data_dir: Path, **options: Any) -> Path:
    """The raster `ground` in the store of a city; returns its GeoTIFF."""
    lift = options.pop("lift", 0.0)
    file = geotiff(data_dir / f"ground{lift}.tif", ground(lift=lift))
    given = {"name": "ground", "access": "public"} | options
    store_raster(database, data_dir / "rasters", file, **given)
    return file


def store_rain(database: Database, data_dir: Path, **options: Any) -> None:
    """The stack `rain` in the store of a city."""
    given = {"name": "rain", "access": "public"} | options
    store_raster(database, data_dir / "rasters", netcdf(data_dir / "rain.nc", rain()), **given)
