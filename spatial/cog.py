"""GeoTIFF to cloud-optimised GeoTIFF: copied, read back in full, and only then put in place."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import rasterio.errors
import rasterio.io
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.vrt import WarpedVRT

from spatial import crs as crs_of
from spatial.asof import format_instant
from spatial.errors import Rejected
from spatial.layer import identifier
from spatial.period import ALWAYS, Period
from spatial.raster import Edition

_BLOCK = 512


@dataclass(frozen=True)
class BandStatistics:
    """Of the cells with a value: how many, and their extremes and mean (None where there are 0)."""

    valid: int
    minimum: float | None
    maximum: float | None
    mean: float | None


class Tally:
    """Sums up cells, some at a time."""

    def __init__(self) -> None:
        self._valid, self._sum, self._low, self._high = 0, 0.0, np.inf, -np.inf

    def add(self, cells: npt.NDArray[Any]) -> None:
        """More cells; those that are no number do not count."""
        if np.issubdtype(cells.dtype, np.floating):
            cells = cells[np.isfinite(cells)]
        if cells.size:
            self._valid += cells.size
            self._sum += float(cells.sum(dtype=np.float64))
            self._low = min(self._low, float(cells.min()))
            self._high = max(self._high, float(cells.max()))

    def total(self) -> BandStatistics:
        """Of all that was added."""
        if not self._valid:
            return BandStatistics(0, None, None, None)
        return BandStatistics(self._valid, self._low, self._high, self._sum / self._valid)


@dataclass(frozen=True)
class RasterInfo:
    """A stored raster. bounds: minx, miny, maxx, maxy in `crs`; shape: rows, columns.

    names, titles and units: of each band. times and ends: when each layer of a stack begins to
    be true and, where the file says so, ceases to be (UTC). levels: of detail, in a stack.
    vertical_datum: as the file states it. notes: what was assumed.
    """

    crs: pyproj.CRS
    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]
    dtype: str
    nodata: float | None
    units: tuple[str | None, ...]
    statistics: tuple[BandStatistics, ...]
    names: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    times: tuple[datetime, ...] = ()
    ends: tuple[datetime, ...] = ()
    levels: int = 1
    vertical_datum: str | None = None
    notes: tuple[str, ...] = ()

    def profile(self) -> dict[str, Any]:
        """What the registry keeps of it, as JSON."""
        bands = zip(self.names, self.titles, self.units, self.statistics, strict=True)
        said: dict[str, Any] = {
            "bounds": list(self.bounds),
            "shape": list(self.shape),
            "dtype": self.dtype,
            "nodata": None if self.nodata is None or self.nodata != self.nodata else self.nodata,
            "bands": [
                {"name": name, "title": title, "unit": unit, **vars(statistics)}
                for name, title, unit, statistics in bands
            ],
        }
        if self.times:
            said["times"] = [format_instant(at) for at in self.times]
            said["ends"] = [format_instant(at) for at in self.ends]
            said["levels"] = self.levels
        return said


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


def edition(stored: str, info: RasterInfo, valid: Period = ALWAYS) -> Edition:
    """A file of the store as a state of a raster, to be registered."""
    srid = crs_of.srid(info.crs)
    extent = crs_of.transform_bounds(info.bounds, srid, crs_of.WGS84)
    return Edition(0, stored, srid, extent, info.profile(), valid)


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
        if data.transform.b or data.transform.d or data.transform.e > 0 or data.gcps[0]:
            data = opened.enter_context(_north_up(data))
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


def _north_up(data: Any) -> Any:
    """A raster that is turned, south up or placed by control points, as everything reads it."""
    nodata = data.nodata
    if nodata is None and np.issubdtype(data.dtypes[0], np.floating):
        nodata = np.nan
    elif nodata is None and not (data.transform.b == data.transform.d == 0 < data.transform.e):
        raise Rejected(
            "its grid is turned and no value means 'none': warp it north up first (gdalwarp)"
        )
    return WarpedVRT(data, nodata=nodata)


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
        described = [text or f"band_{band}" for band, text in enumerate(data.descriptions, 1)]
        tags = {key.lower(): value for key, value in {**data.tags(), **data.tags(1)}.items()}
        horizontal, vertical = crs_of.split(data.crs.to_wkt())
        return RasterInfo(
            crs=horizontal,
            bounds=tuple(data.bounds),
            shape=data.shape,
            dtype=data.dtypes[0],
            nodata=data.nodata,
            units=data.units,
            statistics=tuple(_statistics(data, band) for band in data.indexes),
            names=unique(described),
            titles=tuple(described),
            vertical_datum=datum_of(vertical) or tags.get("vertical_datum"),
        )


def unique(texts: Sequence[str]) -> tuple[str, ...]:
    """Names of bands from their descriptions, each once."""
    names: list[str] = []
    for number, text in enumerate(texts, 1):
        name = identifier(text) or f"band_{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return tuple(names)


def datum_of(vertical: pyproj.CRS | None) -> str | None:
    """A vertical CRS as people write it: EPSG:5737, else its name."""
    if vertical is None:
        return None
    authority = vertical.to_authority()
    return ":".join(authority) if authority else str(vertical.name)


def _statistics(data: Any, band: int) -> BandStatistics:
    tally = Tally()
    for _, window in data.block_windows(band):
        tally.add(data.read(band, window=window, masked=True).compressed())
    return tally.total()
