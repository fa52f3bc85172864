"""Things under water: how deep, over what area, and what it costs by depth-damage curves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from rasterio.transform import Affine, array_bounds

from spatial.errors import Invalid

type Doubles = npt.NDArray[np.float64]

#: Upper bounds of the classes of depth (m); deeper than the last is a class of its own.
BOUNDS = (0.15, 0.3, 0.5, 1.0, 2.0)
CLASSES = ("dry", *(f"to_{bound:g}_m" for bound in BOUNDS), f"over_{BOUNDS[-1]:g}_m")
#: Water that is at least this deep (m) stops cars (Pregnolato et al. 2017).
CLOSED = 0.3
#: Cells and areas lie in one plane, whichever; exactextract asks for its name.
_PLANE = pyproj.CRS(3857)


def classes(depth: Doubles) -> npt.NDArray[np.object_]:
    """The class of each depth, m."""
    place = np.where(depth > 0, 1 + np.searchsorted(BOUNDS, depth), 0)
    named: npt.NDArray[np.object_] = np.array(CLASSES, object)[place]
    return named


@dataclass(frozen=True)
class Curves:
    """Of each kind of thing the depths (m), ascending, and the damage per m² at them."""

    kinds: Mapping[str, tuple[Doubles, Doubles]]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Self:
        """From rows of kind, depth and damage. Raises Invalid for what is missing or negative."""
        lacking = {"kind", "depth", "damage"} - set(table.columns)
        if lacking:
            raise Invalid(f"the damage curves lack {', '.join(sorted(lacking))}")
        kinds = {}
        for kind, rows in table.groupby(table["kind"].astype(str)):
            ordered = rows.sort_values("depth")
            depth, damage = (ordered[one].to_numpy(float) for one in ("depth", "damage"))
            if (np.diff(depth) <= 0).any() or not (damage >= 0).all():
                raise Invalid(f"the damage curve of '{kind}' tells a depth twice, or less than 0")
            kinds[str(kind)] = (depth, damage)
        return cls(kinds)

    def damage(self, kind: str, depth: Doubles) -> Doubles:
        """Per m² at some depths: straight between those of the curve, its ends beyond; 0 if dry.

        NaN where the kind has no curve.
        """
        if kind not in self.kinds:
            return np.full(len(depth), np.nan)
        return np.where(depth > 0, np.interp(depth, *self.kinds[kind]), 0.0)


@dataclass(frozen=True)
class Exposed:
    """Of n areas: deepest water and mean of the wet part (m), damage, and (n, 7) m² by class.

    The classes are dry, and up to each of BOUNDS, and deeper.
    """

    deepest: Doubles
    mean: Doubles
    damage: Doubles
    area: Doubles


def exposed(
    areas: npt.NDArray[np.object_], kinds: npt.NDArray[np.object_], depth: Doubles,
    transform: Affine, curves: Curves,
) -> Exposed:  # fmt: skip
    """Areas over a grid of depths; damage = sum over cells of shared area × damage(depth).

    depth: (rows, columns) m, 0 where dry or unknown. Beyond the grid it is dry.
    """
    west, south, east, north = array_bounds(*depth.shape, transform)
    source = NumPyRasterSource(depth, west, south, east, north, srs_wkt=_PLANE.to_wkt())
    frame = gpd.GeoDataFrame({"place": np.arange(len(areas))}, geometry=list(areas), crs=_PLANE)
    found = exact_extract(source, frame, ["values", "coverage"], output="pandas")
    size = -transform.a * transform.e
    deepest, mean, damage = (np.zeros(len(areas)) for _ in range(3))
    made = Exposed(deepest, mean, damage, np.zeros((len(areas), len(BOUNDS) + 2)))
    for row, (values, coverage) in enumerate(zip(found["values"], found["coverage"], strict=True)):
        water, shared = np.asarray(values, float), np.asarray(coverage, float) * size
        wet = water > 0
        group = np.where(wet, 1 + np.searchsorted(BOUNDS, water), 0)
        made.area[row] = np.bincount(group, shared, len(BOUNDS) + 2)
        if wet.any():
            made.deepest[row] = water.max()
            made.mean[row] = np.average(water[wet], weights=shared[wet])
        made.damage[row] = (curves.damage(str(kinds[row]), water) * shared).sum()
    made.area[:, 0] += shapely.area(areas) - shapely.area(
        shapely.clip_by_rect(areas, west, south, east, north)
    )
    return made


def deepest_along(lines: npt.NDArray[np.object_], depth: Doubles, transform: Affine) -> Doubles:
    """(n,) the deepest water that lines pass, m, looked at once in half a cell."""
    parts, of = shapely.get_parts(lines, return_index=True)
    made = np.zeros(len(lines))
    for part, line in zip(parts, of, strict=True):
        steps = np.arange(0, shapely.length(part) + transform.a / 2, transform.a / 2)
        places = shapely.get_coordinates(shapely.line_interpolate_point(part, steps))
        made[line] = max(made[line], water_at(places, depth, transform).max(initial=0.0))
    return made


def water_at(places: Doubles, depth: Doubles, transform: Affine) -> Doubles:
    """(n,) the depth in the cell that each place (n, 2) lies in, m; 0 beyond the grid."""
    column = np.floor((places[:, 0] - transform.c) / transform.a).astype(int)
    row = np.floor((places[:, 1] - transform.f) / transform.e).astype(int)
    inside = (row >= 0) & (row < depth.shape[0]) & (column >= 0) & (column < depth.shape[1])
    made = np.zeros(len(places))
    made[inside] = depth[row[inside], column[inside]]
    return made
