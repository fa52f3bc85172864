"""Geometries of a filter, brought into a layer's CRS."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from psycopg import sql

from spatial import crs
from spatial.errors import Invalid
from spatial.filter.tree import Bounds, Shape
from spatial.layer import Box

# Far beyond where a CRS is meant for, its formulas still hold; at the poles and behind the globe
# they do not.
_BEYOND_DEG, _POLE_DEG = 20.0, 89.9
_PIECES = 16
_SPARE = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2)  # shares of a place's sides


@dataclass(frozen=True, slots=True)
class Place:
    """A geometry in a layer's CRS."""

    geometry: shapely.Geometry
    srid: int

    @property
    def box(self) -> Box | None:
        """Its bounding box; None where it is empty."""
        if shapely.is_empty(self.geometry):
            return None
        minx, miny, maxx, maxy = shapely.bounds(self.geometry).tolist()
        return minx, miny, maxx, maxy

    @property
    def core(self) -> Box | None:
        """A box well within it that takes most of it: what lies in there needs no closer look.

        Boxes in an index are rounded outwards to float32; so it keeps that much away from the rim.
        """
        west, south, east, north = shapely.bounds(self.geometry)
        slack = 4 * np.spacing(np.float32(np.abs((west, south, east, north)).max()))
        for spare in _SPARE:
            x, y = spare * (east - west) + slack, spare * (north - south) + slack
            box = west + x, south + y, east - x, north - y
            if (
                box[0] < box[2]
                and box[1] < box[3]
                and shapely.contains(self.geometry, shapely.box(*box))
            ):
                return box
        return None

    @property
    def sql(self) -> sql.Composable:
        known = shapely.set_srid(self.geometry, self.srid)
        return sql.SQL("{}::geometry").format(
            shapely.to_wkb(known, hex=True, output_dimension=2, include_srid=True)
        )


def place(found: Shape | Bounds, spelling: str | None, target: int) -> Place:
    """A filter's geometry in the CRS `target`.

    spelling: the filter's CRS, whose axis order its numbers follow; None is CRS84, x first.
    Raises Invalid for a geometry that is empty, not finite or not valid.
    """
    source = crs.srid(spelling) if spelling else crs.WGS84
    north_first = bool(spelling and not crs.is_crs84(spelling) and crs.northing_first(source))
    if isinstance(found, Bounds):
        geometry = _box(found, source, north_first)
    else:
        geometry = shapely.force_2d(found.geometry)
        if north_first:
            geometry = shapely.transform(geometry, lambda xy: xy[:, ::-1])
        _check(geometry)
    return Place(transformed(geometry, source, target), target)


def _check(geometry: shapely.Geometry) -> None:
    if shapely.is_empty(geometry):
        raise Invalid("a geometry in the filter is empty")
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise Invalid("the coordinates of a geometry must be finite numbers")
    if not shapely.is_valid(geometry):
        raise Invalid(f"a geometry in the filter is not valid: {shapely.is_valid_reason(geometry)}")


def _box(found: Bounds, source: int, north_first: bool) -> shapely.Geometry:
    west, south, east, north = found.numbers
    if north_first:
        west, south, east, north = south, west, north, east
    if not np.isfinite(found.numbers).all():
        raise Invalid("the numbers of a BBOX must be finite")
    if south > north:
        raise Invalid("a BBOX must not end before it starts: west, south, east, north")
    if west <= east:
        return shapely.envelope(shapely.MultiPoint([(west, south), (east, north)]))
    if not crs.parse(source).is_geographic:
        raise Invalid("a BBOX whose west is east of its east needs longitudes: filter-crs CRS84")
    return shapely.MultiPolygon(
        [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]
    )


def transformed(geometry: shapely.Geometry, source: int, target: int) -> shapely.Geometry:
    """A geometry in another CRS, x first on both sides: as much of it as that CRS can tell of.

    Raises Invalid for one that is not finite there.
    """
    if source == target:
        return geometry
    area = _reach(source, target)
    if area is not None and not shapely.covers(area, geometry):
        geometry = shapely.intersection(geometry, area)
    if shapely.is_empty(geometry):
        return geometry
    minx, miny, maxx, maxy = shapely.bounds(geometry).tolist()
    side = max(maxx - minx, maxy - miny)
    if side > 0:  # a side that is straight in one CRS is not so in the other
        geometry = shapely.segmentize(geometry, side / _PIECES)
    transformer = crs.transformer(source, target)

    def moved(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    made = shapely.transform(geometry, moved)
    if not np.isfinite(shapely.get_coordinates(made)).all():
        raise Invalid("that place lies outside of what its CRS covers")
    return made


@lru_cache(maxsize=256)
def _reach(source: int, target: int) -> shapely.Geometry | None:
    """Where the target CRS can be trusted, in the source CRS; None where it does not say."""
    use = crs.parse(target).area_of_use
    if use is None or use.west > use.east:
        return None
    degrees = (
        max(use.west - _BEYOND_DEG, -180.0),
        max(use.south - _BEYOND_DEG, -_POLE_DEG),
        min(use.east + _BEYOND_DEG, 180.0),
        min(use.north + _BEYOND_DEG, _POLE_DEG),
    )
    if crs.parse(target).is_geographic and crs.parse(source).is_geographic:
        return None
    return shapely.box(*crs.transform_bounds(degrees, crs.WGS84, source))
