"""Commands on layers: load, layers, show, export, drop."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
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
from citytwin.home import rasters_dir, rejects_dir
from citytwin.settings import Settings
from spatial import catalogue
from spatial.database import Database
from spatial.errors import Invalid, NotFound
from spatial.grant import OWNER, Access
from spatial.query import snapshot

app = typer.Typer()
RASTERS = (".tif", ".tiff")


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="a vector or raster file")],
    layer: Annotated[str | None, typer.Option(help="name of the layer")] = None,
    crs: Annotated[str | None, typer.Option(help="the file's CRS, where it lacks or lies")] = None,
    encoding: Annotated[str | None, typer.Option(help="the file's text encoding")] = None,
    key: Annotated[str | None, typer.Option(help="field: equal values are one feature")] = None,
    valid_from: Annotated[str | None, typer.Option(help="time or field: true from")] = None,
    valid_to: Annotated[str | None, typer.Option(help="time or field: true until")] = None,
    access: Annotated[
        str, typer.Option("--class", help="public, shared or restricted: who may see it")
    ] = Access.RESTRICTED,
    data: Data = None,
    json: Json = False,
) -> None:
    """Load a file as time-indexed layers: all of it, or nothing."""
    if access not in list(Access):
        raise Invalid(f"'{access}' is not a class: choose public, shared or restricted")
    if not file.exists():
        raise NotFound(f"there is no file {file}")
    with city(data) as (database, chosen):
        if file.suffix.lower() in RASTERS:
            report = _load_raster(database, chosen, file, layer, crs, access)
            answer(report, json, f"{report['layer']}: a raster of {report['shape']} cells")
            return
        reports = _load_vector(
            database, chosen, file,
            layer=layer, crs=crs, encoding=encoding, key=key,
            valid_from=valid_from, valid_to=valid_to, access=access,
        )  # fmt: skip
    lines = []
    for report in reports:
        lines.append(
            f"{report['layer']}: {report['loaded']} of {report['read']} loaded,"
            f" {report['repaired']} repaired, {report['rejected']} rejected"
            + (f", see {report['rejects']}" if report["rejects"] else "")
        )
    if access == Access.RESTRICTED:
        lines.append("The layer is restricted; load with --class public to open it to everyone.")
    answer(reports[0] if len(reports) == 1 else reports, json, "\n".join(lines))


def _load_vector(
    database: Database, chosen: Settings, file: Path, **options: Any
) -> list[dict[str, Any]]:
    from datasets.load import load as load_file

    with progress() as bar:
        tasks: dict[str, Any] = {}

        def told(layer: str, done: int, expected: int | None) -> None:
            if layer not in tasks:
                tasks[layer] = bar.add_task(layer, total=expected)
            bar.update(tasks[layer], completed=done)

        reports = load_file(
            database,
            file,
            author=author(),
            rejects_dir=rejects_dir(chosen),
            zone=ZoneInfo(chosen.timezone),
            progress=told,
            **options,
        )
    return [asdict(report) for report in reports]


def _load_raster(
    database: Database,
    chosen: Settings,
    file: Path,
    layer: str | None,
    crs: str | None,
    access: str,
) -> dict[str, Any]:
    from citytwin.rasters import store_raster

    return store_raster(
        database, rasters_dir(chosen), file, name=layer, crs_text=crs, access=access
    )


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
    """Show a layer: its columns, its place in space and time, its count at a moment."""
    from spatial.query import reading

    with city(data) as (database, chosen):
        asof = chosen_asof(chosen, at, known_at, scenario)
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
    data: Data = None,
    json: Json = False,
) -> None:
    """Write a layer at any AsOf to a file: .gpkg, .geojson, .parquet, .fgb, .shp."""
    from datasets.export import export as write
    from spatial.frame import read_frame

    with city(data) as (database, chosen):
        asof = chosen_asof(chosen, at, known_at, scenario)
        frame = read_frame(database, layer, asof, OWNER)
    write(frame, layer, file)
    document = {"layer": layer, "file": file, "features": len(frame)}
    answer(document, json, f"{file}: {len(frame)} features of {layer}")


@app.command()
def drop(layer: str, data: Data = None, json: Json = False) -> None:
    """Remove a layer or raster with all its history."""
    from spatial.rasters import forget

    with city(data) as (database, chosen):
        with database.begin() as tx:
            try:
                catalogue.drop(tx, layer)
                file = None
            except NotFound:
                file = forget(tx, layer)
        if file is not None:
            (rasters_dir(chosen) / file).unlink(missing_ok=True)
    answer({"dropped": layer}, json, f"{layer} is gone, with its history.")
