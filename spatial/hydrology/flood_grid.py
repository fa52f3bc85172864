"""The cells that a flood is computed on, and what rasters say of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

from spatial import crs
from spatial.analyses.grids import GridFile
from spatial.errors import Invalid

type Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FloodGrid:
    """heights: (rows, columns) m, NaN without data, on square cells in metres, north up."""

    heights: Doubles
    transform: Affine
    srid: int

    @classmethod
    def of(cls, grid: GridFile, cell: float | None = None) -> "FloodGrid":
        """Of a raster, or of the means of its cells where `cell` says how wide they shall be, m.

        Raises Invalid for a grid in degrees or of other than square cells, and for a width that
        is no multiple of theirs.
        """
        system = crs.parse(grid.srid)
        metric = system.is_projected and system.axis_info[0].unit_conversion_factor == 1
        if not metric or grid.srid == crs.WEB_MERCATOR:
            raise Invalid("the heights must lie in a CRS in true metres: warp the raster to one")
        with rasterio.open(grid.path) as data:
            cells, transform = data.read(1, masked=True), data.transform
        if abs(transform.a + transform.e) > 1e-6 * transform.a:
            raise Invalid("the cells of the heights must be square")
        heights = np.ma.filled(cells.astype(float), np.nan)
        heights = np.where(np.isfinite(heights), heights, np.nan)
        if cell is None:
            return cls(heights, transform, grid.srid)
        times = round(cell / transform.a)
        if times < 1 or abs(times * transform.a - cell) > 1e-6 * cell or times > min(heights.shape):
            raise Invalid(f"cells of {cell:g} m are no multiple of those of {transform.a:g} m")
        return cls(coarse(heights, times), transform @ Affine.scale(times), grid.srid)

    @property
    def shape(self) -> tuple[int, int]:
        return self.heights.shape[0], self.heights.shape[1]

    def laid(self, grid: GridFile) -> Doubles:
        """A raster's values on these cells: each takes the mean of what it covers, NaN of none."""
        with (
            rasterio.open(grid.path) as data,
            WarpedVRT(
                data, crs=f"EPSG:{self.srid}", transform=self.transform, height=self.shape[0],
                width=self.shape[1], resampling=Resampling.average,
            ) as over,
        ):  # fmt: skip
            values: Doubles = np.ma.filled(over.read(1, masked=True).astype(float), np.nan)
        return np.where(np.isfinite(values), values, np.nan)


def coarse(cells: Doubles, times: int) -> Doubles:
    """Means of blocks of so many cells each way, of those with data; what is over is cut off."""
    rows, columns = (n // times for n in cells.shape)
    blocks = cells[: rows * times, : columns * times].reshape(rows, times, columns, times)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0.0).sum(axis=(1, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
