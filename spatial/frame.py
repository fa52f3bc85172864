"""A layer as a GeoDataFrame: binary COPY to Arrow, geometry parsed while the rest arrives."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely
from psycopg import sql

from spatial.asof import AsOf
from spatial.collector import resting
from spatial.database import Database, Pg, role_name
from spatial.filter.filter import Filter
from spatial.grant import Grant
from spatial.query import Reading, reading

BATCH = str(4 << 20)
GLANCE_S = 0.0002


def read_frame(
    database: Database,
    name: str,
    asof: AsOf,
    grant: Grant,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    bbox_srid: int | None = None,
    columns: list[str] | None = None,
    filter: str | Filter | None = None,
) -> gpd.GeoDataFrame:
    """A layer as a GeoDataFrame: fid, its attributes and `geom`, in the layer's CRS.

    filter: CQL2 text, or a Filter for CQL2 JSON or another CRS than longitude and latitude.
    """
    with reading(database, name, asof, grant) as (pg, view):
        if bbox is not None:
            view = view.within(bbox, bbox_srid or view.layer.srid)
        if filter is not None:
            wanted = Filter(filter) if isinstance(filter, str) else filter
            view = view.filtered(wanted.on(view.layer))
        return fetch(database, pg, view, columns)


def fetch(
    database: Database, pg: Pg, view: Reading, columns: list[str] | None = None
) -> gpd.GeoDataFrame:
    """The rows of a reading: fid, version, attributes, geometry (binary all the way)."""
    layer = view.layer
    wanted = layer.column_names if columns is None else columns
    query = view.select(
        sql.SQL("fid, version{}, geom::bytea AS geom").format(
            sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(name)) for name in wanted)
        )
    )
    batches: list[pa.RecordBatch] = []
    geometries: list[npt.NDArray[Any]] = [np.empty(0, object)]
    with resting(), database.arrow(pg, role_name(view.grant.role)) as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": BATCH})
        cursor.execute(query.as_string())
        for batch in _ahead(cursor.fetch_record_batch()):
            wkb = batch.column(batch.schema.get_field_index("geom"))
            geometries.append(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)))
            batches.append(batch.drop_columns(["geom"]))
    frame = (
        pa.Table.from_batches(batches).to_pandas()
        if batches
        else pd.DataFrame(columns=["fid", "version", *wanted])
    )
    shapes = gpd.GeoSeries(np.concatenate(geometries), crs=layer.srid, name="geom")
    return gpd.GeoDataFrame(frame, geometry=shapes)


def _ahead(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches, each fetched by a thread while the one before is used."""
    batches = iter(reader)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            time.sleep(GLANCE_S)  # the thread must leave the interpreter before parsing holds it
            yield batch
