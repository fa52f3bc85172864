"""Where the cells of a raster lie, and how large they are on the ground."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
from rasterio.transform import Affine
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from spatial import crs
from spatial.errors import Invalid
from spatial.hydrology.neighbours import Floats

#: Which cell a point means: the one that it lies in, or the one whose north-west corner is nearest.
type Convention = Literal["containing", "corner"]


@dataclass(frozen=True)
class Lattice:
    """The cells of a north-up raster: rows go south, columns east."""

    transform: Affine
    shape: tuple[int, int]
    srid: int

    @classmethod
    def of(cls, path: Path, srid: int) -> "Lattice":
        """That of a raster's file. Raises Invalid for web mercator, which stretches the ground."""
        if srid == crs.WEB_MERCATOR:
            raise Invalid("web mercator stretches the ground: warp the raster to a CRS in metres")
        with rasterio.open(path) as data:
            return cls(data.transform, (data.height, data.width), srid)

    @cached_property
    def dx(self) -> Floats:
        """(rows,) width of the cells of each row, in m."""
        return self._sizes[0]

    @cached_property
    def dy(self) -> Floats:
        """(rows,) height of the cells of each row, in m."""
        return self._sizes[1]

    @cached_property
    def area(self) -> Floats:
        """(rows,) area of a cell of each row, in m²: of the ellipsoid where the CRS is in degrees.

        A zone between the latitudes p and q has the area b² pi (F(q) - F(p)) with
        F = sin / (1 - e² sin²) + artanh(e sin) / e (Snyder 1987, (3-12)).
        """
        system = crs.parse(self.srid)
        if not system.is_geographic:
            return self.dx * self.dy
        edges = np.radians(self.transform.f + self.transform.e * np.arange(self.shape[0] + 1))
        _, polar, e = _ellipsoid(system)
        sine = np.sin(edges)
        zones = sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e
        areas: Floats = -np.diff(zones) * polar**2 / 2 * np.radians(self.transform.a)
        return areas

    @cached_property
    def _sizes(self) -> tuple[Floats, Floats]:
        rows = np.arange(self.shape[0]) + 0.5
        system = crs.parse(self.srid)
        width, height = abs(self.transform.a), abs(self.transform.e)
        if not system.is_geographic:
            unit = system.axis_info[0].unit_conversion_factor
            return np.full(len(rows), width * unit), np.full(len(rows), height * unit)
        middle = np.radians(self.transform.f + self.transform.e * rows)
        if (np.abs(middle) >= np.pi / 2).any():
            raise Invalid("the raster reaches over a pole")
        major, _, e = _ellipsoid(system)
        bend = 1 - (e * np.sin(middle)) ** 2
        across = major * np.cos(middle) / np.sqrt(bend) * np.radians(width)
        return across, major * (1 - e * e) / bend**1.5 * np.radians(height)

    def cell(self, x: float, y: float, convention: Convention = "containing") -> tuple[int, int]:
        """Row and column of the cell that a point means, in the raster's CRS.

        Raises Invalid for a point outside the raster.
        """
        column = (x - self.transform.c) / self.transform.a
        row = (y - self.transform.f) / self.transform.e
        if convention == "corner":
            column, row = column + 0.5, row + 0.5
        at = int(np.floor(row)), int(np.floor(column))
        if not self.holds(*at):
            west, north = self.transform.c, self.transform.f
            east = west + self.transform.a * self.shape[1]
            south = north + self.transform.e * self.shape[0]
            raise Invalid(
                f"the point {x:.10g}, {y:.10g} lies outside the raster, which reaches from "
                f"{west:.10g}, {south:.10g} to {east:.10g}, {north:.10g} in EPSG:{self.srid}"
            )
        return at

    def holds(self, row: int, column: int) -> bool:
        """Whether there is such a cell."""
        return 0 <= row < self.shape[0] and 0 <= column < self.shape[1]

    def part(self, top: int, left: int) -> Affine:
        """The transform of a window that begins at this row and column."""
        return window_transform(Window(left, top, 1, 1), self.transform)

    def centres(self, row: npt.ArrayLike, column: npt.ArrayLike) -> tuple[Floats, Floats]:
        """x and y of the middles of cells."""
        x = self.transform.c + self.transform.a * (np.asarray(column) + 0.5)
        y = self.transform.f + self.transform.e * (np.asarray(row) + 0.5)
        return x, y


def _ellipsoid(system: pyproj.CRS) -> tuple[float, float, float]:
    """Half the axes in m, and the eccentricity."""
    shape = system.ellipsoid
    assert shape is not None  # whatever has degrees has one
    major, minor = shape.semi_major_metre, shape.semi_minor_metre
    return major, minor, float(np.sqrt(1 - (minor / major) ** 2))
