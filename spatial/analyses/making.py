"""New layers from frames."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from psycopg import sql

from spatial.analyses.run import NewLayer, Run
from spatial.analyses.staging import counts
from spatial.errors import Invalid
from spatial.layer import Column
from spatial.pgcopy import Arrow
from spatial.query import names

if TYPE_CHECKING:
    import pandas as pd

#: Tables are layers whose geometry is there, and empty.
TABLE = "Geometry"
_PLACE = "row_"
_ARROW = {
    "text": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", "UTC"),
}


def new_layer(
    run: Run,
    frame: "pd.DataFrame",
    columns: Sequence[Column],
    srid: int,
    *,
    geometry_type: str = TABLE,
    key: str = "layer",
    title_zh: str = "",
    title_en: str = "",
) -> NewLayer:
    """A layer of a frame's rows in their order, its columns as named; missing values are NULL.

    The geometry is the column `geometry`, if there is one; single ones become multiple where
    `geometry_type` says so. key: the output's, which tells the run's tables apart.
    """
    rows = len(frame)
    values: list[Arrow] = [
        pa.array(frame[one.name].to_numpy(), _arrow(one), from_pandas=True) for one in columns
    ]
    shapes = np.full(rows, None, object)
    if "geometry" in frame:
        shapes = np.asarray(frame["geometry"], object)
    if geometry_type.startswith("Multi"):
        shapes = _multiple(shapes, geometry_type)
    staging = run.staging(
        ((_PLACE, "bigint"), *((one.name, one.type) for one in columns)), srid, key
    )
    wkb = pa.array(shapely.to_wkb(shapes), pa.binary())
    batch = staging.write(run.database, [pa.array(np.arange(rows)), *values], wkb)
    return NewLayer(
        geometry_type,
        srid,
        tuple(columns),
        sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
            names([*(one.name for one in columns), "geom"]),
            staging.table,
            counts([batch]),
            sql.Identifier(_PLACE),
        ),
        title_zh,
        title_en,
    )


def _arrow(column: Column) -> Any:
    if column.type not in _ARROW:
        raise Invalid(f"the column '{column.name}' cannot be of type {column.type} here")
    return _ARROW[column.type]


def _multiple(shapes: "npt.NDArray[np.object_]", kind: str) -> "npt.NDArray[np.object_]":
    whole = shapes.copy()
    single = shapely.get_type_id(shapes)
    multi = getattr(shapely, kind)
    for row in np.flatnonzero((single >= 0) & (single < int(shapely.GeometryType.MULTIPOINT))):
        whole[row] = multi([shapes[row]])
    return whole
