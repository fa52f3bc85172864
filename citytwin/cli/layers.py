"""Commands on layers: load, layers, show, export."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from citytwin.cli.output import (
    At,
    Data,
    Json,
    KnownAt,
    ScenarioName,
    answer,
    author,
    chosen_asof,
    city,
    progress,
    table,
)
from citytwin.cli.reading_files import holds_readings, in_words, stored
from citytwin.home import rasters_dir, rejects_dir
from citytwin.settings import Settings
from spatial import catalogue
from spatial.asof import AsOf
from spatial.database import Database
from spatial.errors import Invalid, NotFound
from spatial.grant import OWNER, Access
from spatial.period import Period, parse_bounds
from spatial.query import snapshot

if TYPE_CHECKING:
    from datasets.load import LoadReport

app = typer.Typer()
RASTERS = (".tif", ".tiff", ".asc", ".nc", ".nc4", ".cdf", ".zarr")
ARCHIVE = ".pmtiles"


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="a vector or raster file, or readings")],
    layer: Annotated[str | None, typer.Option(help="name of the layer")] = None,
    crs: Annotated[str | None, typer.Option(help="the file's CRS, where it lacks or lies")] = None,
    encoding: Annotated[str | None, typer.Option(help="the file's text encoding")] = None,
    key: Annotated[str | None, typer.Option(help="field: equal values are one feature")] = None,
    valid_from: Annotated[str | None, typer.Option(help="time or field: true from")] = None,
    valid_to: Annotated[str | None, typer.Option(help="time or field: true until")] = None,
    access: Annotated[
        str | None, typer.Option("--class", help="public, shared or restricted: who may see it")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Load a file as time-indexed layers, or as the next state of one: all of it, or nothing.

    A table of asset, property, at and value is a time series: its readings are stored.
    """
    if access not in (None, *Access):
        raise Invalid(f"'{access}' is not a class: choose public, shared or restricted")
    if not file.exists():
        raise NotFound(f"there is no file {file}")
    with city(data) as (database, chosen):
        if layer is None and holds_readings(file):
            told = stored(database, file, ZoneInfo(chosen.timezone))
            loaded, rejected = told["accepted"] + told["duplicates"], told["quarantined"]
            counts = {"read": loaded + rejected, "loaded": loaded, "rejected": rejected}
            answer(told | counts, json, in_words(told))
            return
        if file.suffix.lower() in RASTERS:
            period = parse_bounds(valid_from, valid_to, ZoneInfo(chosen.timezone))
            kept = access or Access.RESTRICTED
            report = _load_raster(database, chosen, file, layer, crs, kept, period)
            answer(report, json, _told(report))
            return
        reports = _load_vector(
            database, chosen, file,
            layer=layer, crs=crs, encoding=encoding, key=key,
            valid_from=valid_from, valid_to=valid_to, access=access,
        )  # fmt: skip
    documents = [_document(report) for report in reports]
    lines = [line for report in reports for line in _lines(report, key)]
    if access in (None, Access.RESTRICTED) and any(one.reloaded is None for one in reports):
        lines.append("The layer is restricted; load with --class public to open it to everyone.")
    answer(documents[0] if len(documents) == 1 else documents, json, "\n".join(lines))


def _document(report: "LoadReport") -> dict[str, Any]:
    """A load's report, with what a reload counted beside the rest."""
    document = asdict(report)
    counts, columns = document.pop("reloaded"), document.pop("columns")
    if columns:
        counts["columns"] = {what: columns[what] for what in ("added", "absent", "retyped")}
    return document | (counts or {})


def _lines(report: "LoadReport", key: str | None) -> Iterator[str]:
    see = f", see {report.rejects}" if report.rejects else ""
    yield (
        f"{report.layer}: {report.loaded} of {report.read} loaded, {report.repaired} repaired,"
        f" {report.rejected} rejected{see}"
    )
    yield from (f"  {note}" for note in report.notes)
    if counts := report.reloaded:
        how = f"features known by {key}" if key else "replaced as a whole, without --key"
        yield (
            f"{report.layer}: {counts.added} added, {counts.changed} changed,"
            f" {counts.removed} removed, {counts.equal} equal; {how}"
        )
        yield f"To undo it: citytwin revert {counts.cursor}" if counts.cursor else "Nothing new."
    for what in ("added", "absent", "retyped"):
        if report.columns and (names := getattr(report.columns, what)):
            yield f"{report.layer}: columns {what}: {', '.join(names)}"


def _load_vector(
    database: Database, chosen: Settings, file: Path, **options: Any
) -> list["LoadReport"]:
    from datasets.load import load as load_file

    with progress() as bar:
        tasks: dict[str, Any] = {}

        def told(layer: str, done: int, expected: int | None) -> None:
            if layer not in tasks:
                tasks[layer] = bar.add_task(layer, total=expected)
            bar.update(tasks[layer], completed=done)

        return load_file(
            database,
            file,
            author=author(),
            rejects_dir=rejects_dir(chosen),
            zone=ZoneInfo(chosen.timezone),
            progress=told,
            **options,
        )


def _load_raster(
    database: Database,
    chosen: Settings,
    file: Path,
    layer: str | None,
    crs: str | None,
    access: str,
    valid: Period,
) -> dict[str, Any]:
    from citytwin.rasters import store_raster

    return store_raster(
        database,
        rasters_dir(chosen),
        file,
        name=layer,
        crs_text=crs,
        access=access,
        valid=valid,
        author=author(),
    )


def _told(report: dict[str, Any]) -> str:
    moments = f", {len(report['times'])} moments" if "times" in report else ""
    bands = ", ".join(band["name"] for band in report["bands"])
    lines = [f"{report['layer']}: a raster of {report['shape']} cells{moments} ({bands})"]
    return "\n".join([*lines, *report["notes"]])


@app.command()
def layers(data: Data = None, json: Json = False) -> None:
    """List the layers and rasters."""
    from spatial.rasters import rasters

    with city(data) as (database, _), snapshot(database) as pg:
        found = catalogue.layers(pg, OWNER)
        grids = rasters(pg, OWNER)
    rows = [
        (at.name, at.title_zh, at.title_en, at.geometry_type, at.srid, at.current, at.access)
        for at in found
    ] + [(r.name, r.title_zh, r.title_en, "Raster", r.srid, None, r.access) for r in grids]
    headings = ("layer", "title_zh", "title_en", "type", "srid", "features", "class")
    answer(
        [dict(zip(headings, row, strict=True)) for row in rows],
        json,
        table(headings, rows) if rows else "There are no layers yet: load a file.",
    )


@app.command()
def show(
    layer: str,
    at: At = None,
    known_at: KnownAt = None,
    scenario: ScenarioName = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show a layer: its columns, its place in space and time, its count at a moment.

    Of a raster: its bands, and the states that a moment's books tell of.
    """
    from citytwin.rasters import told
    from spatial.query import reading

    with city(data) as (database, chosen):
        asof = chosen_asof(chosen, at, known_at, scenario)
        if raster := told(database, layer, asof):
            answer(raster, json, table(("", ""), list(raster.items())))
            return
        with reading(database, layer, asof, OWNER) as (pg, view):
            row = pg.execute(view.count()).fetchone()
            it, moment = view.layer, view.moment
    document = {
        "layer": it.name, "title_zh": it.title_zh, "title_en": it.title_en,
        "type": it.geometry_type, "srid": it.srid, "class": it.access,
        "columns": {column.name: column.type for column in it.columns},
        "extent": it.extent, "valid_from": it.valid_from, "last_recorded": it.last_recorded,
        "cursor": it.cursor, "features": row[0] if row else 0, "as_of": moment.cite().params(),
        "lineage": it.lineage,
    }  # fmt: skip
    answer(document, json, table(("", ""), list(document.items())))


@app.command()
def export(
    layer: str,
    file: Path,
    at: At = None,
    known_at: KnownAt = None,
    scenario: ScenarioName = None,
    encoding: Annotated[str | None, typer.Option(help="of a Shapefile's text: GBK")] = None,
    max_zoom: Annotated[int, typer.Option(help="the deepest zoom of a .pmtiles archive")] = 14,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write a layer at any AsOf: .gpkg .geojson .parquet .fgb .shp .csv .xlsx .txt .pmtiles."""
    from datasets.export import export as write

    with city(data) as (database, chosen):
        asof = chosen_asof(chosen, at, known_at, scenario)
        if file.suffix.lower() == ARCHIVE:
            document = _archive(database, layer, asof, file, max_zoom)
            answer(document, json, f"{file}: {document['tiles']} tiles of {layer}")
            return
        made = write(database, layer, asof, OWNER, file, encoding=encoding)
    told = f"{file}: {made.features} features of {layer}"
    if made.sidecar:
        told += f"; names longer than a Shapefile's are in {made.sidecar}"
    answer({"layer": layer, "file": file} | asdict(made), json, told)


def _archive(
    database: Database, layer: str, asof: AsOf, file: Path, max_zoom: int
) -> dict[str, Any]:
    from spatial.query import reading
    from tiles.archive import archive

    with progress() as bar, reading(database, layer, asof, OWNER) as (pg, view):
        task = bar.add_task(layer)

        def told(zoom: int, done: int, of: int) -> None:
            bar.update(task, description=f"{layer}, zoom {zoom}", completed=done, total=of)

        made = archive(pg, view, file, max_zoom=max_zoom, told=told)
        as_of = view.moment.cite().params()
    return {"layer": layer, "file": file, "tiles": made.tiles, "as_of": as_of}
