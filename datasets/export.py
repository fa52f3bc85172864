"""A layer at any AsOf as a file, in the format that its name asks for, batch by batch."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from psycopg import sql

from datasets.columns import shapefile_names
from datasets.formats import survey_writer
from datasets.formulas import harmless
from datasets.workbook import write_workbook
from spatial import crs
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.errors import CityError, Invalid
from spatial.frame import fetch
from spatial.grant import Grant
from spatial.query import Reading, reading
from spatial.stream import stream

DRIVERS = {
    ".gpkg": "GPKG",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".fgb": "FlatGeobuf",
    ".shp": "ESRI Shapefile",
}
GEOMETRY = "geom"
_TEXT_LIMIT = 254  # bytes that a Shapefile's text holds


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `renamed` says under which names a Shapefile has longer ones, and
    `sidecar` is the file that says so too."""

    features: int
    renamed: dict[str, str] = field(default_factory=dict)
    sidecar: Path | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """The rows of a reading: fid, the attributes, and the geometry last."""

    database: Database
    pg: Pg
    view: Reading

    def statement(self, values: Mapping[str, sql.Composable], srid: int, form: str) -> sql.Composed:
        """The statement; values replace those of attributes, form writes the geometry."""
        geometry: sql.Composable = sql.Identifier("geom")
        if srid != self.view.layer.srid:
            geometry = sql.SQL("ST_Transform(geom, {})").format(srid)
        columns = [
            sql.SQL("{} AS {}").format(
                values.get(one.name, _plain(one.name, one.type)), sql.Identifier(one.name)
            )
            for one in self.view.layer.columns
        ]
        shape = sql.SQL("{}({}) AS geom").format(sql.SQL(form), geometry)
        return self.view.select(sql.SQL(", ").join([sql.SQL("fid"), *columns, shape]))

    def batches(self, statement: sql.Composed) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow, the first batch empty."""
        return stream(self.database, self.pg, self.view.grant, statement)


def export(
    database: Database,
    layer: str,
    asof: AsOf,
    grant: Grant,
    path: Path,
    *,
    encoding: str | None = None,
) -> Exported:
    """Write a layer to a file, which appears only when it is whole.

    GeoJSON goes out in degrees, as its standard says; `encoding` is that of a Shapefile's text.
    Raises Invalid for a suffix that names no format, or what the format cannot hold.
    """
    suffix = path.suffix.lower()
    writers: dict[str, Callable[[_Source, Path], int]] = {
        ".parquet": _parquet, ".csv": _csv, ".xlsx": _xlsx, ".txt": _survey,
    }  # fmt: skip
    if suffix not in DRIVERS and suffix not in writers:
        known = ", ".join([*DRIVERS, *writers])
        raise Invalid(f"'{path.name}' names no format that can be written: use {known}")
    if encoding and suffix != ".shp":
        raise Invalid("an encoding is only for a Shapefile: every other format has its own")
    with reading(database, layer, asof, grant) as (pg, view):
        source = _Source(database, pg, view)
        if suffix == ".shp":
            return _shapefile(source, path, encoding or "UTF-8")
        partial = path.with_name(f".{path.stem}.partial{suffix}")
        try:
            features = writers.get(suffix, _gdal)(source, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return Exported(features)


def _gdal(source: _Source, path: Path) -> int:
    layer = source.view.layer
    srid = crs.WGS84 if DRIVERS[path.suffix] == "GeoJSON" else layer.srid
    rows = _Counted(source.batches(source.statement({}, srid, "ST_AsBinary")))
    return _write(rows, path, layer.geometry_type, srid, layer=layer.name)


def _write(rows: "_Counted", path: Path, kind: str, srid: int, **options: Any) -> int:
    with_z = f"{kind[:-1]} Z" if kind.endswith("Z") else kind
    try:
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(rows.schema, rows),
            path,
            driver=DRIVERS[path.suffix],
            geometry_name=GEOMETRY,
            geometry_type="Unknown" if kind.startswith("Geometry") else with_z,
            crs=f"EPSG:{srid}",
            **options,
        )
    except RuntimeError:
        if rows.error is None:
            raise
        raise rows.error from None
    return rows.count


def _shapefile(source: _Source, path: Path, encoding: str) -> Exported:
    layer = source.view.layer
    if layer.shape == "Geometry":
        raise Invalid(f"'{layer.name}' mixes kinds of geometry, which a Shapefile cannot hold")
    names = shapefile_names(layer.column_names, encoding)
    values = {
        one.name: sql.SQL("{}::text").format(sql.Identifier(one.name))
        if one.type in ("timestamptz", "jsonb")
        else sql.SQL("{}::integer").format(sql.Identifier(one.name))
        for one in layer.columns
        if one.type in ("timestamptz", "jsonb", "boolean")
    }
    statement = source.statement(values, layer.srid, "ST_AsBinary")
    rows = _Counted(_fit(source.batches(statement), names, encoding))
    kind = layer.geometry_type
    kind = kind if layer.shape == "Point" else kind.removeprefix("Multi")
    with TemporaryDirectory(dir=path.parent, prefix=".export-") as place:
        _write(rows, Path(place) / path.name, kind, layer.srid, encoding=encoding)
        for made in Path(place).iterdir():
            made.replace(path.with_name(made.name))
    renamed = {name: short for name, short in names.items() if name != short}
    if not renamed:
        return Exported(rows.count)
    sidecar = path.with_suffix(".fields.csv")
    with sidecar.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(
            [("field", "name", "title")]
            + [(names[one.name], one.name, one.title) for one in layer.columns]
        )
    return Exported(rows.count, renamed, sidecar)


def _fit(
    batches: Iterator[pa.RecordBatch], names: Mapping[str, str], encoding: str
) -> Iterator[pa.RecordBatch]:
    """Batches under a Shapefile's names; raises Invalid for text that it cannot hold."""
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if pa.types.is_string(column.type):
                for value in column.to_pylist():
                    _require_fit(value, name, encoding)
        yield batch.rename_columns([names.get(name, name) for name in batch.schema.names])


def _require_fit(value: str | None, name: str, encoding: str) -> None:
    try:
        size = len((value or "").encode(encoding))
    except LookupError:
        raise Invalid(f"'{encoding}' is no encoding: use UTF-8, GBK or GB18030") from None
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise Invalid(f"{encoding} has no '{letter}' (in '{name}'): use UTF-8 or GB18030") from None
    if size > _TEXT_LIMIT:
        raise Invalid(
            f"'{name}' holds a text of {size} bytes, and a Shapefile ends at 254: use .gpkg"
        )


def _parquet(source: _Source, path: Path) -> int:
    srid = source.view.layer.srid
    rows = _Counted(source.batches(source.statement({}, srid, "ST_AsBinary")))
    column = {
        "encoding": "WKB", "geometry_types": [], "crs": crs.parse(f"EPSG:{srid}").to_json_dict(),
    }  # fmt: skip
    geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
    schema = rows.schema.with_metadata({"geo": json.dumps(geo)})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch.cast(schema))
    return rows.count


def _csv(source: _Source, path: Path) -> int:
    """Geometry as WKT; with a byte order mark, without which spreadsheets misread Chinese."""
    layer = source.view.layer
    values = {
        one.name: harmless(sql.Identifier(one.name)) for one in layer.columns if one.type == "text"
    }
    statement = source.statement(values, layer.srid, "ST_AsText")
    copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(statement)
    with source.pg.cursor() as cursor, path.open("wb") as out:
        out.write(b"\xef\xbb\xbf")
        with cursor.copy(copy) as rows:
            for piece in rows:
                out.write(piece)
        return cursor.rowcount


def _xlsx(source: _Source, path: Path) -> int:
    layer = source.view.layer
    return write_workbook(
        path, layer.name, source.batches(source.statement({}, layer.srid, "ST_AsText"))
    )


def _survey(source: _Source, path: Path) -> int:
    frame = fetch(source.database, source.pg, source.view)
    survey_writer.write(frame, path)
    return len(frame)


class _Counted:
    """Batches with their schema known before the first row, counted as they pass."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self.schema = next(batches).schema
        self.count = 0
        self.error: CityError | None = None  # which GDAL would not pass on

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                self.count += batch.num_rows
                yield batch
        except CityError as error:
            self.error = error
            raise


def _plain(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    return sql.SQL("{}::text").format(column) if kind == "jsonb" else column
