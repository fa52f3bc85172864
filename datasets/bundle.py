"""Bundles: what changed in some layers, signed, for another city to apply; by any carrier.

A bundle is a ZIP: an Arrow stream for each layer, a manifest with their digests, and the
manifest's signature by a key that both cities hold.
"""

import hashlib
import hmac
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

import pyarrow as pa

from spatial import catalogue, delivery
from spatial.asof import format_instant
from spatial.changes import latest
from spatial.database import Database, Pg
from spatial.delivery import Arrival, Delivered
from spatial.digest import copied
from spatial.errors import Conflict, Denied, Invalid, NotFound, Rejected
from spatial.grant import Grant, visible
from spatial.layer import Column, Layer, LayerSpec
from spatial.metadata import Metadata
from spatial.query import snapshot
from spatial.stream import stream

FORMAT = "citytwin-bundle/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.hmac"
_SHORTEST_KEY = 16


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of one layer of a bundle: its class, and our cursors; none where we had it all."""

    layer: str
    access: str
    until: int
    cursors: list[int]


def write_bundle(
    database: Database,
    names: Sequence[str],
    file: Path,
    *,
    key: bytes,
    grant: Grant,
    since: int = 0,
    title: str = "",
) -> dict[str, Any]:
    """Write what changed in the main line of some layers after a cursor; returns the manifest.

    With it go what was erased and which class the layer was given, for the other city to do too.
    Only what the grant may see is in it. The file appears only when it is whole. Raises Denied
    for a layer of a closer class, NotFound for an unknown one.
    """
    _require_key(key)
    with database.begin() as tx:
        origin = delivery.identity(tx.pg)
    partial = file.with_name(file.name + ".partial")
    try:
        with snapshot(database) as pg, zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            manifest: dict[str, Any] = {
                "format": FORMAT,
                "origin": str(origin),
                "title": title,
                "since": since,
                "until": latest(pg),
                "areas": grant.areas,
                "made_at": format_instant(datetime.now(UTC)),
                "layers": {},
            }
            for name in names:
                layer = catalogue.find(pg, name)
                if not visible(grant, layer):
                    raise Denied(f"'{name}' is {layer.access}: allow it by --class {layer.access}")
                manifest["layers"][name] = _add(
                    database, pg, archive, layer, grant, since, manifest["until"]
                )
            text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
            archive.writestr(MANIFEST, text)
            archive.writestr(SIGNATURE, _signature(text, key))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def apply_bundle(database: Database, file: Path, *, key: bytes) -> list[Applied]:
    """Repeat a bundle's changes: all of them in one transaction, or nothing.

    What we have already is passed over, so that a bundle may come twice. Raises Rejected for a
    file that is damaged or not signed by the key, Conflict where bundles before it are missing,
    where a layer is not theirs, or was changed here.
    """
    _require_key(key)
    with _opened(file, key) as (archive, manifest), database.begin() as tx:
        origin = UUID(manifest["origin"])
        if origin == delivery.identity(tx.pg):
            raise Conflict("this bundle is this city's own")
        applied = []
        for name, entry in manifest["layers"].items():
            spec = _spec(name, entry, manifest)
            layer = catalogue.get(tx.pg, name)
            if layer is None:
                if not entry["complete"]:
                    raise Conflict(_gap(name, 0, manifest["since"]))
                layer = delivery.create(tx, spec, origin, manifest["title"])
            theirs = delivery.subscribed(tx.pg, layer)
            if theirs is None or theirs[0] != origin:
                raise Conflict(f"our '{name}' is not a layer of {manifest['title'] or origin}")
            if theirs[1] < manifest["since"] and not (entry["complete"] and theirs[1] == 0):
                raise Conflict(_gap(name, theirs[1], manifest["since"]))
            cursors = []
            if theirs[1] < manifest["until"]:
                changes = _changes(entry, theirs[1])
                cursors = _repeat(tx.pg, archive, layer, spec, changes, origin, manifest["until"])
            access = catalogue.find(tx.pg, name).access
            applied.append(Applied(name, access, manifest["until"], cursors))
        return applied


def _add(
    database: Database,
    pg: Pg,
    archive: zipfile.ZipFile,
    layer: Layer,
    grant: Grant,
    since: int,
    until: int,
) -> dict[str, Any]:
    changes = delivery.deliverable(pg, layer, since, until)
    rows = stream(database, pg, grant, delivery.rows_of(layer, grant, changes))
    schema, count, place = next(rows).schema, 0, _place(layer.name)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with TemporaryFile() as made:
        with pa.ipc.new_stream(made, schema, options=options) as writer:
            for batch in rows:
                writer.write_batch(batch)
                count += batch.num_rows
        made.seek(0)
        with archive.open(place, "w", force_zip64=True) as entry:
            size, digest = copied(made, entry)
    return {
        "title_zh": layer.title_zh, "title_en": layer.title_en, "class": layer.access,
        "geometry_type": layer.geometry_type, "srid": layer.srid,
        "area": layer.area, "area_field": layer.area_field, "lineage": layer.lineage,
        "metadata": asdict(layer.metadata),
        "columns": [asdict(column) for column in layer.columns],
        "complete": delivery.begins_after(pg, layer, since),
        "changes": [asdict(change) | {"at": change.at.isoformat()} for change in changes],
        "rows": count, "size": size, "digest": digest,
    }  # fmt: skip


def _repeat(
    pg: Pg,
    archive: zipfile.ZipFile,
    layer: Layer,
    spec: LayerSpec,
    changes: Sequence[Delivered],
    origin: UUID,
    until: int,
) -> list[int]:
    arrival = Arrival(pg, layer, spec)
    opened: Any = archive.open(_place(layer.name))
    with opened as entry, pa.ipc.open_stream(entry) as rows:
        for batch in rows:
            arrival.write(pa.Table.from_batches([batch]))
    return arrival.repeat(changes, origin, until)


@contextmanager
def _opened(file: Path, key: bytes) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """A bundle, found to be signed by the key and sound to its last byte."""
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError):
        raise Rejected(f"'{file.name}' is no bundle, or it breaks off") from None
    with archive:
        yield archive, _manifest(archive, file.name, key)


def _manifest(archive: zipfile.ZipFile, file: str, key: bytes) -> dict[str, Any]:
    try:
        text, signature = archive.read(MANIFEST), archive.read(SIGNATURE).decode()
        if not hmac.compare_digest(signature, _signature(text, key)):
            raise Rejected(f"'{file}' was not signed by this key, or was changed on its way")
        manifest: dict[str, Any] = json.loads(text)
        if manifest["format"] != FORMAT:
            raise Rejected(f"'{file}' is no bundle that this version reads")
        for name, entry in manifest["layers"].items():
            with archive.open(_place(name)) as stream_:
                if copied(stream_) != (entry["size"], entry["digest"]):
                    raise Rejected(f"'{file}' is damaged: '{name}' is not as it was written")
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError):
        raise Rejected(f"'{file}' is no bundle, or is damaged") from None
    return manifest


def _spec(name: str, entry: dict[str, Any], manifest: dict[str, Any]) -> LayerSpec:
    kept = ("geometry_type", "srid", "title_zh", "title_en", "area", "area_field")
    source = {"origin": manifest["origin"], "title": manifest["title"]}
    return LayerSpec(
        name=name,
        columns=tuple(Column(**column) for column in entry["columns"]),
        access=entry["class"],
        lineage=(entry["lineage"] or {}) | {"received": source},
        metadata=Metadata.of(entry["metadata"]),
        **{field: entry[field] for field in kept},
    )


def _changes(entry: dict[str, Any], after: int) -> list[Delivered]:
    found = (
        Delivered(**(change | {"at": datetime.fromisoformat(change["at"])}))
        for change in entry["changes"]
    )
    return [change for change in found if change.cursor > after]


def _place(layer: str) -> str:
    return f"layers/{layer}.arrows"


def _signature(text: bytes, key: bytes) -> str:
    return f"hmac-sha256:{hmac.new(key, text, hashlib.sha256).hexdigest()}"


def _require_key(key: bytes) -> None:
    if len(key) < _SHORTEST_KEY:
        raise Invalid(f"a key has at least {_SHORTEST_KEY} bytes, made by chance")


def _gap(layer: str, ours: int, theirs: int) -> str:
    return (
        f"'{layer}' is here up to their change {ours}, and this bundle begins after {theirs}: apply"
        " the bundle between them first"
    )
