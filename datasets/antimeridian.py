"""Geometries over the 180th meridian, cut there into parts that a flat map can hold."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

METHOD = "cut at the antimeridian"

_POLE, _HALF, _WHOLE = 90.0, 180.0, 360.0


def crossing(geoms: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """(n,) whether a geometry in degrees leaves -180…180, or has an edge over half the Earth.

    An edge from exactly -180 to exactly 180 is the rim of a whole world, not a crossing, unless
    its ring goes round a pole.
    """
    low, bottom, high, top = shapely.bounds(geoms).T
    earthly = (low >= -_WHOLE) & (high <= _WHOLE) & (bottom >= -_POLE) & (top <= _POLE)
    found: npt.NDArray[np.bool_] = ((low < -_HALF) | (high > _HALF)) & earthly
    others = np.flatnonzero(earthly & ~found)
    for row in others[high[others] - low[others] > _HALF]:
        found[row] = _has_long_edge(geoms[row])
    return found


def cut(geoms: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """The same places within -180…180; None for what cannot be cut."""
    out = np.full(len(geoms), None, object)
    for row, geom in enumerate(geoms):
        out[row] = _cut(geom)
    return out


def _has_long_edge(geom: Any) -> bool:
    for path in _paths(geom):
        x = np.asarray(path.coords)[:, 0]
        steps = np.abs(np.diff(x))
        rim = (np.abs(x[1:]) == _HALF) & (np.abs(x[:-1]) == _HALF)
        turns = np.sum((np.diff(x) + _HALF) % _WHOLE - _HALF)
        if ((steps > _HALF) & ~rim).any() or (path.is_closed and abs(turns) > _HALF):
            return True
    return False


def _paths(geom: Any) -> list[Any]:
    """The lines and rings that a geometry is drawn by."""
    paths = []
    for part in shapely.get_parts(geom):
        if part.geom_type == "Polygon":
            paths += [part.exterior, *part.interiors]
        elif part.geom_type == "LineString":
            paths.append(part)
        elif part.geom_type == "GeometryCollection":
            paths += _paths(part)
    return [path for path in paths if not path.is_empty]


def _cut(geom: Any) -> Any:
    parts = [_part(part) for part in shapely.get_parts(geom)]
    flat = [piece for part in parts for piece in shapely.get_parts(part) if not piece.is_empty]
    if not flat:
        return None
    if geom.geom_type in ("Point", "GeometryCollection") and len(flat) == 1:
        return flat[0]
    kinds = {piece.geom_type for piece in flat}
    if kinds == {"Polygon"}:
        return shapely.MultiPolygon(flat)
    if kinds == {"LineString"}:
        return shapely.MultiLineString(flat)
    return shapely.MultiPoint(flat) if kinds == {"Point"} else shapely.GeometryCollection(flat)


def _part(part: Any) -> Any:
    if part.geom_type == "Polygon":
        shell = _unrolled(np.asarray(part.exterior.coords), closes=True)
        middle = (shell[:, 0].min() + shell[:, 0].max()) / 2
        holes = [_unrolled(np.asarray(ring.coords), closes=True) for ring in part.interiors]
        for hole in holes:
            hole[:, 0] += _WHOLE * round((middle - hole[:, 0].mean()) / _WHOLE)
        whole: Any = shapely.Polygon(shell, holes)
        whole = whole if whole.is_valid else shapely.make_valid(whole)
    elif part.geom_type == "LineString":
        whole = shapely.LineString(_unrolled(np.asarray(part.coords), closes=False))
    elif part.geom_type == "Point":
        x, *rest = shapely.get_coordinates(part, include_z=part.has_z)[0]
        return shapely.Point((x + _HALF) % _WHOLE - _HALF, *rest)
    else:
        return _cut(part)
    return _rolled(whole)


def _unrolled(path: npt.NDArray[np.float64], *, closes: bool) -> npt.NDArray[np.float64]:
    """The path with each step going the short way round.

    A ring that comes back a whole turn away has gone round a pole, and is closed by way of it.
    """
    x = path[:, 0]
    steps = (np.diff(x) + _HALF) % _WHOLE - _HALF
    unrolled = path.copy()
    unrolled[1:, 0] = x[0] + np.cumsum(steps)
    if closes and abs(unrolled[-1, 0] - unrolled[0, 0]) > _HALF:
        pole = _POLE if path[:, 1].mean() > 0 else -_POLE
        corners = unrolled[[-1, 0]].copy()
        corners[:, 1] = pole
        unrolled = np.vstack([unrolled, corners, unrolled[:1]])
    return unrolled


def _rolled(geom: Any) -> Any:
    """The pieces of an unrolled geometry, each moved into -180…180."""
    west, _, east, _ = geom.bounds
    pieces: list[Any] = []
    for turn in range(int((west + _HALF) // _WHOLE), int((east + _HALF) // _WHOLE) + 1):
        window = shapely.box(turn * _WHOLE - _HALF, -90, turn * _WHOLE + _HALF, 90)
        piece: Any = shapely.intersection(geom, window)
        transform: Any = shapely.transform
        moved = transform(
            piece,
            lambda x, y, *z, turn=turn: (x - turn * _WHOLE, y, *z),
            include_z=bool(piece.has_z),
            interleaved=False,
        )
        dimension = shapely.get_dimensions(geom)
        pieces += [p for p in shapely.get_parts(moved) if shapely.get_dimensions(p) == dimension]
    return shapely.GeometryCollection(pieces)
