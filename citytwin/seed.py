"""The sample city into an empty database, and its first overlay."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from citytwin.home import SAMPLE_AUTHOR, rasters_dir
from citytwin.rasters import store_raster
from citytwin.seed_duties import seed_duties
from citytwin.settings import Settings
from datasets.sample.city import SampleLayer, SampleRaster, sample_city
from datasets.sample.described import CODES, DESCRIBED
from datasets.sample.rules import RULES
from spatial import bulk
from spatial.analyses import jobs, runner
from spatial.asof import AsOf
from spatial.code_list import give_codes
from spatial.database import Database, Transaction
from spatial.grant import OWNER, Access
from spatial.layer import Column, ColumnType, LayerSpec
from twin_model import assets
from twin_model.alerts import rules

BOOKKEEPING = ("key", "valid_from", "valid_to")
VERTICAL_DATUM = "EPSG:5737"
OVERLAY, NETWORK = "land_use_by_subdistrict", "network"
VEHICLES = {"id": "code", "class": "kind"}
SENSORS = {"id": "code", "class": "kind", "property": "property", "unit": "unit"}


def seed(database: Database, chosen: Settings, say: Callable[[str], None]) -> None:
    """Generate the sample city, load it in one transaction, and overlay it."""
    say("generating the sample city …")
    made = sample_city()
    say(f"loading {len(made.layers)} layers …")
    with database.begin() as tx:
        for layer in made.layers:
            _load(tx, layer)
    assets.register(database, "sensors", SENSORS)
    assets.register(database, "vehicles", VEHICLES)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for name, rule in RULES.items():
        since = None if rule["kind"] == "silence" else yesterday  # nothing was heard before now
        rules.put(database, OWNER, name, rule, since)
    say("entering eight weeks of cases …")
    seed_duties(database, next(one.frame for one in made.layers if one.name == "communities"))
    for raster in made.rasters:
        _store(database, chosen, raster)
    say("overlaying land use with the subdistricts …")
    inputs = {"left": "parcels", "right": "subdistricts", "how": "intersection"}
    _run(database, chosen, "land-use-overlay", inputs, OVERLAY)
    _run(database, chosen, "network", {"roads": "roads"}, NETWORK)


def _run(
    database: Database, chosen: Settings, analysis: str, inputs: dict[str, str], output: str
) -> None:
    job = jobs.submit(database, analysis, inputs, AsOf(), OWNER, output)
    runner.run(database, job, store=rasters_dir(chosen), dask=chosen.dask or None)


def _load(tx: Transaction, layer: SampleLayer) -> None:
    frame = layer.frame
    attributes = [name for name in frame.columns if name not in (*BOOKKEEPING, "geom")]
    columns = {name: _column(frame[name]) for name in attributes}
    kinds = set(frame.geom_type)
    kind = kinds.pop() if len(kinds) == 1 else "MultiPolygon"
    if kind == "Polygon":
        kind = "MultiPolygon"
    spec = LayerSpec(
        layer.name,
        kind,
        frame.crs.to_epsg(),
        tuple(Column(name, column[0]) for name, column in columns.items()),
        layer.title_zh,
        layer.title_en,
        access=Access.PUBLIC,
        metadata=DESCRIBED[layer.name],
    )
    fid, _ = pd.factorize(frame["key"])
    batch = {name: column[1] for name, column in columns.items()}
    batch |= {
        "geom": pa.array(_wkb(frame.geometry, kind), pa.binary()),
        "fid": pa.array(fid + 1, pa.int64()),
        "valid_from": _instants(frame["valid_from"]),
        "valid_to": _instants(frame["valid_to"]),
    }
    with bulk.load(tx, spec, author=SAMPLE_AUTHOR) as filling:
        filling.write(pa.table(batch))
    for field, codes in CODES.get(layer.name, {}).items():
        give_codes(tx.pg, filling.layer, field, codes)


def _column(series: Any) -> tuple[ColumnType, Any]:
    if pd.api.types.is_bool_dtype(series):
        return "boolean", pa.array(series, pa.bool_(), from_pandas=True)
    if pd.api.types.is_integer_dtype(series):
        return "bigint", pa.array(series, pa.int64(), from_pandas=True)
    if pd.api.types.is_float_dtype(series):
        return "double precision", pa.array(series, pa.float64(), from_pandas=True)
    if pd.api.types.is_datetime64_any_dtype(series):
        return "timestamptz", _instants(series)
    return "text", pa.array(series, pa.string(), from_pandas=True)


def _instants(series: Any) -> Any:
    return pa.array(series, pa.timestamp("us", "UTC"), from_pandas=True)


def _wkb(geometry: gpd.GeoSeries, kind: str) -> list[bytes]:
    shapes = np.asarray(geometry.array)
    if kind == "MultiPolygon":
        shapes = np.array(
            [
                shape if shape.geom_type == kind else shapely.MultiPolygon([shape])
                for shape in shapes
            ],
            dtype=object,
        )
    encoded: list[bytes] = shapely.to_wkb(shapes).tolist()
    return encoded


def _store(database: Database, chosen: Settings, raster: SampleRaster) -> None:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / f"{raster.name}.tif"
        raster.data.rio.to_raster(file)
        store_raster(
            database,
            rasters_dir(chosen),
            file,
            name=raster.name,
            access=Access.PUBLIC,
            title=(raster.title_zh, raster.title_en),
            vertical_datum=VERTICAL_DATUM,
        )
