"""Statutory area: the ellipsoidal area that the national land survey prescribes."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from numba import njit

from spatial import crs as systems
from spatial.errors import Invalid
from spatial.land_use.polygons import MULTIPOLYGON, POLYGON, Floats, Geometries


def statutory_area(geometries: Any, crs: Any) -> Floats:
    """(n,) ellipsoidal areas in m² of (multi)polygons, by trapezoids on the CRS's own ellipsoid.

    Each edge from (B₁, L₁) to (B₂, L₂) bounds a trapezoid against a meridian L₀:
    S = ((L₁ + L₂)/2 − L₀) · (Q(B₂) − Q(B₁)), with
    Q(B) = b²/2 · (sin B / (1 − e² sin² B) + artanh(e sin B) / e),
    the area of one radian of longitude from the equator to B. The sum over a ring does not hang
    on L₀, which is taken at its first vertex, so that small parcels keep their digits. Edges are
    taken as they join the vertices in longitude and this Q; holes are subtracted.

    geometries: an array, a list or a GeoSeries; of None the area is NaN, of an empty one 0.
    crs: of the coordinates, x first, projected or geographic. Raises Invalid for other shapes than
    polygons and for coordinates that the CRS does not reach.
    Source: 国土调查办发〔2008〕32号, 图幅理论面积与图斑椭球面积计算公式及要求.
    """
    shapes: Geometries = np.asarray(geometries, dtype=object).ravel()
    kinds = shapely.get_type_id(shapes)
    if not np.isin(kinds, (-1, POLYGON, MULTIPOLYGON)).all():
        raise Invalid("only polygons have a statutory area")
    system = systems.parse(crs)
    areas = np.where(kinds < 0, np.nan, 0.0)
    some = (kinds >= 0) & ~shapely.is_empty(shapes)
    whole = some & (kinds == POLYGON) & (shapely.get_num_interior_rings(shapes) == 0)
    areas[whole] = _simple(shapes[whole], system)
    areas[some & ~whole] = _composed(shapes[some & ~whole], system)
    return areas


def _simple(shapes: Geometries, system: pyproj.CRS) -> Floats:
    """Areas of polygons of one ring each: the common case, without taking polygons apart."""
    ends = np.append(0, np.cumsum(shapely.get_num_coordinates(shapes)))
    return np.abs(_rings(shapely.get_coordinates(shapes), ends, system))


def _composed(shapes: Geometries, system: pyproj.CRS) -> Floats:
    """Areas of polygons with holes or of several parts: shells without their holes."""
    if not len(shapes):
        return np.zeros(0)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    _, corners, (ends, shells) = shapely.to_ragged_array(parts, include_z=False)
    ring = -np.abs(_rings(corners, np.asarray(ends, np.int64), system))
    ring[np.asarray(shells[:-1], np.int64)] *= -1
    part = np.add.reduceat(ring, np.asarray(shells[:-1], np.int64))
    return np.bincount(owner, part, minlength=len(shapes))


def _rings(corners: Any, ends: npt.NDArray[np.int64], system: pyproj.CRS) -> Floats:
    """(rings,) signed areas of closed rings; `ends` (rings + 1,) tells where each begins."""
    ellipsoid = system.ellipsoid
    if ellipsoid is None:
        raise Invalid(f"'{system.name}' lies on no ellipsoid: choose another CRS")
    a, b = ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre
    made = _trapezoids(*_degrees(corners, system), ends, (a - b) * (a + b) / (a * a))
    if np.isnan(made).any():
        raise Invalid("that place lies outside of what its CRS covers")
    return np.asarray(made * (b * b))


def _degrees(corners: Floats, system: pyproj.CRS) -> tuple[Floats, float]:
    """(n, 2) longitudes and latitudes, and what makes radians of them."""
    base = system if system.is_geographic else system.geodetic_crs
    assert base is not None
    if base is not system:
        turn = pyproj.Transformer.from_crs(system, base, always_xy=True)
        corners = np.column_stack(turn.transform(corners[:, 0], corners[:, 1]))
    return corners, float(base.axis_info[0].unit_conversion_factor)


@njit(cache=True, nogil=True)
def _trapezoids(corners: Floats, factor: float, ends: npt.NDArray[np.int64], e2: float) -> Floats:
    """(rings,) sums over edges in units of b², with Q = Σ (k + 1)/(2k + 1) e²ᵏ sin²ᵏ⁺¹ B.

    What is left out of the series is below 1e-16 of it; NaN where a latitude is none.
    """
    areas = np.zeros(len(ends) - 1)
    turn, limit = 2 * np.pi, np.pi / 2 + 1e-12
    for ring in range(len(areas)):
        start = corners[ends[ring], 0]
        last_q, last_east = 0.0, 0.0
        for at in range(ends[ring], ends[ring + 1]):
            latitude = corners[at, 1] * factor
            if not abs(latitude) <= limit:
                areas[ring] = np.nan
            sine = np.sin(latitude)
            t = e2 * sine * sine
            tail = 4 / 7 + t * (5 / 9 + t * (6 / 11 + t * (7 / 13 + t * 8 / 15)))
            q = sine * (1 + t * (2 / 3 + t * (3 / 5 + t * tail)))
            east = (corners[at, 0] - start) * factor
            if east > np.pi:  # across the antimeridian
                east -= turn
            elif east < -np.pi:
                east += turn
            if at > ends[ring]:
                areas[ring] += (east + last_east) / 2 * (q - last_q)
            last_q, last_east = q, east
    return areas
