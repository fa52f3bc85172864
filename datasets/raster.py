"""GeoTIFF to cloud-optimised GeoTIFF: copied, read back in full, and only then put in place."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyproj
import rasterio
import rasterio.errors
import rasterio.io
import rasterio.shutil
from rasterio._err import CPLE_BaseError

from spatial import crs as crs_of
from spatial.errors import Rejected

_BLOCK = 512


@dataclass(frozen=True)
class BandStatistics:
    """Of the cells with a value: how many, and their extremes and mean (None where there are 0)."""

    valid: int
    minimum: float | None
    maximum: float | None
    mean: float | None


@dataclass(frozen=True)
class RasterInfo:
    """A registered raster. bounds: minx, miny, maxx, maxy in `crs`; shape: rows, columns."""

    crs: pyproj.CRS
    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]
    dtype: str
    nodata: float | None
    units: tuple[str | None, ...]
    statistics: tuple[BandStatistics, ...]


def to_cog(source: Path, target: Path, *, crs: str | None = None) -> RasterInfo:
    """Write a GeoTIFF as a COG with overviews; values, nodata, units and tags stay as they are.

    `crs` overrides what the file says. The target appears complete or not at all. Raises
    Rejected for a file that is damaged, no GeoTIFF or without a place on the Earth.
    """
    if not source.is_file():
        raise Rejected(f"there is no file '{source.name}'")
    partial = target.with_name(f".{target.name}.{uuid4().hex}.tif")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with rasterio.Env(GDAL_NUM_THREADS="ALL_CPUS"):
            _copy(source, partial, crs)
            info = _read_back(partial)
        partial.replace(target)
    except (rasterio.errors.RasterioError, CPLE_BaseError) as error:
        what = str(error).replace(f"{source.parent}/", "")
        raise Rejected(f"'{source.name}' cannot be read as GeoTIFF: {what}") from None
    finally:
        partial.unlink(missing_ok=True)
    return info


def _copy(source: Path, target: Path, crs: str | None) -> None:
    with ExitStack() as opened:
        data = opened.enter_context(rasterio.open(source, driver="GTiff"))
        if data.transform.is_identity and not data.gcps[0] and data.rpcs is None:
            raise Rejected(f"'{source.name}' has no position on the Earth: georeference it first")
        if crs is None and data.crs is None:
            raise Rejected(
                f"'{source.name}' does not say its coordinate reference system: "
                "name it, as --crs EPSG:4549"
            )
        if crs is not None:
            data = opened.enter_context(_relabelled(data, crs_of.parse(crs)))
        rasterio.shutil.copy(
            data,
            target,
            driver="COG",
            BLOCKSIZE=_BLOCK,
            COMPRESS="DEFLATE",
            PREDICTOR="YES",
            BIGTIFF="IF_SAFER",
            OVERVIEW_RESAMPLING="AVERAGE" if _is_continuous(data) else "MODE",
        )


def _relabelled(data: Any, crs: pyproj.CRS) -> Any:
    """The same raster under another CRS, as a virtual copy in memory."""
    virtual = f"/vsimem/{uuid4().hex}.vrt"
    rasterio.shutil.copy(data, virtual, driver="VRT")
    renamed = rasterio.open(virtual, "r+")
    renamed.crs = rasterio.crs.CRS.from_wkt(crs.to_wkt())
    return renamed


def _is_continuous(data: Any) -> bool:
    """Measured values and pictures may be averaged; whole numbers may be classes and may not."""
    is_picture = data.count >= 3 and set(data.dtypes) == {"uint8"}
    return is_picture or all(np.issubdtype(dtype, np.inexact) for dtype in data.dtypes)


def _read_back(path: Path) -> RasterInfo:
    """Read every block of a COG, which proves that it is whole, and sum up what it holds."""
    with rasterio.open(path, driver="GTiff") as data:
        if data.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") != "COG":
            raise Rejected("the raster could not be written as a COG")
        return RasterInfo(
            crs=crs_of.parse(data.crs.to_wkt()),
            bounds=tuple(data.bounds),
            shape=data.shape,
            dtype=data.dtypes[0],
            nodata=data.nodata,
            units=data.units,
            statistics=tuple(_statistics(data, band) for band in data.indexes),
        )


def _statistics(data: Any, band: int) -> BandStatistics:
    valid, total, low, high = 0, 0.0, np.inf, -np.inf
    for _, window in data.block_windows(band):
        cells = data.read(band, window=window, masked=True).compressed()
        if np.issubdtype(cells.dtype, np.floating):
            cells = cells[np.isfinite(cells)]
        if cells.size:
            valid += cells.size
            total += float(cells.sum(dtype=np.float64))
            low, high = min(low, float(cells.min())), max(high, float(cells.max()))
    if not valid:
        return BandStatistics(0, None, None, None)
    return BandStatistics(valid, low, high, total / valid)
