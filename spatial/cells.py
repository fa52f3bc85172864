"""Cells of the web-mercator quadtree: where a change happened, in a few integers."""

import math

from spatial.crs import EDGE
from spatial.layer import Box

DEEPEST = 16
AT_MOST = 256


def cell_id(z: int, x: int, y: int) -> int:
    """One integer for a quadtree cell: zoom in the top bits, then x, then y."""
    return z << 58 | x << 29 | y


def cell_parts(cell: int) -> tuple[int, int, int]:
    """(z, x, y) of a cell id."""
    return cell >> 58, cell >> 29 & 0x1FFFFFFF, cell & 0x1FFFFFFF


def cell_at(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    """(z, x, y) of the cell that holds a point in degrees."""
    return z, _column(lon, z), _row(lat, z)


def _column(lon: float, z: int) -> int:
    return min(max(int((lon + 180) / 360 * (1 << z)), 0), (1 << z) - 1)


def _row(lat: float, z: int) -> int:
    lat = math.radians(min(max(lat, -EDGE), EDGE))
    share = (1 - math.asinh(math.tan(lat)) / math.pi) / 2
    return min(max(int(share * (1 << z)), 0), (1 << z) - 1)


def cells_of(boxes: list[Box]) -> list[int]:
    """The cells that some boxes (degrees, x first) touch: the deepest zoom that needs few cells."""
    for z in range(DEEPEST, -1, -1):
        spans = [
            (_column(x0, z), _column(x1, z), _row(y1, z), _row(y0, z)) for x0, y0, x1, y1 in boxes
        ]
        if sum((c1 - c0 + 1) * (r1 - r0 + 1) for c0, c1, r0, r1 in spans) <= AT_MOST or z == 0:
            return sorted(
                {
                    cell_id(z, x, y)
                    for c0, c1, r0, r1 in spans
                    for x in range(c0, c1 + 1)
                    for y in range(r0, r1 + 1)
                }
            )
    return []
