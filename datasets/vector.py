"""Vector files: open one, and stream its layers as batches that a layer table can take."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyproj

from datasets import wkb
from datasets.ahead import ahead
from datasets.columns import Field, fields, store, unfit_text
from datasets.formats import RawLayer, raw_layers
from datasets.intake import Form, note
from datasets.keys import Key
from datasets.periods import Periods
from datasets.places import Storage, storage_of
from datasets.rejects import MARKS, Rejection, rejections
from spatial import crs as crs_of
from spatial.asof import DEFAULT_ZONE
from spatial.errors import Rejected
from spatial.layer import clean_name

_SETTLED = {
    "Point": "Point",
    "MultiPoint": "MultiPoint",
    "LineString": "MultiLineString",
    "MultiLineString": "MultiLineString",
    "Polygon": "MultiPolygon",
    "MultiPolygon": "MultiPolygon",
}
_DECLARED = re.compile(r"(?P<flat>2\.5D )?(?P<type>\w+?) ?(?P<z>ZM?)?M?")


@dataclass(frozen=True)
class Batch:
    """Some rows of a layer.

    table: the attribute columns in their stored types, and `geom` as EWKB (large_binary) in
    the storage SRID, valid and of the layer's type.
    With periods also valid_from and valid_to. Rows read = rows of the table + rejected.
    """

    table: pa.Table
    rejected: list[Rejection]
    repaired: int


@dataclass(frozen=True)
class SourceLayer:
    """A layer of a file, ready to be streamed.

    geometry_type is Point, MultiPoint, MultiLineString, MultiPolygon or Geometry; `crs` is the
    source's, `storage` where its coordinates will be kept; `count` is the file's own claim.
    """

    name: str
    title: str
    geometry_type: str
    has_z: bool
    crs: pyproj.CRS
    storage: Storage
    fields: tuple[Field, ...]
    count: int | None
    raw: RawLayer = field(repr=False)
    zone: tzinfo = DEFAULT_ZONE

    def batches(self, periods: Periods | None = None, key: Key | None = None) -> Iterator[Batch]:
        """All rows, from the start at every call; the next are prepared while these are used.

        `periods` adds valid_from and valid_to; rows that cannot be told apart by `key` are
        rejected. Raises Rejected where the file breaks off.
        """
        dating = periods or Periods(None, None, self.zone)
        return ahead(partial(self._batch, dating, key), self._numbered())

    def _numbered(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        first = 1
        for rows in self.raw.rows():
            yield first, rows
            first += rows.num_rows

    def _batch(
        self, periods: Periods, key: Key | None, numbered: tuple[int, pa.RecordBatch]
    ) -> Batch:
        first, rows = numbered
        *columns, geometry = rows.columns
        taken = Form(self.geometry_type, self.has_z, self.crs, self.storage).take(geometry)
        stored = {
            field.name: store(columns[field.place], field, self.zone) for field in self.fields
        }
        reasons = taken.reasons
        note(reasons, unfit_text(stored, len(reasons)))
        dates, undated = periods.of(stored, len(reasons))
        note(reasons, undated)
        if key is not None:
            key.judge(stored, reasons)
        kept = reasons == None  # noqa: E711 (row by row)
        mask = pa.array(kept)
        stored = {name: column.filter(mask) for name, column in (stored | dates).items()}
        return Batch(
            table=pa.table(stored | {"geom": taken.ewkb(kept)}),
            rejected=rejections(first, rows, self.fields, reasons),
            repaired=int((kept & taken.repaired).sum()),
        )


def open_source(
    path: Path,
    *,
    crs: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    zone: tzinfo = DEFAULT_ZONE,
) -> list[SourceLayer]:
    """The layers of a GeoPackage, Shapefile (also zipped), GeoJSON, FlatGeobuf or GeoParquet.

    `crs` overrides what the file says. `layer` picks one of several layers, or names the only
    one. Times without an offset are in `zone`. Raises Rejected with what to do.
    """
    given = None if crs is None else crs_of.parse(crs)
    layers = _picked(raw_layers(path, encoding), layer, path)
    names = {clean_name(raw.title) for raw in layers}
    if len(names) < len(layers):
        raise Rejected(f"two layers of '{path.name}' have the same name: load them one by one")
    return [_source(raw, given, zone) for raw in layers]


def _picked(layers: list[RawLayer], name: str | None, path: Path) -> list[RawLayer]:
    if name is None:
        return layers
    for raw in layers:
        if name in (raw.title, clean_name(raw.title)):
            return [raw]
    if len(layers) == 1:
        return [replace(layers[0], title=name)]
    known = ", ".join(raw.title for raw in layers)
    raise Rejected(f"'{path.name}' has no layer '{name}': it has {known}")


def _source(raw: RawLayer, given: pyproj.CRS | None, zone: tzinfo) -> SourceLayer:
    crs = given or raw.crs
    if crs is None:
        raise Rejected(
            f"'{raw.title}' does not say its coordinate reference system: "
            "name it, as --crs EPSG:4549"
        )
    titles = {column.name for column in raw.schema}
    ours = MARKS if {"_reason", "_row"} <= titles else ()  # our own rejects file, mended
    geometry_type, has_z = _geometry_type(raw)
    return SourceLayer(
        name=clean_name(raw.title),
        title=raw.title,
        geometry_type=geometry_type,
        has_z=has_z,
        crs=crs,
        storage=storage_of(crs),
        fields=fields(raw.schema, leave_out=ours),
        count=raw.count,
        raw=raw,
        zone=zone,
    )


def _geometry_type(raw: RawLayer) -> tuple[str, bool]:
    """The settled type, and whether there are heights; looked up row by row if undeclared."""
    declared = _DECLARED.fullmatch(raw.geometry_type or "")
    if declared and declared["type"] in _SETTLED:
        return _SETTLED[declared["type"]], bool(declared["flat"] or declared["z"])
    seen: set[str | None] = set()
    has_z = False
    for rows in raw.rows():
        found = wkb.kinds(rows.columns[-1])
        codes = np.unique(found.types[found.types != 0])
        seen |= {_SETTLED.get(wkb.TYPES[code]) if code < len(wkb.TYPES) else None for code in codes}
        has_z |= bool(found.has_z.any())
    settled = seen.pop() if len(seen) == 1 else None
    return settled or "Geometry", has_z
