"""A boundary drawn by hand: GeoJSON given in place of a layer."""

import json
from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import shapely
from pydantic import BeforeValidator

from spatial import crs
from spatial.errors import Invalid


def _parsed(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"this is no GeoJSON: {error}") from None
    try:
        if value is not None:
            _shapes(value)
    except Invalid as error:
        raise ValueError(str(error)) from None
    return value


#: GeoJSON of a polygon, a feature or a collection of features, in longitude and latitude.
Drawn = Annotated[dict[str, Any], BeforeValidator(_parsed)]


def drawn_frame(said: dict[str, Any]) -> gpd.GeoDataFrame:
    """The polygons as a frame in EPSG:4326, numbered from 1 in `fid`.

    Raises Invalid for what is no GeoJSON polygon in degrees.
    """
    shapes = _shapes(said)
    return gpd.GeoDataFrame({"fid": np.arange(1, len(shapes) + 1)}, geometry=shapes, crs=crs.WGS84)


def _shapes(said: Any) -> list[Any]:
    if not isinstance(said, dict):
        raise Invalid("this is no GeoJSON: it must be an object")
    if said.get("type") == "FeatureCollection":
        parts = [feature.get("geometry") for feature in said.get("features", [])]
    else:
        parts = [said.get("geometry") if said.get("type") == "Feature" else said]
    try:
        shapes = [shapely.from_geojson(json.dumps(part)) for part in parts]
    except shapely.errors.GEOSException:
        raise Invalid("this is no GeoJSON: it has no readable geometry") from None
    if not shapes or any(s is None or s.geom_type not in _POLYGONS for s in shapes):
        raise Invalid("a drawn boundary is a polygon or several, as GeoJSON")
    west, south, east, north = shapely.total_bounds(np.array(shapes, object))
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise Invalid("GeoJSON is in degrees of longitude and latitude; these are no degrees")
    return shapes


_POLYGONS = ("Polygon", "MultiPolygon")
