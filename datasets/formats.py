"""Vector formats: what a file holds, and its rows as streams of columns and WKB.

GeoPackage, Shapefile, GeoJSON and FlatGeobuf come through GDAL's Arrow stream, GeoParquet
straight from Arrow.
"""

import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyogrio.raw
import pyproj

from spatial import crs as crs_of
from spatial.errors import Rejected

BATCH = 16_384
"""Rows at a time: small enough to bound memory and to let stages overlap."""

_DRIVERS = {
    ".gpkg": "GPKG",
    ".shp": "ESRI Shapefile",
    ".zip": "ESRI Shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".geojsonl": "GeoJSONSeq",
    ".fgb": "FlatGeobuf",
}
_PARQUET = (".parquet", ".geoparquet")
_GEOMETRY = (b"geoarrow.wkb", b"ogc.wkb")

type Attribute = pa.Field[Any]
type Rows = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class RawLayer:
    """A layer as its format describes it.

    `rows` reads it from the start at every call: the columns of `schema`, then the geometry as
    WKB.
    """

    title: str
    geometry_type: str | None
    crs: pyproj.CRS | None
    schema: tuple[Attribute, ...]
    count: int | None
    rows: Callable[[], Rows]


def raw_layers(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The spatial layers of a file.

    Raises Rejected for a file that is missing, damaged, of another format or without geometry.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise Rejected(f"there is no file '{path.name}'")
    if suffix not in _DRIVERS and suffix not in _PARQUET:
        known = " ".join([*_DRIVERS, *_PARQUET])
        raise Rejected(f"'{path.name}' is not of a known vector format: {known}")
    with _told(path), _quiet():
        layers = [_parquet(path)] if suffix in _PARQUET else _gdal(path, encoding)
    if not layers:
        raise Rejected(f"'{path.name}' holds no layer with geometry")
    return layers


def _gdal(path: Path, encoding: str | None) -> list[RawLayer]:
    sources = _zipped(path) if path.suffix.lower() == ".zip" else [str(path)]
    return [
        _gdal_layer(path, source, name, encoding)
        for source in sources
        for name, geometry_type in pyogrio.list_layers(source)
        if geometry_type is not None
    ]


def _gdal_layer(path: Path, source: str, name: str, encoding: str | None) -> RawLayer:
    info = pyogrio.read_info(source, layer=name, encoding=encoding)
    wanted = _DRIVERS[path.suffix.lower()]
    if not info["driver"].startswith(wanted):
        raise Rejected(f"'{path.name}' is not {wanted} inside but {info['driver']}")
    # A GeoPackage's key is the source's own id; elsewhere GDAL only counts the rows.
    options = {"layer": name, "encoding": encoding, "return_fids": bool(info["fid_column"])}
    with _opened(source, options) as (place, stream):
        fields = [field for at, field in enumerate(stream.schema) if at != place]
        schema = tuple(pa.field(field.name, field.type) for field in fields)
    return RawLayer(
        title=name,
        geometry_type=info["geometry_type"],
        crs=crs_of.parse(info["crs"]) if info["crs"] else None,
        schema=schema,
        count=info["features"] if info["features"] >= 0 else None,
        rows=partial(_gdal_rows, path, source, options, info["features"]),
    )


def _gdal_rows(path: Path, source: str, options: dict[str, Any], expected: int) -> Rows:
    read = 0
    with _told(path), _opened(source, options) as (place, stream):
        order = [at for at in range(len(stream.schema)) if at != place] + [place]
        while (batch := _next(stream)) is not None:
            yield batch.select(order)
            read += batch.num_rows
        if read < expected:
            _check_end(path, source, options["layer"], read)


def _check_end(path: Path, source: str, layer: str, read: int) -> None:
    """Raise if a damaged file ended the stream, which GDAL's Arrow stream does without a word."""
    with _quiet():
        _, fids, *_ = pyogrio.raw.read(
            source, layer=layer, columns=[], read_geometry=False, return_fids=True
        )
    if len(fids) != read:
        raise Rejected(f"'{path.name}' is damaged: it breaks off after {read} rows")


def _next(stream: pa.RecordBatchReader) -> pa.RecordBatch | None:
    with _quiet():
        try:
            return stream.read_next_batch()
        except StopIteration:
            return None


@contextmanager
def _opened(source: str, options: dict[str, Any]) -> Iterator[tuple[int, pa.RecordBatchReader]]:
    """An Arrow stream and the place of its geometry column."""
    with pyogrio.open_arrow(source, use_pyarrow=True, batch_size=BATCH, **options) as (_, stream):
        for place, field in enumerate(stream.schema):
            if (field.metadata or {}).get(b"ARROW:extension:name") in _GEOMETRY:
                yield place, stream
                return
        raise Rejected("the layer has no geometry column")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without GDAL's warnings: whatever is wrong with a row, its reason will tell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _zipped(path: Path) -> list[str]:
    """GDAL's names of the shapefiles in an archive."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".shp")]
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if not names:
        raise Rejected(f"'{path.name}' holds no shapefile")
    return [f"/vsizip/{{{path.resolve()}}}/{name}" for name in names]


def _parquet(path: Path) -> RawLayer:
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
    return RawLayer(
        title=path.stem,
        geometry_type=types[0] if len(types) == 1 else None,
        crs=None if crs is None else crs_of.parse(crs),
        schema=tuple(schema.field(name) for name in names),
        count=count,
        rows=partial(_parquet_rows, path, geometry, names),
    )


def _parquet_rows(path: Path, geometry: str, names: list[str]) -> Rows:
    with _told(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH, columns=[*names, geometry]):
            yield batch.select([*names, geometry])


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What readers raise, told to people without the directories of the machine."""
    try:
        yield
    except UnicodeDecodeError:
        raise Rejected(
            f"the text in '{path.name}' is not UTF-8: name its encoding, as --encoding GBK"
        ) from None
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        zipfile.BadZipFile,
        pa.ArrowException,
        OSError,
        KeyError,
        json.JSONDecodeError,
    ) as error:
        what = str(error).replace(f"{path.parent}/", "").split("; It might help")[0]
        raise Rejected(f"'{path.name}' cannot be read: {what}") from None
