"""Features from the service as frames, whichever way they came."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd
    import pyarrow as pa
    from shapely.geometry.base import BaseGeometry


def frame_of_table(table: "pa.Table", crs: int | None) -> "gpd.GeoDataFrame":
    """A table of GeoParquet (fid, attributes, geometry) as GeoJSON would have made it."""
    import geopandas as gpd
    import pandas as pd
    import shapely

    fid, *attributes, geometry = table.column_names
    index = pd.Index(table[fid].to_pylist(), name="fid")
    shapes = shapely.from_wkb(table[geometry].to_pandas().to_numpy(object))
    frame = gpd.GeoDataFrame(
        {name: _as_json(table[name]) for name in attributes},
        geometry=gpd.GeoSeries(shapes, crs=crs or 4326),
    )
    frame.index = index
    return frame


def _as_json(column: "pa.ChunkedArray[Any]") -> Any:
    """Values as JSON has them: times as text, objects as dicts, one kind of integer."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_int32(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_date(kind):
        column = column.cast(pa.string())
    elif pa.types.is_timestamp(kind):
        column = pa.chunked_array([[_instant(at) for at in column.to_pylist()]], pa.string())
    elif isinstance(kind, pa.JsonType):
        return [None if text is None else json.loads(text) for text in column.to_pylist()]
    return column.to_pandas()


def _instant(at: datetime | None) -> str | None:
    return None if at is None else re.sub(r"(\.\d*?)0+(?=\+)", r"\1", at.isoformat())


def frame_of_features(
    features: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    columns: Callable[[], list[str]],
    crs: int | None,
) -> "gpd.GeoDataFrame":
    """GeoJSON features as a frame of rows, indexed by their ids; with its columns if empty."""
    import geopandas as gpd
    import shapely

    geometries = [flipped(shapely.geometry.shape(f["geometry"]), crs) for f in features]
    frame = gpd.GeoDataFrame(
        list(rows),
        columns=None if features else columns(),
        geometry=gpd.GeoSeries(geometries, crs=crs or 4326),
    )
    frame.index = [f["id"] for f in features]
    frame.index.name = "fid"
    return frame


def flipped(geometry: "BaseGeometry", crs: int | None) -> "BaseGeometry":
    """Between x first and the order of a CRS's authority."""
    import shapely

    if crs is None or not _northing_first(crs):
        return geometry
    turned: BaseGeometry = shapely.transform(
        geometry, lambda xyz: xyz[:, [1, 0, 2][: xyz.shape[1]]], include_z=geometry.has_z
    )
    return turned


def _northing_first(code: int) -> bool:
    import pyproj

    axes = pyproj.CRS.from_epsg(code).axis_info
    return bool(axes) and axes[0].direction.lower() in ("north", "south")
