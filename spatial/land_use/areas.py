"""How an area is measured: planar, geodesic or statutory; in arrays and in the database."""

from typing import Annotated, Any, Literal

import numpy as np
import pyproj
import shapely
from psycopg import sql

from spatial import crs
from spatial.analyses.inputs import Label
from spatial.errors import Invalid
from spatial.land_use.polygons import Floats, Geometries
from spatial.land_use.statutory import statutory_area

type AreaMethod = Literal["planar", "geodesic", "statutory"]
TITLES: dict[str, tuple[str, str]] = {
    "planar": ("平面面积", "planar area"),
    "geodesic": ("测地线椭球面积", "geodesic area"),
    "statutory": ("法定椭球面积（国土调查图斑椭球面积公式）", "statutory ellipsoidal area"),
    "equal-area": ("等积投影面积（等于椭球面积）", "area in an equal-area projection"),
}
#: An input of every analysis that measures areas.
AreaChoice = Annotated[
    AreaMethod | None,
    Label(
        "面积：planar 平面、geodesic 测地线、statutory 法定椭球；CGCS2000 与 WGS 84 缺省取法定",
        "area: planar, geodesic or statutory; by default statutory where the layer is on the "
        "ellipsoid of CGCS2000 or WGS 84, else planar or, in degrees, geodesic",
    ),
]
#: Likewise, of analyses whose pieces have their areas in the plane in which they were cut.
PlaneChoice = Annotated[
    AreaMethod | None,
    Label(
        "面积：planar 平面、geodesic 测地线、statutory 法定椭球；缺省取平面，经纬度取测地线",
        "area: planar, geodesic or statutory; by default planar, or in degrees geodesic",
    ),
]
#: Equal-area on the ellipsoid: straight edges there are the edges of the statutory trapezoids.
_CYLINDER = 6933
_STATUTORY_B = 6356752.3142
UNITS = {"m2": 1.0, "hm2": 1e4, "mu": 2000 / 3}
UNIT_TITLES = {"m2": ("平方米", "m²"), "hm2": ("公顷", "ha"), "mu": ("亩", "mu")}


def plane_method(chosen: AreaMethod | None, srid: int) -> AreaMethod:
    """The method that was chosen, else planar, or geodesic in degrees; raises as `area_method`."""
    plain: AreaMethod = "geodesic" if crs.parse(srid).is_geographic else "planar"
    return area_method(chosen or plain, srid)


def area_method(chosen: AreaMethod | None, srid: int) -> AreaMethod:
    """The method that was chosen, or else that of a CRS.

    Raises Invalid for planar areas in degrees, and for statutory ones on another ellipsoid.
    """
    system = crs.parse(srid)
    ellipsoid = system.ellipsoid
    lawful = ellipsoid is not None and abs(ellipsoid.semi_minor_metre - _STATUTORY_B) < 1e-3
    if chosen is None:
        return "statutory" if lawful else "geodesic" if system.is_geographic else "planar"
    if chosen == "planar" and system.is_geographic:
        raise Invalid(f"'{system.name}' is in degrees: choose statutory or geodesic areas")
    if chosen == "statutory" and not lawful:
        raise Invalid(f"'{system.name}' is not on CGCS2000 or WGS 84: choose another area")
    return chosen


def measure(geometry: Geometries, system: Any, method: AreaMethod) -> Floats:
    """(n,) areas in m² of polygons in a CRS."""
    if method == "statutory":
        return statutory_area(geometry, system)
    known = crs.parse(system)
    if method == "planar":
        return np.asarray(shapely.area(geometry)) * known.axis_info[0].unit_conversion_factor ** 2
    degrees = known if known.is_geographic else known.geodetic_crs
    turn = pyproj.Transformer.from_crs(known, degrees, always_xy=True)
    moved = shapely.transform(
        np.asarray(geometry, object), lambda xy: np.column_stack(turn.transform(*xy.T))
    )
    geod = known.get_geod()
    assert geod is not None
    turned = shapely.orient_polygons(moved)
    return np.asarray([geod.geometry_area_perimeter(one)[0] for one in turned], float)


def area_sql(srid: int, method: AreaMethod, geometry: sql.Composable) -> sql.Composable:
    """The SQL of a geometry's area in m²; statutory ones differ from `measure` by under 1e-10.

    Source: in a cylindrical equal-area projection the trapezoids of the statutory formula are
    plane trapezoids of the same area.
    """
    system = crs.parse(srid)
    if method == "planar":
        factor = float(system.axis_info[0].unit_conversion_factor) ** 2
        plain = sql.SQL("ST_Area({})").format(geometry)
        return plain if factor == 1 else sql.SQL("({} * {})").format(plain, factor)
    if method == "statutory":
        return sql.SQL("ST_Area(ST_Transform({}, {}))").format(geometry, _CYLINDER)
    base = system if system.is_geographic else system.geodetic_crs
    degrees = (base.to_epsg() if base is not None else None) or crs.WGS84
    return sql.SQL("ST_Area(ST_Transform({}, {})::geography)").format(geometry, degrees)
