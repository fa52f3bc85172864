"""Cells of a raster for decisions: read, sloped, averaged over polygons, brought onto a grid."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from rasterio.enums import Resampling
from rasterio.transform import array_bounds
from rasterio.warp import calculate_default_transform, reproject
from rasterio.windows import Window, from_bounds

from spatial import crs
from spatial.errors import Invalid, TooLarge
from spatial.land_use.polygons import Floats, Geometries

MOST = 64_000_000
type Cells = npt.NDArray[np.float64]


class Elsewhere(Invalid):
    """A raster has no cells where they are wanted."""


@dataclass(frozen=True)
class Grid:
    """Where cells lie: rows and columns from the north-west corner, in a plane in metres."""

    transform: Affine
    shape: tuple[int, int]
    srid: int

    @classmethod
    def over(cls, bounds: tuple[float, float, float, float], size: float, srid: int) -> Self:
        """Square cells over bounds, their corners at multiples of the size.

        Raises TooLarge for more than 64 million.
        """
        west, south = (np.floor(v / size) * size for v in bounds[:2])
        east, north = (np.ceil(v / size) * size for v in bounds[2:])
        columns, rows = round((east - west) / size), round((north - south) / size)
        if rows * columns > MOST:
            raise TooLarge(f"{rows} by {columns} cells are too many: choose a larger cell")
        return cls(Affine(size, 0, west, 0, -size, north), (max(rows, 1), max(columns, 1)), srid)

    @property
    def size(self) -> float:
        return float(self.transform.a)

    def part(self, row: int, column: int, shape: tuple[int, int]) -> "Grid":
        """The grid of some of the cells, from a row and a column on."""
        return Grid(self.transform @ Affine.translation(column, row), shape, self.srid)

    def written(self, file: Path, name: str) -> Any:
        """A new GeoTIFF of one band of the grid's cells, open to be written, NaN for none."""
        made = rasterio.open(
            file, "w", driver="GTiff", width=self.shape[1], height=self.shape[0], count=1,
            dtype="float32", crs=self.srid, transform=self.transform, nodata=np.nan, tiled=True,
            blockxsize=256, blockysize=256, compress="deflate",
        )  # fmt: skip
        made.set_band_description(1, name)
        return made

    def middles(self) -> tuple[Floats, Floats]:
        """(rows · columns,) x and y of the cells' middles, row by row from the north-west."""
        rows, columns = np.indices(self.shape)
        x = self.transform.c + (columns.ravel() + 0.5) * self.size
        y = self.transform.f - (rows.ravel() + 0.5) * self.size
        return np.asarray(x, float), np.asarray(y, float)

    def boxes(self, chosen: npt.NDArray[np.int64]) -> Geometries:
        """The squares of some cells, numbered row by row."""
        x, y = (axis[chosen] for axis in self.middles())
        half = self.size / 2
        return np.asarray(shapely.box(x - half, y - half, x + half, y + half), object)


@dataclass(frozen=True)
class Field:
    """Values (rows, columns) with NaN for none, where they lie, and in which CRS."""

    values: Cells
    transform: Affine
    system: pyproj.CRS

    @classmethod
    def read(cls, path: Path, around: gpd.GeoSeries, margin: int = 2) -> Self:
        """The first band of a file, as much of it as lies around shapes.

        Raises Invalid where the file ends before all shapes, TooLarge for too many cells.
        """
        with rasterio.open(path) as data:
            system = crs.parse(data.crs)
            box = around.to_crs(system).total_bounds
            whole = Window(0, 0, data.width, data.height)
            window = from_bounds(*box, data.transform).round_offsets().round_lengths()
            window = Window(
                window.col_off - margin, window.row_off - margin,
                window.width + 2 * margin + 1, window.height + 2 * margin + 1,
            )  # fmt: skip
            try:
                window = window.intersection(whole)
            except rasterio.errors.WindowError:
                raise Elsewhere(f"the raster '{path.stem}' lies elsewhere") from None
            if window.width * window.height > MOST:
                raise TooLarge("the raster has too many cells here: take a coarser one")
            band = data.read(1, window=window, masked=True)
            values = np.ma.filled(band.astype(np.float64), np.nan)
            return cls(values, data.window_transform(window), system)

    def planar(self, system: pyproj.CRS) -> "Field":
        """The field in a plane in metres: itself where it lies in one."""
        if self.system.is_projected and self.system.axis_info[0].unit_conversion_factor == 1:
            return self
        rows, columns = self.values.shape
        bounds = array_bounds(rows, columns, self.transform)
        transform, width, height = calculate_default_transform(
            self.system, system, columns, rows, *bounds
        )
        made = self._onto(transform, (height, width), system, Resampling.bilinear)
        return Field(made, transform, system)

    def slope(self) -> "Field":
        """Degrees, by Horn's third-order differences; NaN at the edge and beside NaN.

        Source: Horn (1981), Hill shading and the reflectance map.
        """
        z, dx, dy = self.values, abs(self.transform.a), abs(self.transform.e)
        made = np.full(z.shape, np.nan)
        if min(z.shape) > 2:
            north, middle, south = z[:-2], z[1:-1], z[2:]
            east = (north + 2 * middle + south)[:, 2:] - (north + 2 * middle + south)[:, :-2]
            across = z[:, :-2] + 2 * z[:, 1:-1] + z[:, 2:]
            steep = np.hypot(east / (8 * dx), (across[2:] - across[:-2]) / (8 * dy))
            made[1:-1, 1:-1] = np.degrees(np.arctan(steep)) + 0 * middle[:, 1:-1]
        return Field(made, self.transform, self.system)

    def onto(self, grid: Grid) -> Floats:
        """(rows · columns,) of a grid: the mean where its cells are larger, else bilinear."""
        coarser = grid.size > abs(self.transform.a) * (1 if self.system.is_projected else 111_000)
        how = Resampling.average if coarser else Resampling.bilinear
        made = self._onto(grid.transform, grid.shape, crs.parse(grid.srid), how)
        return made.ravel()

    def means(self, units: gpd.GeoSeries) -> Floats:
        """(n,) the mean over each polygon, cells weighed by what it covers of them; else NaN."""
        rows, columns = self.values.shape
        west, south, east, north = array_bounds(rows, columns, self.transform)
        source = NumPyRasterSource(
            self.values, west, south, east, north, nodata=np.nan, srs_wkt=self.system.to_wkt()
        )
        frame = gpd.GeoDataFrame(geometry=units.to_crs(self.system).reset_index(drop=True))
        found = exact_extract(source, frame, ["mean"], output="pandas")
        return np.asarray(found["mean"].to_numpy(float))

    def _onto(
        self, transform: Affine, shape: tuple[int, int], system: pyproj.CRS, how: Resampling
    ) -> Cells:
        made = np.full(shape, np.nan)
        reproject(
            self.values, made, src_transform=self.transform, src_crs=self.system.to_wkt(),
            dst_transform=transform, dst_crs=system.to_wkt(), src_nodata=np.nan,
            dst_nodata=np.nan, resampling=how,
        )  # fmt: skip
        return made
