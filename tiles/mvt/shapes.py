"""Geometries as a tile's commands: snapped to its grid, without points that say nothing.

Sources: Mapbox Vector Tile Specification 2.1, section 4.3; TWKB, "Tiny Well-Known Binary".
"""

import numpy as np
from numba import njit

from tiles.mvt.wire import Bytes, Longs, big_endian, put, zigzag

_MOVE, _LINE, _CLOSE = 1, 2, 7
POINT, LINE, POLYGON = 1, 2, 3
_EMPTY = 0x10


@njit(cache=True, nogil=True)
def commands(
    cells: Bytes, count: int, scale: float, x: float, y: float
) -> tuple[Bytes, Longs, Longs]:
    """The geometries of so many features, as elements of TWKB in two dimensions.

    What is told with decimals comes to lie at (x + scale * east, y - scale * north), rounded down;
    what is in whole numbers lies in the tile already. Gives the commands, where those of each
    feature end, and the kind of each: 0 where nothing is left of it, be it that it has less than
    two points, or no area.
    """
    out = np.empty(8 * len(cells) + 16, np.uint8)
    points = np.empty((len(cells) // 2 + 1, 2), np.int64)
    ends, kinds = np.empty(count, np.int64), np.zeros(count, np.int64)
    # where the last point lay: in the shape, and in the tile
    told, pen = np.empty(2, np.int64), np.empty(2, np.int64)
    at = p = 0
    for feature in range(count):
        size = big_endian(cells, p, 4)
        p += 4
        if size > 1 and not cells[p + 1] & _EMPTY:
            kind, decimals = cells[p] & 15, cells[p] >> 5
            placed = decimals == 0
            unit = scale / 10.0**decimals
            place = (1.0, 1.0, 0.5, 0.5) if placed else (unit, -unit, x, y)
            told[0] = told[1] = pen[0] = pen[1] = 0
            began, q, many = at, p + 2, 1
            if kind > POLYGON:
                many, q = _number(cells, q)
                kind -= 3
            if kind == POINT:
                found, _ = _snapped(cells, q, many, place, told, points)
                at = _drawn(points, found, 0, pen, out, at)
            elif kind == LINE:
                at = _lines(cells, q, many, place, told, points, pen, out, at)
            elif kind == POLYGON:
                at = _polygons(cells, q, many, place, placed, told, points, pen, out, at)
            if at > began:
                kinds[feature] = kind
        p += max(size, 0)
        ends[feature] = at
    return out[:at], ends, kinds


@njit(cache=True, nogil=True)
def _number(cells: Bytes, p: int) -> tuple[int, int]:
    """A varint, and where it ends."""
    number = shift = 0
    while cells[p] > 127:
        number |= int(np.int64(cells[p] & 127)) << shift
        shift += 7
        p += 1
    return number | int(np.int64(cells[p])) << shift, p + 1


@njit(cache=True, nogil=True)
def _lines(cells, p, many, place, told, points, pen, out, at):  # type: ignore[no-untyped-def]
    for _ in range(many):
        size, p = _number(cells, p)
        found, p = _snapped(cells, p, size, place, told, points)
        if found > 1:
            at = _drawn(points, found, _LINE, pen, out, at)
    return at


@njit(cache=True, nogil=True)
def _polygons(cells, p, many, place, placed, told, points, pen, out, at):  # type: ignore[no-untyped-def]
    """Rings that keep an area of their sign: the outer one's is positive, y down."""
    for _ in range(many):
        rings, p = _number(cells, p)
        seen, turned = True, False
        for ring in range(rings):
            size, p = _number(cells, p)
            found, p = _snapped(cells, p, size, place, told, points)
            closed = points[0, 0] == points[found - 1, 0] and points[0, 1] == points[found - 1, 1]
            if found > 1 and closed:
                found -= 1
            area = _area(points, found)
            if ring == 0:
                turned = placed and area < 0
            if turned:
                _turn(points, found)
                area = -area
            if ring == 0:
                seen = area > 0
            if seen and (area > 0 if ring == 0 else area < 0):
                at = _drawn(points, found, _CLOSE, pen, out, at)
    return at


@njit(cache=True, nogil=True)
def _snapped(cells, p, size, place, told, points):  # type: ignore[no-untyped-def]
    """Put so many points on the grid, each once where they follow each other.

    How many remain, and where the shape goes on.
    """
    across, down, x, y = place
    found = 0
    for _ in range(size):
        for axis in range(2):
            step, p = _number(cells, p)
            told[axis] += (step >> 1) ^ -(step & 1)
        east = np.int64(np.floor(x + across * told[0]))
        south = np.int64(np.floor(y + down * told[1]))
        if not found or east != points[found - 1, 0] or south != points[found - 1, 1]:
            points[found, 0], points[found, 1] = east, south
            found += 1
    return found, p


@njit(cache=True, nogil=True)
def _turn(points, count):  # type: ignore[no-untyped-def]
    """The same ring the other way round."""
    for k in range(count // 2):
        for axis in range(2):
            one, other = points[k, axis], points[count - 1 - k, axis]
            points[k, axis], points[count - 1 - k, axis] = other, one


@njit(cache=True, nogil=True)
def _area(points, count):  # type: ignore[no-untyped-def]
    """Twice the area within a ring that is not closed."""
    twice = 0
    for k in range(count):
        after = k + 1 if k + 1 < count else 0
        twice += points[k, 0] * points[after, 1] - points[after, 0] * points[k, 1]
    return twice


@njit(cache=True, nogil=True)
def _drawn(points, count, ending, pen, out, at):  # type: ignore[no-untyped-def]
    """Write points (ending 0), a line, or a ring; where it ends."""
    moves = count if ending == 0 else 1
    at = put(out, at, moves << 3 | _MOVE)
    for k in range(count):
        if k == moves:
            at = put(out, at, (count - moves) << 3 | _LINE)
        for axis in range(2):
            at = put(out, at, zigzag(points[k, axis] - pen[axis]))
            pen[axis] = points[k, axis]
    return put(out, at, 1 << 3 | _CLOSE) if ending == _CLOSE else at
