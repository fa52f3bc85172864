"""Analyses run on tiny layers, and what came of them."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from polygons import TYPES

from spatial import bulk
from spatial.analyses import jobs
from spatial.analyses.runner import run
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec

EAST, NORTH = 528_000.0, 3_486_000.0


def squares(*corners: tuple[float, float, float, float], **columns: Any) -> gpd.GeoDataFrame:
    """Rectangles (west, south, east, north) in metres from a corner of EPSG:4549."""
    boxes = [shapely.box(w + EAST, s + NORTH, e + EAST, n + NORTH) for w, s, e, n in corners]
    return gpd.GeoDataFrame(columns, geometry=boxes, crs=4549, index=range(len(boxes)))


def table(**columns: Any) -> gpd.GeoDataFrame:
    """Rows without a place."""
    count = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[None] * count, crs=4549)


def put(
    database: Database,
    name: str,
    frame: gpd.GeoDataFrame,
    geometry_type: str = "Geometry",
    **options: Any,
) -> None:
    """Load a frame as a layer, in its own CRS; of any geometries unless one is told.

    The columns `fid`, `valid_from` and `valid_to`, where there are any, say what they say.
    """
    own = [one for one in ("fid", "valid_from", "valid_to") if one in frame]
    attributes = frame.drop(columns=[frame.geometry.name, *own])
    columns = tuple(Column(key, TYPES[kind.kind]) for key, kind in attributes.dtypes.items())
    values = {key: pa.array(attributes[key].tolist(), from_pandas=True) for key in attributes}
    for one in own:
        kind = pa.int64() if one == "fid" else pa.timestamp("us", "UTC")
        values[one] = pa.array(frame[one], kind, from_pandas=True)
    shapes = np.asarray(frame.geometry, object)
    spec = LayerSpec(
        name, geometry_type, frame.crs.to_epsg(), columns, **({"access": "public"} | options)
    )
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as load:
        load.write(pa.table(values | {"geom": pa.array(shapely.to_wkb(shapes), pa.binary())}))


def decide(
    database: Database, analysis: str, *, store: Path | None = None, **inputs: Any
) -> dict[str, Any]:
    """Run an analysis; its document. Raises AssertionError with the reason where it fails.

    store: where the city's rasters are.
    """
    job = jobs.submit(database, analysis, inputs, AsOf(), OWNER)
    run(database, job, workers=1, store=store)
    done = jobs.get(database, job, OWNER)
    assert done.status == "successful", done.message
    return done.document()


def output(database: Database, document: dict[str, Any], key: str = "layer") -> gpd.GeoDataFrame:
    """An output layer of a document, in the order of its features."""
    frame = read_frame(database, document["outputs"][key], AsOf(), OWNER)
    return frame.sort_values("fid", ignore_index=True)
