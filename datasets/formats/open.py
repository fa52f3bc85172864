"""Any file: the reader that it needs, by its name and by what it holds."""

from collections.abc import Callable, Iterable
from pathlib import Path

from datasets.formats import (
    archive,
    citygml,
    cityjson,
    gdal,
    geoparquet,
    gtfs,
    hydraulic,
    survey,
    tables,
    tntp,
    xml,
)
from datasets.formats.raw import RawLayer, told
from datasets.formats.shapefile import SIDECARS
from spatial.errors import Rejected

type Reader = Callable[[Path, str | None], list[RawLayer]]

ARCHIVES = (".zip", ".kmz")
_SAVE_AS = {".dwg": ".dxf", ".xls": ".xlsx", ".mdb": ".gdb", ".vct": ".gdb", ".tab": ".shp"}


def raw_layers(path: Path, encoding: str | None = None) -> list[RawLayer]:
    """The layers of a file, tables among them.

    Raises Rejected for a file that is missing, damaged or of another format.
    """
    if not path.exists():
        raise Rejected(f"there is no file '{path.name}'")
    with told(path):
        layers = _reader(path)(path, encoding)
    if not layers:
        raise Rejected(f"'{path.name}' holds no layer with geometry")
    return layers


def _reader(path: Path) -> Reader:
    suffix = path.suffix.lower()
    if path.is_dir() and suffix != ".gdb":
        raise Rejected(f"'{path.name}' is a folder: name a file in it")
    if suffix in _READERS:
        return _READERS[suffix]
    if suffix in SIDECARS:
        raise Rejected(f"'{path.name}' is a part of a Shapefile: load '{path.stem}.shp'")
    if suffix in _SAVE_AS:
        raise Rejected(f"{suffix} is not read: save '{path.name}' as {_SAVE_AS[suffix]}")
    known = " ".join(_READERS)
    raise Rejected(f"'{path.name}' is not of a known vector format: {known}")


def _json(path: Path, encoding: str | None) -> list[RawLayer]:
    reader: Reader = cityjson.read if cityjson.is_one(path) else gdal.read
    return reader(path, encoding)


def _gml(path: Path, encoding: str | None) -> list[RawLayer]:
    reader: Reader = citygml.read if xml.root(path)[1] == "CityModel" else gdal.read
    return reader(path, encoding)


def _gunzipped(path: Path, encoding: str | None) -> list[RawLayer]:
    return raw_layers(archive.gunzip(path), encoding)


def _archive(path: Path, encoding: str | None) -> list[RawLayer]:
    folder = archive.unpack(path)
    if feed := next(folder.rglob("stops.txt"), None):
        return gtfs.read(feed.parent, path.stem)
    databases = [place for place in folder.rglob("*") if place.suffix.lower() == ".gdb"]
    inside = {file for database in databases for file in database.rglob("*")}
    files = sorted({*folder.rglob("*")} - inside)
    mains = databases or _of(files, _MAIN) or _of(files, _PLAIN)
    if not mains:
        raise Rejected(f"'{path.name}' holds nothing that is read from an archive: {_known()}")
    return [layer for main in mains for layer in raw_layers(main, encoding)]


def _of(files: Iterable[Path], suffixes: Iterable[str]) -> list[Path]:
    return [file for file in files if file.suffix.lower() in suffixes and file.is_file()]


def _known() -> str:
    return " ".join([*_MAIN, *_PLAIN])


_PLAIN: dict[str, Reader] = {  # what may also lie in an archive as a note to the data
    ".json": _json,
    ".csv": tables.read,
    ".tsv": tables.read,
    ".txt": survey.read,
}
_MAIN: dict[str, Reader] = {
    **{suffix: gdal.read for suffix in gdal.DRIVERS if suffix != ".json"},
    ".gml": _gml,
    ".citygml": citygml.read,
    ".cityjson": cityjson.read,
    ".xlsx": tables.read_workbook,
    ".inp": hydraulic.read,
    ".tntp": tntp.read,
    **dict.fromkeys(geoparquet.SUFFIXES, geoparquet.read),
}
_READERS: dict[str, Reader] = {
    **_MAIN,
    **_PLAIN,
    **dict.fromkeys(ARCHIVES, _archive),
    ".gz": _gunzipped,
}
