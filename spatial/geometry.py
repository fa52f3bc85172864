"""One geometry on its way in: its CRS, its type, its validity."""

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from spatial import crs
from spatial.errors import Rejected
from spatial.layer import Layer

_MULTI = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


def admit(geometry: BaseGeometry, srid: int, layer: Layer) -> BaseGeometry:
    """The geometry in the layer's CRS and type.

    Raises Rejected, with the reason and the place, for one that is empty, invalid or of another
    kind.
    """
    if geometry is None or geometry.is_empty:
        raise Rejected("the feature has no geometry")
    if not shapely.is_valid(geometry):
        raise Rejected(f"the geometry is not valid: {shapely.is_valid_reason(geometry)}")
    if srid != layer.srid:
        move: Any = crs.transformer(srid, layer.srid).transform
        geometry = shapely.transform(geometry, move, interleaved=False)
    if not shapely.is_valid(geometry) or not all(map(_finite, geometry.bounds)):
        raise Rejected("the geometry cannot be expressed in the layer's reference system")
    has_z = layer.geometry_type.endswith("Z")
    geometry = shapely.force_3d(geometry, 0.0) if has_z else shapely.force_2d(geometry)
    wanted = layer.geometry_type.removesuffix("Z")
    if wanted in ("Geometry", geometry.geom_type):
        return geometry
    if wanted == f"Multi{geometry.geom_type}":
        multi: Any = _MULTI[geometry.geom_type]
        promoted: BaseGeometry = multi([geometry])
        return promoted
    raise Rejected(f"the layer holds {wanted}, not {geometry.geom_type}")


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")
