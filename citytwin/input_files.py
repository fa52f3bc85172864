"""Files as inputs of an analysis on the command line: each is loaded, and named."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from citytwin.home import rasters_dir, rejects_dir
from citytwin.rasters import store_raster
from citytwin.settings import Settings
from datasets.load import load
from spatial import catalogue
from spatial.analyses.inputs import DOCUMENT_BYTES
from spatial.analyses.registry import Analysis
from spatial.database import Database
from spatial.digest import copied
from spatial.errors import Invalid
from spatial.layer import clean_name
from spatial.query import snapshot

_DIGITS = 12
#: Formats of which a table is read, whatever map may lie beside the file.
_ALONE = (".tntp",)


def loaded(
    database: Database, chosen: Settings, analysis: Analysis, given: Mapping[str, str]
) -> dict[str, str]:
    """The names of those inputs that give a file where a layer or a raster is wanted; documents'
    contents.

    Each is named by the file and its digest, so that the same file is loaded once. A file that
    does not say its reference system is given with it: `dem.asc?crs=EPSG:4549`.
    """
    kinds = {one.name: one.kind for one in analysis.inputs()}
    documents = {one.name for one in analysis.inputs() if one.is_document}
    names = {}
    for name, text in given.items():
        file, _, words = text.partition("?")
        path, crs = Path(file), dict(parse_qsl(words)).get("crs")
        if path.is_file() and name in documents:
            names[name] = _content(path)
            continue
        loader = _LOADERS.get(kinds.get(name) or "")
        if loader is None or not path.suffix or not path.is_file():
            continue
        with path.open("rb") as opened:
            digest = copied(opened)[1].rpartition(":")[2]
        names[name] = clean_name(f"{path.stem[:40]}_{digest[:_DIGITS]}")
        with snapshot(database) as pg:
            known = catalogue.is_taken(pg, names[name])
        if not known:
            loader(database, chosen, path, names[name], crs)
    return names


def _content(path: Path) -> str:
    if path.stat().st_size > DOCUMENT_BYTES:
        raise Invalid(f"'{path.name}' is too large: at most {DOCUMENT_BYTES // 1024} KB")
    return b64encode(path.read_bytes()).decode()


def _load_layer(
    database: Database, chosen: Settings, path: Path, name: str, crs: str | None
) -> None:
    with TemporaryDirectory() as folder:
        source = path
        if path.suffix.lower() in _ALONE:
            source = Path(folder) / path.name
            source.symlink_to(path.resolve())
        (report,) = load(
            database,
            source,
            author="owner",
            rejects_dir=rejects_dir(chosen),
            layer=name,
            crs=crs,
            zone=ZoneInfo(chosen.timezone),
        )
    if report.rejected:
        raise Invalid(
            f"{report.rejected} of {report.read} rows of '{path.name}' were rejected: "
            f"see {report.rejects}, then load the mended file and name its layer"
        )


def _load_raster(
    database: Database, chosen: Settings, path: Path, name: str, crs: str | None
) -> None:
    store_raster(database, rasters_dir(chosen), path, name=name, crs_text=crs)


_LOADERS = {"layer": _load_layer, "raster": _load_raster}
