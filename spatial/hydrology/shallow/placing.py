"""Where on the grid a shape lies: cells for places and areas, faces for walls."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import rasterize
from rasterio.transform import Affine

from spatial.errors import Invalid
from spatial.hydrology.shallow.ground import Mask

type Doubles = npt.NDArray[np.float64]
type Cell = tuple[int, int]
#: A geometry of shapely, any of them.
type Shape = Any


def touched(shape: Shape, transform: Affine, size: tuple[int, int]) -> Mask:
    """The cells that a point, a line or an area touches; of an area those whose middle it holds.

    An area that holds no middle takes the cells that it touches.
    """
    areal = shape.geom_type in ("Polygon", "MultiPolygon")
    made = rasterize([shape], size, transform=transform, all_touched=not areal, dtype=np.uint8)
    if areal and not made.any():
        made = rasterize([shape], size, transform=transform, all_touched=True, dtype=np.uint8)
    return np.asarray(made, bool)


def cell_at(point: Shape, transform: Affine, size: tuple[int, int]) -> Cell:
    """Row and column of the cell that holds a point. Raises Invalid for a point outside."""
    row = int(np.floor((point.y - transform.f) / transform.e))
    column = int(np.floor((point.x - transform.c) / transform.a))
    if not (0 <= row < size[0] and 0 <= column < size[1]):
        raise Invalid(f"the point {point.x:.10g}, {point.y:.10g} lies outside the grid")
    return row, column


def ends(line: Shape, transform: Affine, size: tuple[int, int]) -> tuple[Cell, Cell]:
    """The cells that a line begins and ends in. Raises Invalid for what is no line."""
    places = shapely.get_coordinates(line)
    if shapely.get_dimensions(line) != 1 or len(places) < 2:
        raise Invalid("a link is a line from cell to cell")
    first, last = (cell_at(shapely.Point(*places[k]), transform, size) for k in (0, -1))
    return first, last


def crossed(line: Shape, transform: Affine, size: tuple[int, int]) -> tuple[Mask, Mask]:
    """(rows, columns + 1) and (rows + 1, columns) faces between two cells that a line parts.

    A face is parted where the line crosses the way from one cell's middle to the other's.
    """
    near = rasterize(
        [line.buffer(1.5 * transform.a)], size, transform=transform, all_touched=True,
        dtype=np.uint8,
    ).astype(bool)  # fmt: skip
    across = np.zeros((size[0], size[1] + 1), bool)
    along = np.zeros((size[0] + 1, size[1]), bool)
    for made, (down, right) in ((across, (0, 1)), (along, (1, 0))):
        rows, columns = np.nonzero(near[down:, right:])
        first = _middles(rows, columns, transform)
        second = _middles(rows + down, columns + right, transform)
        ways = shapely.linestrings(np.stack([first, second], axis=1))
        parted = shapely.intersects(ways, line)
        made[rows[parted] + down, columns[parted] + right] = True
    return across, along


def _middles(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], transform: Affine
) -> Doubles:
    return np.column_stack(
        [transform.c + transform.a * (columns + 0.5), transform.f + transform.e * (rows + 0.5)]
    )
