"""Viewsheds of many cameras over one lattice of square cells, as shapes that fit together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import rasterize, shapes
from rasterio.transform import from_origin

from spatial.visibility.viewshed import BUILT, HIDDEN, SEEN, Bytes, Floats, viewshed

type Heights = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Cameras:
    """n cameras: (n, 2) places in metres, (n,) heights over ground, degrees faced clockwise from
    north and of view (360 all around), and how many metres each sees.
    """

    place: Floats
    height: Floats
    azimuth: Floats
    view: Floats
    reach: Floats


@dataclass(frozen=True)
class Blocks:
    """What stands in the way: (m,) polygons and their heights over ground in metres."""

    shape: npt.NDArray[Any]
    height: Floats


@dataclass(frozen=True)
class View:
    """What one camera sees: a shape along cells, and cells by SEEN, HIDDEN, BUILT."""

    shape: Any
    cells: npt.NDArray[np.int64]


def views(
    cameras: Cameras, blocks: Blocks, terrain: Heights, cell: float, target: float,
    told: Callable[[float], None] = lambda _: None,
) -> list[View]:  # fmt: skip
    """The viewshed of each camera over terrain and blocks.

    terrain: heights of places, x and y alike in shape; NaN where there is none. cell: metres; all
    viewsheds are of one lattice, whose cells begin at multiples of it. target: how high over
    ground what is looked at is. A camera on a block looks from over its roof, if that is higher.
    """
    tree = shapely.STRtree(blocks.shape)
    found = []
    for n in range(len(cameras.place)):
        found.append(_view(cameras, n, blocks, tree, terrain, cell, target))
        if n % 20 == 0:
            told(n / len(cameras.place))
    return found


def _view(
    cameras: Cameras, n: int, blocks: Blocks, tree: shapely.STRtree, terrain: Heights,
    cell: float, target: float,
) -> View:  # fmt: skip
    x, y = cameras.place[n]
    around = int(np.ceil(cameras.reach[n] / cell)) + 1
    column, row = int(np.floor(x / cell)), int(np.floor(y / cell))
    west, north, size = (column - around) * cell, (row + around + 1) * cell, 2 * around + 1
    at = from_origin(west, north, cell, cell)
    xs = west + (np.arange(size) + 0.5) * cell
    ys = north - (np.arange(size) + 0.5) * cell
    ground = terrain(*np.meshgrid(xs, ys))
    near = tree.query(shapely.box(west, north - size * cell, west + size * cell, north))
    near = near[np.argsort(blocks.height[near], kind="stable")]  # the highest is burned last
    tall = np.zeros((size, size))
    if len(near):
        burned = zip(blocks.shape[near], blocks.height[near].tolist(), strict=True)
        tall = rasterize(burned, (size, size), out=tall, transform=at)
    eye_row, eye_column = (north - y) / cell - 0.5, (x - west) / cell - 0.5
    under = int(np.rint(eye_row)), int(np.rint(eye_column))
    level = ground[under] + max(cameras.height[n], tall[under] + 0.5 if tall[under] else 0.0)
    seen: Bytes = np.zeros((size, size), np.uint8)
    if np.isfinite(level):
        viewshed(
            ground + tall, ground, tall > 0, np.array([eye_row, eye_column, level]),
            float(np.radians(cameras.azimuth[n])), float(np.radians(cameras.view[n] / 2)),
            float(cameras.reach[n] / cell), target, seen,
        )  # fmt: skip
    parts: list[Any] = [
        shapely.geometry.shape(shape)
        for shape, _ in shapes(seen, mask=seen == SEEN, transform=at, connectivity=4)
    ]
    cells = np.bincount(seen.ravel(), minlength=4)[[SEEN, HIDDEN, BUILT]]
    return View(shapely.MultiPolygon(parts), cells)


def field_cells(cameras: Cameras, terrain: Heights, cell: float) -> int:
    """How many cells with ground the fields of view hold, counted without any line of sight."""
    total = 0
    for (x, y), azimuth, view, reach in zip(
        cameras.place, cameras.azimuth, cameras.view, cameras.reach, strict=True
    ):
        around = int(np.ceil(reach / cell)) + 1
        steps = np.arange(-around, around + 1) + 0.5
        dx, dy = np.meshgrid(
            (np.floor(x / cell) + steps) * cell - x, (np.floor(y / cell) + steps) * cell - y
        )
        far = np.hypot(dx, dy)
        turn = np.degrees(np.arctan2(dx, dy)) - azimuth
        inside = (far <= reach) & (
            (np.abs((turn + 180) % 360 - 180) <= view / 2) | (view >= 360) | (far == 0)
        )
        total += int(np.isfinite(terrain(x + dx[inside], y + dy[inside])).sum())
    return total
