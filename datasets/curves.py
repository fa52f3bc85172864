"""Curves and surfaces of ISO WKB, which GEOS does not know, as lines and polygons."""

import math
import struct
from typing import Any

import shapely

STEP = math.radians(1)
METHOD = "curves made lines, in steps of 1°"

_COMPOUND_CURVE, _CURVE_POLYGON, _MULTI_CURVE, _MULTI_SURFACE = 9, 10, 11, 12
_CIRCULAR_STRING, _POLYHEDRAL_SURFACE, _TIN, _TRIANGLE = 8, 15, 16, 17
_POINT, _LINE, _POLYGON, _COLLECTION = 1, 2, 3, 7
_DEEPEST = 32

type Path = list[tuple[float, ...]]


def straightened(wkb: bytes) -> Any:
    """A geometry of lines and polygons; measures are dropped, heights stay.

    Of an arc, the farthest that the line is from it is 4e-5 of its radius. Raises ValueError or
    struct.error for bytes that are no WKB.
    """
    geometry, _ = _geometry(wkb, 0, 0)
    return geometry


def _geometry(wkb: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deep")
    order = "<" if wkb[at] == 1 else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    at += 5
    if code & 0x20000000:
        at += 4
    kind = (code & 0xFFFF) % 1000
    iso = (code & 0xFFFF) // 1000
    has_z, has_m = bool(code >> 31) or iso in (1, 3), bool(code & 0x40000000) or iso in (2, 3)
    if kind == _POINT:
        path, at = _path(wkb, at, order, has_z, has_m, 1)
        return shapely.Point(path[0]), at
    if kind in (_LINE, _CIRCULAR_STRING):
        path, at = _counted_path(wkb, at, order, has_z, has_m)
        return shapely.LineString(_stroked(path) if kind == _CIRCULAR_STRING else path), at
    if kind in (_POLYGON, _TRIANGLE):
        count, at = _count(wkb, at, order)
        rings = []
        for _ in range(count):
            path, at = _counted_path(wkb, at, order, has_z, has_m)
            rings.append(path)
        return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon(), at
    parts, at = _parts(wkb, at, order, depth)
    return _whole(kind, parts), at


def _whole(kind: int, parts: list[Any]) -> Any:
    if kind == _COMPOUND_CURVE:
        return shapely.LineString(_joined(parts))
    if kind == _CURVE_POLYGON:
        rings = [part.coords for part in parts]
        return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()
    if kind in (_MULTI_CURVE, 5):
        return shapely.MultiLineString(parts)
    if kind in (_MULTI_SURFACE, _POLYHEDRAL_SURFACE, _TIN, 6):
        return shapely.MultiPolygon(parts)
    if kind == 4:
        return shapely.MultiPoint(parts)
    if kind == _COLLECTION:
        return shapely.GeometryCollection(parts)
    raise ValueError(f"its type {kind} is unknown")


def _parts(wkb: bytes, at: int, order: str, depth: int) -> tuple[list[Any], int]:
    count, at = _count(wkb, at, order)
    parts = []
    for _ in range(count):
        part, at = _geometry(wkb, at, depth + 1)
        parts.append(part)
    return parts, at


def _count(wkb: bytes, at: int, order: str) -> tuple[int, int]:
    (count,) = struct.unpack_from(f"{order}I", wkb, at)
    if count > len(wkb):
        raise ValueError("it tells of more parts than it has")
    return count, at + 4


def _counted_path(wkb: bytes, at: int, order: str, z: bool, m: bool) -> tuple[Path, int]:
    count, at = _count(wkb, at, order)
    return _path(wkb, at, order, z, m, count)


def _path(wkb: bytes, at: int, order: str, z: bool, m: bool, count: int) -> tuple[Path, int]:
    size = 2 + z + m
    numbers = struct.unpack_from(f"{order}{count * size}d", wkb, at)
    kept = 2 + z
    path = [tuple(numbers[n : n + kept]) for n in range(0, len(numbers), size)]
    return path, at + 8 * len(numbers)


def _joined(parts: list[Any]) -> Path:
    path: Path = []
    for part in parts:
        points = list(part.coords)
        path += points[1:] if path and path[-1] == points[0] else points
    return path


def _stroked(path: Path) -> Path:
    """The points of a circular string: each arc goes from a point by the next to the third."""
    stroked = path[:1]
    for place in range(0, len(path) - 2, 2):
        stroked += _arc(*path[place : place + 3])[1:]
    return stroked


def _arc(start: tuple[float, ...], middle: tuple[float, ...], end: tuple[float, ...]) -> Path:
    centre = _centre(start, middle, end)
    if centre is None:
        return [start, middle, end]
    x, y = centre
    radius = math.hypot(start[0] - x, start[1] - y)
    first, half, last = (math.atan2(p[1] - y, p[0] - x) for p in (start, middle, end))
    turn = (last - first) % math.tau or math.tau
    if (half - first) % math.tau > turn:
        turn -= math.tau  # by the middle, it goes round clockwise
    count = max(2, math.ceil(abs(turn) / STEP))
    path = [start]
    for step in range(1, count):
        angle = first + turn * step / count
        heights = (start[2] + (end[2] - start[2]) * step / count,) if len(start) > 2 else ()
        path.append((x + radius * math.cos(angle), y + radius * math.sin(angle), *heights))
    return [*path, end]


def _centre(
    a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]
) -> tuple[float, float] | None:
    """The centre of the circle through three points, None where they are on a line."""
    if a[:2] == c[:2]:  # a whole circle: the middle is opposite
        return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
    area = 2 * (bx * cy - by * cx)
    if not area or not math.isfinite(area):
        return None
    b2, c2 = bx * bx + by * by, cx * cx + cy * cy
    return a[0] + (cy * b2 - by * c2) / area, a[1] + (bx * c2 - cx * b2) / area
