"""GeoParquet, straight from Arrow."""

import json
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from datasets.formats.raw import BATCH, RawLayer, Rows, told
from spatial import crs as crs_of
from spatial.errors import Rejected

SUFFIXES = (".parquet", ".geoparquet")


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The one layer of a GeoParquet file with WKB."""
    with pq.ParquetFile(path) as file:
        schema, count = file.schema_arrow, file.metadata.num_rows
    geo = json.loads((schema.metadata or {}).get(b"geo", b"null"))
    if geo is None:
        raise Rejected(f"'{path.name}' is Parquet without GeoParquet's metadata")
    geometry = geo["primary_column"]
    about = geo["columns"][geometry]
    if about["encoding"] != "WKB":
        raise Rejected(f"'{path.name}' holds {about['encoding']}: write its geometry as WKB")
    covering = about.get("covering", {}).get("bbox", {}).get("xmin", [None])[0]
    names = [name for name in schema.names if name not in (geometry, covering)]
    types = about.get("geometry_types", [])
    crs = about.get("crs", "OGC:CRS84")  # GeoParquet: absent is CRS84, null is unknown
    return [
        RawLayer(
            title=path.stem,
            geometry_type=types[0] if len(types) == 1 else None,
            crs=None if crs is None else crs_of.parse(crs),
            schema=tuple(schema.field(name) for name in names),
            count=count,
            rows=partial(_rows, path, geometry, names),
        )
    ]


def _rows(path: Path, geometry: str, names: list[str]) -> Rows:
    with told(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=[*names, geometry]):
            yield batch.select([*names, geometry])
