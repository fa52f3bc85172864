"""A whole city in one file, and back: the database's dump, the rasters, and a manifest.

The file is a ZIP without compression of its own. Its last entry, the manifest, names every other
with its size and digest.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from citytwin.home import rasters_dir
from citytwin.settings import Settings
from spatial import audit
from spatial.changes import latest
from spatial.database import Database
from spatial.digest import copied
from spatial.errors import Conflict, Misconfigured, NotFound, Rejected
from spatial.migrate import head, knows, migrate
from spatial.postgres import dump

FORMAT = "citytwin-backup/1"
MANIFEST, DATABASE, RASTERS = "manifest.json", "database.dump", "rasters/"
_ANY = "SELECT EXISTS (SELECT FROM city.layer) OR EXISTS (SELECT FROM city.raster)"


def backup(database: Database, chosen: Settings, file: Path) -> dict[str, Any]:
    """Write the city to a file, which appears only when it is whole; returns the manifest."""
    with database.begin() as tx:
        cursor = latest(tx.pg)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "citytwin": version("citytwin"),
        "revision": head(),
        "title": {"zh": chosen.title_zh, "en": chosen.title_en},
        "made_at": datetime.now(UTC).isoformat(),
        "cursor": cursor,
        "files": {},
    }
    partial = file.with_name(file.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:

            def add(name: str, source: Any) -> None:
                with archive.open(name, "w", force_zip64=True) as entry:
                    size, digest = copied(source, entry)
                manifest["files"][name] = {"size": size, "digest": digest}

            with dump.dumping(database) as stream:
                add(DATABASE, stream)
            store = rasters_dir(chosen)
            for path in sorted(path for path in store.rglob("*") if path.is_file()):
                with path.open("rb") as raster:
                    add(RASTERS + path.relative_to(store).as_posix(), raster)
            archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def restore(
    database: Database, chosen: Settings, file: Path, *, author: str, replace: bool = False
) -> dict[str, Any]:
    """Make the city what a backup holds; returns its manifest.

    Raises Rejected for a file that is no sound backup, Conflict where the city is not empty and
    `replace` was not said, Misconfigured where the backup is of a newer version.
    """
    with _opened(file) as (archive, manifest):
        with database.begin() as tx:
            row = tx.pg.execute(_ANY).fetchone()
        if row and row[0] and not replace:
            raise Conflict("this city is not empty: --replace puts the backup in its place")
        store = rasters_dir(chosen)
        new, old = (store.with_name(f"{store.name}.{word}") for word in ("new", "old"))
        shutil.rmtree(new, ignore_errors=True)
        for name in manifest["files"]:
            if name != DATABASE:
                place = new / PurePosixPath(name).relative_to(RASTERS)
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, place.open("wb") as target:
                    shutil.copyfileobj(source, target)
        with archive.open(DATABASE) as stream:
            dump.restore(database, stream)
    shutil.rmtree(old, ignore_errors=True)
    if store.exists():
        store.replace(old)
    if new.exists():
        new.replace(store)
    shutil.rmtree(old, ignore_errors=True)
    migrate(database)
    with database.begin() as tx:
        audit.note(
            tx.pg, author=author, action="restore", subject="city", reason=f"from {file.name}",
            detail={"made_at": manifest["made_at"], "cursor": manifest["cursor"]},
        )  # fmt: skip
    return manifest


@contextmanager
def _opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """A backup, found to be sound to its last byte."""
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError):
        raise Rejected(f"'{file.name}' is no backup, or it breaks off") from None
    with archive:
        yield archive, _manifest(archive, file.name)


def _manifest(archive: zipfile.ZipFile, file: str) -> dict[str, Any]:
    """The manifest, after every file was compared with it."""
    try:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if manifest["format"] != FORMAT:
            raise Rejected(f"'{file}' is no backup that this version reads")
        if not knows(manifest["revision"]):
            raise Misconfigured(
                f"'{file}' was made by citytwin {manifest['citytwin']}, which is newer than this"
                " one: update it first"
            )
        for name, entry in manifest["files"].items():
            _require_place(name)
            with archive.open(name) as stream:
                if copied(stream) != (entry["size"], entry["digest"]):
                    raise Rejected(f"'{file}' is damaged: {name} is not as it was written")
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, TypeError):
        raise Rejected(f"'{file}' is no backup, or is damaged") from None
    return manifest


def _require_place(name: str) -> None:
    parts = PurePosixPath(name).parts
    inside = name.startswith(RASTERS) and ".." not in parts and "\\" not in name
    if name != DATABASE and not inside:
        raise Rejected(f"the backup holds '{name}', which belongs nowhere in a city")
