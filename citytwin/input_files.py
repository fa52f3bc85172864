"""Files as inputs of an analysis on the command line: each is loaded, and named as a layer."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from citytwin.home import rejects_dir
from citytwin.settings import Settings
from datasets.load import load
from spatial import catalogue
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
    """The layers of those inputs that name a file where a layer is wanted.

    A layer is named by the file and its digest, so that the same file is loaded once.
    """
    wanted = [one.name for one in analysis.inputs() if one.schema.get("x-input-kind") == "layer"]
    files = {name: Path(given[name]) for name in wanted if name in given and "?" not in given[name]}
    return {
        name: _layer_of(database, chosen, path)
        for name, path in files.items()
        if path.suffix and path.is_file()
    }


def _layer_of(database: Database, chosen: Settings, path: Path) -> str:
    with path.open("rb") as file:
        digest = copied(file)[1].rpartition(":")[2]
    name = clean_name(f"{path.stem[:40]}_{digest[:_DIGITS]}")
    with snapshot(database) as pg:
        if catalogue.get(pg, name) is not None:
            return name
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
            zone=ZoneInfo(chosen.timezone),
        )
    if report.rejected:
        raise Invalid(
            f"{report.rejected} of {report.read} rows of '{path.name}' were rejected: "
            f"see {report.rejects}, then load the mended file and name its layer"
        )
    return name
