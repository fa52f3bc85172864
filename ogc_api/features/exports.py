"""Items as files: FlatGeobuf, GeoParquet and CSV, of all features at once if so wanted.

A file is made whole before its first byte is sent: a slow reader holds no database connection.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from psycopg import sql

from datasets.formulas import harmless
from ogc_api import context, etag
from ogc_api.features import geojson, items
from ogc_api.features.text import attributes_of, shape_of
from ogc_api.links import address, place_of
from ogc_api.params import MAX_WHOLE, wanted_of
from ogc_api.wanted import Wanted
from spatial import crs
from spatial.asof import Interval
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.query import Reading, names, reading
from spatial.stream import stream

_OGR_TYPES = {"Geometry": "Unknown", "GeometryZ": "Unknown"}
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """The features that are wanted, as a statement: fid, attributes, geometry last."""

    pg: Pg
    view: Reading
    wanted: Wanted
    safe: bool

    @property
    def geometry(self) -> str:
        """Name of the geometry's column; no attribute is called `geom`."""
        return "geom" if "geometry" in self.attributes else "geometry"

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return attributes_of(self.view, self.wanted)

    def statement(self, form: str) -> sql.Composed:
        """The statement; form: the PostGIS function that writes a geometry."""
        columns = {name: self._value(name) for name in self.attributes}
        if self.wanted.geometry:
            shape = shape_of(self.view.layer.srid, self.wanted)
            columns[self.geometry] = sql.SQL("{}({})").format(sql.Identifier(form.lower()), shape)
        several = isinstance(self.view.moment.valid_at, Interval)
        identity = sql.SQL("fid || '.' || version" if several else "fid")
        return sql.SQL("SELECT {} AS fid{}{} FROM ({}) made").format(
            identity,
            sql.SQL(", " if columns else ""),
            names(list(columns)),
            items.chosen(self.view, self.wanted, columns),
        )

    def _value(self, name: str) -> sql.Composable:
        kind = next(one.type for one in self.view.layer.columns if one.name == name)
        value = sql.Identifier(name)
        if kind == "jsonb":
            return sql.SQL("{}::text").format(value)
        if kind == "text" and self.safe:
            return harmless(value)
        return value

    def jsons(self) -> set[str]:
        """Names of the attributes that hold JSON."""
        return {one.name for one in self.view.layer.columns if one.type == "jsonb"}


def _csv(table: Table, out: IO[bytes]) -> None:
    copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(table.statement("st_astext"))
    with table.pg.cursor() as cursor, cursor.copy(copy) as rows:
        for piece in rows:
            out.write(piece)


def _batches(table: Table) -> Iterator[pa.RecordBatch]:
    """The rows as Arrow; the first batch has none, but tells the columns."""
    statement = table.statement("st_asbinary")
    return stream(context.database.get(), table.pg, table.view.grant, statement)


def _parquet(table: Table, out: IO[bytes]) -> None:
    batches = _batches(table)
    first = next(batches)
    jsons = table.jsons()
    fields = [
        field.with_type(pa.json_(pa.string())) if field.name in jsons else field
        for field in first.schema
    ]
    metadata: dict[str | bytes, str | bytes] = {}
    if table.wanted.geometry:
        metadata["geo"] = json.dumps(_geo(table))
    schema = pa.schema(fields, metadata=metadata)
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch.cast(schema))


def _geo(table: Table) -> dict[str, Any]:
    """GeoParquet 1.1's metadata; a column without a CRS is in CRS84."""
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": []}
    if table.wanted.crs != crs.CRS84_URI:
        column["crs"] = crs.parse(table.wanted.crs).to_json_dict()
    name = table.geometry
    return {"version": "1.1.0", "primary_column": name, "columns": {name: column}}


def _flatgeobuf(table: Table, out: IO[bytes]) -> None:
    if not table.wanted.geometry:
        raise Invalid("FlatGeobuf is made of geometry: leave skipGeometry out, or ask for f=csv")
    batches = _batches(table)
    first = next(batches)
    kind = table.view.layer.geometry_type
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "items.fgb"
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(first.schema, batches),
            path,
            driver="FlatGeobuf",
            layer=table.view.layer.name,
            geometry_name=table.geometry,
            geometry_type=_OGR_TYPES.get(kind) or (f"{kind[:-1]} Z" if kind[-1] == "Z" else kind),
            crs=f"EPSG:{crs.srid(table.wanted.crs)}",
            SPATIAL_INDEX="NO",
        )
        with path.open("rb") as made:
            while piece := made.read(PIECE):
                out.write(piece)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that items are given as."""

    name: str
    title: str
    mimetype: str
    write: Callable[[Table, IO[bytes]], None]


FORMATS = (
    Format("fgb", "FlatGeobuf", "application/flatgeobuf", _flatgeobuf),
    Format("parquet", "GeoParquet", "application/vnd.apache.parquet", _parquet),
    Format("csv", "CSV", "text/csv; charset=utf-8", _csv),
)


def export(layer: str, query: Mapping[str, str], form: Format) -> geojson.Answer:
    """A layer's features as a file; all of them unless limited, up to MAX_WHOLE.

    What has no place in the file is in the headers, where QGIS looks for it too: the total as
    OGC-NumberMatched, the next page as Link.
    """
    wanted = wanted_of(query, default=MAX_WHOLE, maximum=MAX_WHOLE)
    asof, grant = context.asof.get(), context.grant.get()
    out = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it was sent)
    try:
        with reading(context.database.get(), layer, asof, grant) as (pg, view):
            view = items.narrowed(view, wanted)
            table = Table(pg, view, wanted, safe=form.write is _csv)
            matched = items.counted(pg, view, wanted)
            returned, last = _end(pg, view, wanted)
            matched = geojson.settled(matched, wanted, returned)
            form.write(table, out)
    except BaseException:
        out.close()
        raise
    cited = view.moment.cite()
    here = place_of(layer, "items")
    headers = {
        "Content-Type": form.mimetype,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(layer)}.{form.name}",
        "OGC-NumberMatched": str(matched.number),
        **({} if matched.exact else {"CityTwin-NumberMatched": "estimated"}),
        "OGC-NumberReturned": str(returned),
        "ETag": etag.of_parts(view.edition, here, query, form.name),
    }
    onward = geojson.onward(query, wanted, cited, matched, returned, last)
    if onward is not None:
        target = address(here, onward | {"f": form.name})
        headers["Link"] = f'<{target}>; rel="next"; type="{form.mimetype}"'
    if form.name == "parquet":  # compressed within
        headers["Content-Encoding"] = "identity"
    size = out.tell()
    out.seek(0)
    headers["Content-Length"] = str(size)
    pieces = iter(lambda: out.read(PIECE), b"")
    return geojson.Answer(pieces, geojson.headers(wanted.crs, cited) | headers, out.close)


def _end(pg: Pg, view: Reading, wanted: Wanted) -> tuple[int, str | None]:
    """How many rows the page has, and the key of the last."""
    keys = sql.SQL(
        "SELECT count(*) OVER (), fid, version FROM ({}) made"
        " ORDER BY fid DESC, version DESC LIMIT 1"
    ).format(items.chosen(view, wanted, {}))
    row = pg.execute(keys).fetchone()
    return (row[0], f"{row[1]}.{row[2]}") if row else (0, None)
