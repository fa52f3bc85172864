"""Commands of the data steward: undo, remove, erase, audit, back up, restore."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from citytwin.cli.output import Data, Json, answer, author, city, table
from citytwin.home import rasters_dir, rejects_dir
from spatial import audit as audits
from spatial import catalogue
from spatial.errors import Invalid, NotFound
from spatial.filter.filter import Filter

app = typer.Typer()
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]
Said = Annotated[str | None, typer.Option()]
Reason = Annotated[str, typer.Option(help="why, for the audit")]


@app.command()
def revert(
    cursor: Annotated[int, typer.Argument(help="the change to undo, as load and history name it")],
    force: Annotated[bool, typer.Option(help="overrule what was changed since")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Undo a load or an edit by recording a correction; nothing is deleted."""
    from spatial.revert import revert as undo

    with city(data) as (database, _):
        done = undo(database, cursor, author=author(), force=force)
    answer(
        asdict(done),
        json,
        f"{done.layer}: the {done.action} of {done.author} is undone in {done.features} features;"
        f" to take that back: citytwin revert {done.cursor}",
    )


@app.command()
def drop(
    layer: str,
    reason: Reason = "dropped at the command line",
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Remove a layer or raster with all its history and files."""
    from citytwin.rasters import remove
    from spatial.rasters import forget

    with city(data) as (database, chosen):
        _confirm(f"{layer} and all its history will be gone for good. Drop it?", yes)
        with database.begin() as tx:
            try:
                catalogue.drop(tx, layer)
                files = []
            except NotFound:
                files = forget(tx, layer)
            audits.note(
                tx.pg, author=author(), action="drop", subject=layer, reason=reason, detail={}
            )
        for file in files:
            remove(rasters_dir(chosen), file)
        (rejects_dir(chosen) / f"{layer}.rejects.geojson").unlink(missing_ok=True)
    answer({"dropped": layer}, json, f"{layer} is gone, with its history.")


@app.command()
def erase(
    layer: str,
    reason: Annotated[str, typer.Option(help="why, for the audit: the law, the request")],
    column: Annotated[
        list[str] | None, typer.Option(help="what to blank, again for each; geom is one")
    ] = None,
    readings: Annotated[
        bool, typer.Option(help="the readings of these assets, out of all their past")
    ] = False,
    property: Annotated[
        list[str] | None, typer.Option(help="the readings of this property alone")
    ] = None,
    fid: Annotated[list[int] | None, typer.Option(help="a feature, again for each")] = None,
    where: Annotated[str | None, typer.Option(help="the features, as CQL2 text")] = None,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Blank values of features in every version, as the law may ask; it cannot be undone."""
    from spatial.erase import erase as blank
    from spatial.erase import meant
    from twin_model.erase import erase_readings

    readings = readings or bool(property)
    if not (column or readings):
        raise Invalid("say what to erase: --column, or --readings of assets")
    what = [*(column or ()), *(["all readings"] if readings else [])]
    told: dict[str, Any] = {}
    lines = []
    with city(data) as (database, chosen):
        _confirm(f"{', '.join(what)} will be gone from every version. Erase it?", yes)
        condition = Filter(where) if where else None
        if readings:
            # before their values are blanked, by which they might be named
            fids = meant(database, layer, fid or (), condition)
            gone = erase_readings(
                database, layer, fids=fids, properties=property, author=author(), reason=reason
            )
            told |= asdict(gone)
            lines.append(
                f"{layer}: {gone.readings} readings of {gone.series} series are erased, in"
                f" {gone.keyframes} keyframes too."
            )
        if column:
            done = blank(
                database, layer, column, fids=fid or (), where=condition,
                author=author(), reason=reason,
            )  # fmt: skip
            told |= asdict(done)
            lines.append(
                f"{layer}: {', '.join(done.columns)} of {done.features} features is erased in"
                f" {done.versions} versions."
            )
            (rejects_dir(chosen) / f"{layer}.rejects.geojson").unlink(missing_ok=True)
    answer(told, json, "\n".join([*lines, "Backups and bundles made before still hold it."]))


@app.command()
def describe(
    layer: str,
    title_zh: Said = None,
    title_en: Said = None,
    abstract_zh: Said = None,
    abstract_en: Said = None,
    keywords_zh: Annotated[str | None, typer.Option(help="by commas")] = None,
    keywords_en: Annotated[str | None, typer.Option(help="by commas")] = None,
    code: Annotated[str | None, typer.Option(help="resource code (资源代码)")] = None,
    theme: Annotated[str | None, typer.Option(help="theme (主题)")] = None,
    owner: Annotated[str | None, typer.Option(help="department that answers for it")] = None,
    frequency: Annotated[str | None, typer.Option(help="daily, monthly, annually, …")] = None,
    licence: Annotated[str | None, typer.Option(help="a name or an address")] = None,
    contact: Annotated[str | None, typer.Option(help="whom to ask")] = None,
    key: Annotated[str | None, typer.Option(help="the column that names a feature")] = None,
    codes: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=FILE: a CSV of the codes that a column may hold; FIELD= for none"),
    ] = None,
    access: Annotated[str | None, typer.Option("--class", help="who may see it")] = None,
    area: Annotated[str | None, typer.Option(help="governance code of its area")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say what a layer is in the data catalogue, or show what is said."""
    from spatial.code_list import code_lists
    from spatial.describe import describe as say
    from spatial.query import snapshot

    told = {
        "title_zh": title_zh, "title_en": title_en, "abstract_zh": abstract_zh,
        "abstract_en": abstract_en, "keywords_zh": keywords_zh, "keywords_en": keywords_en,
        "code": code, "theme": theme, "owner": owner, "frequency": frequency,
        "licence": licence, "contact": contact, "key": key,
    }  # fmt: skip
    said = {name: text for name, text in told.items() if text is not None}
    lists = dict(map(_codes, codes or ()))
    with city(data) as (database, _):
        if said or access or area or lists:
            say(database, layer, said, author=author(), access=access, area=area, codes=lists)
        with snapshot(database) as pg:
            it = catalogue.find(pg, layer)
            kept = code_lists(pg, it)
    document = {
        "layer": it.name, "title_zh": it.title_zh, "title_en": it.title_en,
        "class": it.access, "area": it.area, **asdict(it.metadata),
        "codes": {field: len(titles) for field, titles in kept.items()},
    }  # fmt: skip
    answer(document, json, table(("", ""), list(document.items())))


@app.command()
def audit(
    layer: Annotated[str | None, typer.Argument()] = None, data: Data = None, json: Json = False
) -> None:
    """List what was dropped, erased and restored: who, when, why."""
    with city(data) as (database, _):
        found = audits.entries(database, layer)
    rows = [(e.at, e.author, e.action, e.subject, e.reason) for e in found]
    answer(
        [asdict(entry) for entry in found],
        json,
        table(("at", "author", "action", "subject", "reason"), rows),
    )


@app.command()
def backup(file: Path, data: Data = None, json: Json = False) -> None:
    """Write the whole city, its rasters too, to one file."""
    from citytwin.backup import backup as write

    with city(data) as (database, chosen):
        manifest = write(database, chosen, file)
    size = file.stat().st_size
    answer(
        {"file": file, "bytes": size} | manifest,
        json,
        f"{file}: the city as of change {manifest['cursor']}, {size / 1e6:.1f} MB",
    )


@app.command()
def restore(
    file: Path,
    replace: Annotated[bool, typer.Option(help="in the place of a city that is there")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make an empty city what a backup holds."""
    from citytwin.backup import restore as read

    with city(data) as (database, chosen):
        manifest = read(database, chosen, file, author=author(), replace=replace)
    answer(
        manifest,
        json,
        f"The city is as it was at {manifest['made_at']}, change {manifest['cursor']}.",
    )


def _codes(text: str) -> tuple[str, dict[str, str]]:
    """The column and the codes that FIELD=FILE means."""
    from datasets.code_file import read_codes

    field, separator, file = text.partition("=")
    if not separator:
        raise Invalid(f"'{text}' is no code list: write FIELD=FILE.csv")
    return field, read_codes(Path(file)) if file else {}


def _confirm(question: str, yes: bool) -> None:
    """Ask a person; a script has decided already."""
    if not yes and sys.stdin.isatty() and not typer.confirm(question):
        raise Invalid("nothing was done")
