"""Cells of stored rasters, read by window at the detail that is asked for: never the whole file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import zarr
from rasterio.enums import Resampling
from rasterio.transform import from_bounds
from rasterio.warp import reproject
from rasterio.windows import Window

from spatial import crs as crs_of
from spatial.errors import Unavailable
from spatial.layer import Box
from spatial.raster import Edition, Step

type Cells = np.ma.MaskedArray[Any, Any]


@dataclass(frozen=True)
class Frame:
    """A place in cells: bounds x first in the CRS of an EPSG code, rows and columns."""

    bounds: Box
    srid: int
    shape: tuple[int, int]

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell."""
        minx, miny, maxx, maxy = self.bounds
        return (maxx - minx) / self.shape[1], (maxy - miny) / self.shape[0]

    @property
    def transform(self) -> Any:
        """From column and row to x and y."""
        return from_bounds(*self.bounds, self.shape[1], self.shape[0])

    def centres(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """x of the columns and y of the rows, north first."""
        dx, dy = self.cell
        xs = self.bounds[0] + dx * (np.arange(self.shape[1]) + 0.5)
        ys = self.bounds[3] - dy * (np.arange(self.shape[0]) + 0.5)
        return xs, ys


def whole(edition: Edition) -> Frame:
    """All of an edition, at full detail."""
    return Frame(edition.bounds, edition.srid, edition.shape)


def snapped(edition: Edition, box: Box) -> Frame | None:
    """The edition's cells of which the centre, or else any part, is in a box in its CRS."""
    minx, maxy = edition.bounds[0], edition.bounds[3]
    frame = whole(edition)
    dx, dy = frame.cell
    left, right = _span((box[0] - minx) / dx, (box[2] - minx) / dx, edition.shape[1])
    top, bottom = _span((maxy - box[3]) / dy, (maxy - box[1]) / dy, edition.shape[0])
    if left >= right or top >= bottom:
        return None
    bounds = (minx + left * dx, maxy - bottom * dy, minx + right * dx, maxy - top * dy)
    return Frame(bounds, edition.srid, (bottom - top, right - left))


def _span(first: float, last: float, count: int) -> tuple[int, int]:
    if last < 0 or first > count:
        return 0, 0
    start, stop = int(np.ceil(first - 0.5 - 1e-6)), int(np.floor(last - 0.5 + 1e-6)) + 1
    if start >= stop:  # between two centres: the one cell that it is in
        start = int(np.floor((first + last) / 2))
        stop = start + 1
    return max(start, 0), min(stop, count)


def read(
    store: Path, step: Step, frame: Frame, bands: Sequence[int], *, smooth: bool = False
) -> Cells | None:
    """Values (band, row, column) of a step on a frame; None where they do not meet.

    bands: from 0. Cells without a value are masked. On the edition's own cells the values are the
    file's; elsewhere those of the nearest cell or, where `smooth`, interpolated.
    """
    edition = step.edition
    near = crs_of.transform_bounds(frame.bounds, frame.srid, edition.srid)
    if not np.isfinite(near).all():
        return None
    own = snapped(edition, near) if frame.srid == edition.srid else None
    if own is not None and np.allclose(own.bounds, frame.bounds, rtol=0, atol=own.cell[0] / 1e3):
        with _opened(store, edition) as source:
            return source.read(step.index, own, bands, frame.shape)
    width, height = whole(edition).cell
    coarse = max(1.0, (near[2] - near[0]) / width / (2 * frame.shape[1]))
    spare = 3 * coarse * max(width, height)
    grown = (near[0] - spare, near[1] - spare, near[2] + spare, near[3] + spare)
    own = snapped(edition, grown)
    if own is None:
        return None
    shape = max(1, round(own.shape[0] / coarse)), max(1, round(own.shape[1] / coarse))
    with _opened(store, edition) as source:
        cells = source.read(step.index, own, bands, shape)
    return _warped(cells, replace(own, shape=shape), frame, smooth)


def sample(
    store: Path,
    steps: Sequence[Step],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    srid: int,
    bands: Sequence[int],
) -> Cells:
    """Values (step, band, point) of the cells that points lie in; masked where there is none."""
    dtype = np.result_type(*(step.edition.profile["dtype"] for step in steps), np.float32)
    values: Cells = np.ma.masked_all((len(steps), len(bands), x.size), dtype)
    for edition, group in groupby(enumerate(steps), lambda pair: pair[1].edition):
        places = list(group)
        px, py = map(np.asarray, crs_of.transformer(srid, edition.srid).transform(x, y))
        frame = whole(edition)
        with np.errstate(invalid="ignore"):
            column = np.floor((px - frame.bounds[0]) / frame.cell[0])
            row = np.floor((frame.bounds[3] - py) / frame.cell[1])
            inside = (column >= 0) & (column < frame.shape[1]) & (row >= 0) & (row < frame.shape[0])
        at, indices = [place for place, _ in places], [step.index for _, step in places]
        with _opened(store, edition) as source:
            for point in np.flatnonzero(inside):
                values[at, :, point] = source.series(
                    indices, int(row[point]), int(column[point]), bands
                )
    return values


def _warped(cells: Cells, own: Frame, frame: Frame, smooth: bool) -> Cells:
    """Cells of one frame on another."""
    floats = np.ma.filled(cells.astype(np.promote_types(cells.dtype, np.float32)), np.nan)
    target = np.full((cells.shape[0], *frame.shape), np.nan, floats.dtype)
    reproject(
        floats,
        target,
        src_transform=own.transform,
        src_crs=crs_of.parse(own.srid).to_wkt(),
        dst_transform=frame.transform,
        dst_crs=crs_of.parse(frame.srid).to_wkt(),
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear if smooth else Resampling.nearest,
    )
    masked: Cells = np.ma.masked_invalid(target)
    if smooth or cells.dtype.kind == "f":
        return masked
    return np.ma.array(masked.filled(0).astype(cells.dtype), mask=masked.mask)


class _Cog:
    """A GeoTIFF: rasterio reads the window from the overview that suits."""

    def __init__(self, data: Any, edition: Edition) -> None:
        self._data, self._edition = data, edition

    def series(self, _: Sequence[int], row: int, column: int, bands: Sequence[int]) -> Cells:
        """Values (moment, band) of one cell."""
        cells: Cells = self._data.read(
            [band + 1 for band in bands], window=Window(column, row, 1, 1), masked=True
        )
        return cells[np.newaxis, :, 0, 0]

    def read(self, _: int, own: Frame, bands: Sequence[int], shape: tuple[int, int]) -> Cells:
        """Values (band, row, column) of a part, at so many rows and columns."""
        left, top = _corner(self._edition, own)
        # fewer cells of measured values are means; whole numbers may be classes
        means = self._edition.profile["dtype"].startswith("float") and shape[0] < own.shape[0]
        cells: Cells = self._data.read(
            [band + 1 for band in bands],
            window=Window(left, top, own.shape[1], own.shape[0]),
            out_shape=(len(bands), *shape),
            masked=True,
            resampling=Resampling.average if means else Resampling.nearest,
        )
        return _masked(cells)


class _Stack:
    """The layers of a Zarr stack, at the level of detail that suits."""

    def __init__(self, root: Any, edition: Edition) -> None:
        self._root, self._edition = root, edition

    def series(self, indices: Sequence[int], row: int, column: int, bands: Sequence[int]) -> Cells:
        """Values (moment, band) of one cell; the moments are in order and close together."""
        first, last = indices[0], indices[-1] + 1
        chosen = np.array(indices) - first
        cells = [
            self._root[f"0/{self._edition.bands[band].name}"][first:last, row, column][chosen]
            for band in bands
        ]
        return _masked(np.stack(cells, axis=1))

    def read(self, index: int, own: Frame, bands: Sequence[int], shape: tuple[int, int]) -> Cells:
        """Values (band, row, column) of a part of a layer, at so many rows and columns."""
        edition = self._edition
        finest = int(edition.profile.get("levels", 1)) - 1
        left, top = _corner(edition, own)
        detail = min(own.shape[0] / shape[0], own.shape[1] / shape[1])
        level = min(finest, max(0, int(np.floor(np.log2(max(detail, 1))))))
        rows = (top + (np.arange(shape[0]) + 0.5) * own.shape[0] / shape[0]) // 2**level
        columns = (left + (np.arange(shape[1]) + 0.5) * own.shape[1] / shape[1]) // 2**level
        r, c = rows.astype(np.int64), columns.astype(np.int64)
        layers = [
            self._root[f"{level}/{edition.bands[band].name}"][
                index, r[0] : r[-1] + 1, c[0] : c[-1] + 1
            ][np.ix_(r - r[0], c - c[0])]
            for band in bands
        ]
        return _masked(np.stack(layers))


def _masked(cells: Any) -> Cells:
    return np.ma.masked_invalid(cells) if cells.dtype.kind == "f" else np.ma.array(cells)


def _corner(edition: Edition, own: Frame) -> tuple[int, int]:
    """Column and row of the edition at a frame's north-west corner."""
    dx, dy = whole(edition).cell
    return (
        round((own.bounds[0] - edition.bounds[0]) / dx),
        round((edition.bounds[3] - own.bounds[3]) / dy),
    )


@contextmanager
def _opened(store: Path, edition: Edition) -> Iterator[_Cog | _Stack]:
    """The file of an edition; raises Unavailable where the store lacks it."""
    place = store / edition.file
    if not place.exists():
        raise Unavailable("a file of this raster is missing in the store: load it again")
    if place.is_dir():
        yield _Stack(zarr.open_group(place, mode="r", use_consolidated=False), edition)
        return
    with rasterio.open(place, driver="GTiff") as data:
        yield _Cog(data, edition)
