"""Formats that GDAL reads, through its Arrow stream.

Only files that begin as their suffix says are shown to GDAL, so that none of its drivers that
read other files or the network (VRT, WFS and many more) ever sees one; its own ways into the
network are closed.
"""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import pyogrio.raw

from datasets.formats import shapefile, text, xml
from datasets.formats.folder import Folder
from datasets.formats.raw import BATCH, TABLE, RawLayer, Rows, ending, told
from spatial import crs as crs_of
from spatial.errors import Rejected

_GEOMETRY = (b"geoarrow.wkb", b"ogc.wkb")
_STYLES = ("layer_styles", "qgis_projects")  # of QGIS, not of the city

pyogrio.set_gdal_config_options(
    {
        "GDAL_HTTP_PROXY": "127.0.0.1:9",  # nobody there: a CRS by URL is not fetched
        "GDAL_HTTPS_PROXY": "127.0.0.1:9",
        "GML_SKIP_RESOLVE_ELEMS": "ALL",
        "CPL_TMPDIR": tempfile.gettempdir(),
    }
)


@dataclass(frozen=True)
class Driver:
    """A GDAL driver that is let in, and what its files begin with."""

    name: str
    begins: tuple[bytes, ...] = ()
    root: str | None = None


DRIVERS = {
    ".gpkg": Driver("GPKG", (b"SQLite format 3\0",)),
    ".shp": Driver("ESRI Shapefile", (b"\0\0\x27\x0a",)),
    ".geojson": Driver("GeoJSON", (b"{", b"[", b"\x1e")),
    ".json": Driver("GeoJSON", (b"{", b"[", b"\x1e")),
    ".geojsonl": Driver("GeoJSONSeq", (b"{", b"\x1e")),
    ".topojson": Driver("TopoJSON", (b"{",)),
    ".fgb": Driver("FlatGeobuf", (b"fgb",)),
    ".gdb": Driver("OpenFileGDB"),
    ".kml": Driver("LIBKML", root="kml"),
    ".gml": Driver("GML", root=""),
    ".dxf": Driver("DXF", (b"0", b"999", b"AutoCAD Binary DXF")),
    ".pbf": Driver("OSM", (b"\0\0\0",)),
    ".osm": Driver("OSM", root="osm"),
}
_TEXT = (".geojson", ".json", ".geojsonl", ".topojson")
_NAMELESS = (".dxf", ".pbf", ".osm")  # their layers are called the same in every file


def read(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The layers of a file; tables are layers without geometry."""
    driver = DRIVERS[path.suffix.lower()]
    source, encoding, notes = _prepared(path, encoding)
    source = _apart(source)
    _check(source, driver, path)
    with _quiet():
        names = [
            (name, geometry_type)
            for name, geometry_type in pyogrio.list_layers(source)
            if name not in _STYLES
        ]
        if all(geometry_type is None for _, geometry_type in names):
            return []
        layers = [_layer(path, source, name, encoding, notes) for name, _ in names]
        if driver.name == "OSM":  # which always promises all of its five layers
            layers = [layer for layer in layers if next(layer.rows(), None) is not None]
    return layers


def _prepared(path: Path, encoding: str | None) -> tuple[Path, str | None, tuple[str, ...]]:
    """The file to open, the encoding to open it with, and what was done for it."""
    suffix = path.suffix.lower()
    if suffix in _TEXT:
        source, notes = text.utf8(path, encoding)
        return source, None, notes
    if suffix == ".shp":
        return shapefile.prepared(path, encoding)
    return path, encoding, ()


def _apart(path: Path) -> Path:
    """A file by another way, where GDAL would leave one of its own beside it or misread '!'."""
    if path.suffix.lower() != ".gml" and "!" not in str(path):
        return path
    source = Folder().file(path.name.replace("!", "_"))
    for part in (path, *(path.with_suffix(end) for end in shapefile.SIDECARS)):
        if part.is_file():
            source.with_suffix(part.suffix).symlink_to(part.resolve())
    return source


def _check(source: Path, driver: Driver, path: Path) -> None:
    """Raise Rejected where a file does not begin as its suffix says."""
    if source.is_dir():
        fits = driver.name == "OpenFileGDB"
    elif driver.root is not None:
        fits = driver.root in ("", xml.root(source)[1])
    else:
        with source.open("rb") as file:
            head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
            fits = head.startswith(driver.begins) and (
                driver.name != "OSM" or b"OSMHeader" in head[:64]
            )
    if not fits:
        raise Rejected(f"'{path.name}' cannot be read: it is not {driver.name} inside")


def _layer(
    path: Path, source: Path, name: str, encoding: str | None, notes: tuple[str, ...]
) -> RawLayer:
    with warnings.catch_warnings(record=True) as heard:
        info = pyogrio.read_info(source, layer=name, encoding=encoding)
    if any("Measured (M)" in str(warning.message) for warning in heard):
        notes += ("measures (M) dropped",)
    suffix = path.suffix.lower()
    if not info["driver"].startswith(DRIVERS[suffix].name):
        wanted = DRIVERS[suffix].name
        raise Rejected(f"'{path.name}' is not {wanted} inside but {info['driver']}")
    # A GeoPackage's key is the source's own id; elsewhere GDAL only counts the rows.
    options = {"layer": name, "encoding": encoding, "return_fids": bool(info["fid_column"])}
    with _opened(source, options) as (place, stream):
        fields = [field for at, field in enumerate(stream.schema) if at != place]
        schema = tuple(pa.field(field.name, field.type) for field in fields)
    return RawLayer(
        title=f"{path.stem.removesuffix('.osm')}_{name}" if suffix in _NAMELESS else name,
        geometry_type=TABLE if place is None else info["geometry_type"],
        crs=crs_of.parse(info["crs"]) if info["crs"] else None,
        schema=schema,
        count=info["features"] if info["features"] >= 0 else None,
        rows=partial(_rows, path, source, options, info["features"]),
        notes=notes,
    )


def _rows(path: Path, source: Path, options: dict[str, Any], expected: int) -> Rows:
    count = 0
    with told(path), _opened(source, options) as (place, stream):
        names = stream.schema.names
        order = [at for at in range(len(names)) if at != place]
        while (batch := _next(stream)) is not None:
            if place is None:
                end = ending([None] * batch.num_rows, None)
                yield pa.record_batch([*batch.columns, *end.values()], names=[*names, *end])
            else:
                yield batch.select([*order, place])
            count += batch.num_rows
        if count < expected:
            _check_end(path, source, options["layer"], count)


def _check_end(path: Path, source: Path, layer: str, read: int) -> None:
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
def _opened(
    source: Path, options: dict[str, Any]
) -> Iterator[tuple[int | None, pa.RecordBatchReader]]:
    """An Arrow stream and the place of its geometry column, if it has one."""
    with ExitStack() as opened:
        with _quiet():
            opening = pyogrio.open_arrow(source, use_pyarrow=True, batch_size=BATCH, **options)
            _, stream = opened.enter_context(opening)
        places = (
            place
            for place, field in enumerate(stream.schema)
            if (field.metadata or {}).get(b"ARROW:extension:name") in _GEOMETRY
        )
        yield next(places, None), stream


@contextmanager
def _quiet() -> Iterator[None]:
    """Without GDAL's warnings: whatever is wrong with a row, its reason will tell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
