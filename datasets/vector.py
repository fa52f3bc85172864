"""Vector files: open one, and stream its layers as batches that a layer table can take."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyproj
from pyproj.exceptions import CRSError

from datasets import offsets, wkb
from datasets.ahead import ahead
from datasets.columns import Field, fields, store, unfit_text
from datasets.formats.open import raw_layers
from datasets.formats.raw import TABLE, WHY, RawLayer
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
    **dict.fromkeys(("CircularString", "CompoundCurve", "Curve", "MultiCurve"), "MultiLineString"),
    **dict.fromkeys(("CurvePolygon", "MultiSurface", "Surface"), "MultiPolygon"),
    **dict.fromkeys(("PolyhedralSurface", "TIN", "Triangle"), "MultiPolygon"),
}
_LARGEST_PRJ = 1 << 16
_DECLARED = re.compile(r"(?P<flat>2\.5D )?(?P<type>\w+?) ?(?P<z>ZM?)?M?")


@dataclass(frozen=True)
class Batch:
    """Some rows of a layer.

    table: the attribute columns in their stored types, and `geom` as EWKB (large_binary) in
    the storage SRID, valid and of the layer's type.
    methods: what was done to how many geometries, repairs among it.
    With periods also valid_from and valid_to. Rows read = rows of the table + rejected.
    """

    table: pa.Table
    rejected: list[Rejection]
    repaired: int
    methods: Counter[str]


@dataclass(frozen=True)
class SourceLayer:
    """A layer of a file, ready to be streamed.

    geometry_type is Point, MultiPoint, MultiLineString, MultiPolygon, Geometry or, of a table,
    None; `crs` is the source's, `storage` where its coordinates will be kept; `count` is the
    file's own claim. `offset` names the disguise of the coordinates, if any; `notes` is what had
    to be assumed.
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
    offset: str | None = None
    notes: tuple[str, ...] = ()

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
        rows, refused = _judged(rows)
        *columns, geometry = rows.columns
        shift = None if self.offset is None else offsets.FROM[self.offset]
        form = Form(self.geometry_type, self.has_z, self.crs, self.storage, shift)
        taken = form.take(geometry)
        stored = {
            field.name: store(columns[field.place], field, self.zone) for field in self.fields
        }
        reasons = taken.reasons
        reasons[refused != None] = refused[refused != None]  # noqa: E711 (row by row)
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
            methods=taken.methods,
        )


def open_source(
    path: Path,
    *,
    crs: str | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    zone: tzinfo = DEFAULT_ZONE,
) -> list[SourceLayer]:
    """The layers of a file, in any of the formats of `datasets.formats`.

    `crs` overrides what the file says: a code, WKT, the name of a .prj file, gcj02 or bd09.
    `layer` picks one of several layers, or names the only
    one. Times without an offset are in `zone`. Raises Rejected with what to do.
    """
    offset = None if crs is None else offsets.named(crs)
    given = None if crs is None else crs_of.parse(crs_of.WGS84) if offset else _parsed(crs)
    layers = _picked(raw_layers(path, encoding), layer, path)
    names = {clean_name(raw.title) for raw in layers}
    if len(names) < len(layers):
        raise Rejected(f"two layers of '{path.name}' have the same name: load them one by one")
    return [_source(raw, given, offset, zone) for raw in layers]


def _parsed(crs: str) -> pyproj.CRS:
    """A CRS by its name, or by the WKT in a file of it."""
    if not crs.lower().endswith((".prj", ".wkt")):
        return crs_of.parse(crs)
    path = Path(crs)
    if not path.is_file() or path.stat().st_size > _LARGEST_PRJ:
        raise Rejected(f"there is no file '{path.name}' that holds a reference system as WKT")
    try:
        return pyproj.CRS.from_wkt(path.read_text(encoding="utf-8", errors="replace"))
    except CRSError:
        raise Rejected(f"'{path.name}' holds no reference system as WKT") from None


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


def _judged(rows: pa.RecordBatch) -> tuple[pa.RecordBatch, npt.NDArray[np.object_]]:
    """The rows that end with their geometry, and why their reader refuses them, if it does."""
    if rows.schema.names[-1] != WHY:
        return rows, np.full(rows.num_rows, None, object)
    places = range(rows.num_columns - 1)
    return rows.select(list(places)), np.array(rows.columns[-1].to_pylist(), object)


def _source(
    raw: RawLayer, given: pyproj.CRS | None, offset: str | None, zone: tzinfo
) -> SourceLayer:
    crs = given or raw.crs
    if raw.geometry_type == TABLE:
        crs = crs_of.parse(crs_of.WGS84)
    if crs is None:
        raise Rejected(
            f"'{raw.title}' does not say its coordinate reference system: "
            "name it, as --crs EPSG:4549"
        )
    assumed = [raw.crs_note] if raw.crs_note and given is None else []
    titles = {column.name for column in raw.schema}
    ours = MARKS if {"_reason", "_row"} <= titles else ()  # our own rejects file, mended
    geometry_type, has_z, notes = _geometry_type(raw)
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
        offset=offset,
        notes=(*raw.notes, *assumed, *notes, *_told(crs, offset)),
    )


def _told(crs: pyproj.CRS, offset: str | None) -> list[str]:
    """What is done about a CRS beyond naming it."""
    told = [f"heights are on {part.name}" for part in crs.sub_crs_list if part.is_vertical]
    return [*told, f"moved from {offset} to WGS 84"] if offset else told


def _geometry_type(raw: RawLayer) -> tuple[str, bool, tuple[str, ...]]:
    """The settled type, whether there are heights, and a note; looked up if undeclared."""
    if raw.geometry_type == TABLE:
        return TABLE, False, ()
    declared = _DECLARED.fullmatch(raw.geometry_type or "")
    if declared and declared["type"] in _SETTLED:
        return _SETTLED[declared["type"]], bool(declared["flat"] or declared["z"]), ()
    seen: set[str | None] = set()
    has_z = False
    for rows in raw.rows():
        found = wkb.kinds(_judged(rows)[0].columns[-1])
        codes = np.unique(found.types[found.types != 0])
        seen |= {_SETTLED.get(wkb.TYPES[code]) if code < len(wkb.TYPES) else None for code in codes}
        has_z |= bool(found.has_z.any())
    notes = ("shapes of several types: each kept as it is",) if len(seen) > 1 else ()
    settled = seen.pop() if len(seen) == 1 else None
    return settled or "Geometry", has_z, notes
