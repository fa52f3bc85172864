"""Geometries as a tile's commands: snapped to its grid, without points that say nothing.

Source: Mapbox Vector Tile Specification 2.1, section 4.3.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from tiles.mvt.wire import Bytes, Longs, big_endian, little_endian, put, zigzag

_MOVE, _LINE, _CLOSE = 1, 2, 7
_HAS_SRID = 0x20000000
POINT, LINE, POLYGON = 1, 2, 3

type Floats = npt.NDArray[np.float64]


@njit(cache=True, nogil=True)
def commands(cells: Bytes, count: int, scale: float, x: float, y: float) -> tuple[
    Bytes, Longs, Longs
]:  # fmt: skip
    """The geometries of so many features, as elements of little-endian EWKB in two dimensions.

    What has an SRID comes to lie at (x + scale * east, y - scale * north), rounded down; what has
    none lies in the tile already. Gives the commands, where those of each feature end, and the
    kind of each: 0 where nothing is left of it, be it that it has less than two points, or no area.
    """
    out = np.empty(len(cells) + 16, np.uint8)
    ends, kinds = np.empty(count, np.int64), np.zeros(count, np.int64)
    raw = np.empty(len(cells) // 16 * 2 + 2, np.float64)
    points = np.empty((len(raw) // 2, 2), np.int64)
    pen = np.empty(2, np.int64)
    at = p = 0
    for feature in range(count):
        size = big_endian(cells, p, 4)
        p += 4
        if size > 0:
            kind, many, inner = _head(cells, p)
            placed = (little_endian(cells, p + 1) & _HAS_SRID) == 0
            place = (1.0, 1.0, 0.5, 0.5) if placed else (scale, -scale, x, y)
            pen[0] = pen[1] = 0
            began = at
            if kind == POINT:
                at = _points(cells, inner, many, place, raw, points, pen, out, at)
            elif kind == LINE:
                at = _lines(cells, inner, many, place, raw, points, pen, out, at)
            elif kind == POLYGON:
                at = _polygons(cells, inner, many, place, placed, raw, points, pen, out, at)
            if at > began:
                kinds[feature] = kind
            p += size
        ends[feature] = at
    return out[:at], ends, kinds


@njit(cache=True, nogil=True)
def _head(cells: Bytes, p: int) -> tuple[int, int, int]:
    """Of a geometry: its kind, how many parts it has, and where the first of them starts."""
    word = little_endian(cells, p + 1)
    kind, inner = word & 0xFF, p + (9 if word & _HAS_SRID else 5)
    if kind <= POLYGON:
        return kind, 1, inner
    # the parts of several have a head of five bytes each, without an SRID
    return kind - 3, little_endian(cells, inner), inner + 9


@njit(cache=True, nogil=True)
def _points(cells, p, many, place, raw, points, pen, out, at):  # type: ignore[no-untyped-def]
    """One command for all of them; an empty point, which is not a number, is left out."""
    found = 0
    for _ in range(many):
        found = _snapped(cells, p, 1, place, raw, points, found)
        p += 21
    return _drawn(points, found, 0, pen, out, at) if found else at


@njit(cache=True, nogil=True)
def _lines(cells, p, many, place, raw, points, pen, out, at):  # type: ignore[no-untyped-def]
    for _ in range(many):
        size = little_endian(cells, p)
        found = _snapped(cells, p + 4, size, place, raw, points, 0)
        if found > 1:
            at = _drawn(points, found, _LINE, pen, out, at)
        p += 4 + 16 * size + 5
    return at


@njit(cache=True, nogil=True)
def _polygons(cells, p, many, place, placed, raw, points, pen, out, at):  # type: ignore[no-untyped-def]
    """Rings that keep an area of their sign: the outer one's is positive, y down."""
    for _ in range(many):
        rings = little_endian(cells, p)
        p += 4
        seen, turned = True, False
        for ring in range(rings):
            size = little_endian(cells, p)
            found = _snapped(cells, p + 4, size, place, raw, points, 0)
            p += 4 + 16 * size
            if found > 1 and points[0, 0] == points[found - 1, 0] and (
                points[0, 1] == points[found - 1, 1]
            ):  # fmt: skip
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
        p += 5
    return at


@njit(cache=True, nogil=True)
def _snapped(cells, p, size, place, raw, points, found):  # type: ignore[no-untyped-def]
    """Put so many points on the grid, each once where they follow each other; how many remain."""
    across, down, x, y = place
    octets = raw.view(np.uint8)
    for k in range(16 * size):
        octets[k] = cells[p + k]
    for k in range(size):
        if raw[2 * k] != raw[2 * k]:
            continue
        east = np.int64(np.floor(x + across * raw[2 * k]))
        south = np.int64(np.floor(y + down * raw[2 * k + 1]))
        if not found or east != points[found - 1, 0] or south != points[found - 1, 1]:
            points[found, 0], points[found, 1] = east, south
            found += 1
    return found


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
