"""Commands on the twin: assets, readings, quarantine."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from citytwin.cli.output import Data, Json, ScenarioName, answer, author, city, table
from citytwin.cli.reading_files import form_of, in_words, stored
from spatial.asof import MAIN
from spatial.errors import Invalid
from spatial.grant import OWNER
from spatial.period import parse_bounds
from twin_model import assets as asset_layers
from twin_model import classes, dossier, mapping, quarantine, relations, retention
from twin_model.replay import replay_all
from twin_model.times import parse_every

app = typer.Typer()
held = typer.Typer(help="Readings that could not be taken.")

Field = Annotated[str | None, typer.Option(help="the field that holds it")]


@app.command()
def assets(
    layer: str,
    id_field: Annotated[str, typer.Option(help="field: the asset's name, unique in the city")],
    system: Annotated[str, typer.Option(help="class system: generic, gbt30428")] = classes.GENERIC,
    class_field: Field = None,
    owner_field: Field = None,
    cell_field: Field = None,
    height_field: Field = None,
    property_field: Field = None,
    unit_field: Field = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make the features of a layer assets, of which readings can be."""
    fields = {
        "id": id_field, "class": class_field, "owner": owner_field, "cell": cell_field,
        "height": height_field, "property": property_field, "unit": unit_field,
    }  # fmt: skip
    roles = {role: field for role, field in fields.items() if field}
    with city(data) as (database, _):
        told = asset_layers.register(database, layer, roles, class_system=system)
    answer(told, json, f"{layer}: {told['assets']} new assets, {told['series']} new series.")


@app.command()
def readings(
    file: Annotated[Path, typer.Argument(help="CSV, JSON, NDJSON, Parquet or an Arrow stream")],
    column: Annotated[list[str] | None, typer.Option(help="NAME=COLUMN: at=time")] = None,
    fixed: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of all: unit=m")] = None,
    spread: Annotated[
        str | None, typer.Option(help="asset or property: what the other columns are")
    ] = None,
    scenario: ScenarioName = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Store the readings of a file; again, without storing any twice."""
    if spread not in (None, *mapping.SPREAD):
        raise Invalid("the other columns are each an asset or a property")
    reshape, manner = None, ""
    if column or fixed or spread:
        columns, constants = mapping.parse(column or []), mapping.parse(fixed or [])
        reshape = partial(mapping.mapped, columns=columns, fixed=constants, spread=spread)
        manner = repr((column, fixed, spread))
    form_of(file)  # refuses what is none before the city is opened
    with city(data) as (database, chosen):
        told = stored(
            database, file, ZoneInfo(chosen.timezone),
            scenario=scenario or MAIN, reshape=reshape, manner=manner,
        )  # fmt: skip
    answer(told, json, in_words(told))


@app.command()
def policy(
    name: str,
    properties: Annotated[list[str], typer.Option("--property", help="of which series")],
    raw_days: Annotated[int, typer.Option(help="days that readings stay as they came")] = 90,
    every: Annotated[str, typer.Option(help="what they are summed up over: 5min, 1h, 1d")] = "1h",
    data: Data = None,
    json: Json = False,
) -> None:
    """Say how long the readings of some properties stay as they came."""
    stretch = parse_every(every)
    with city(data) as (database, _):
        given = retention.set_policy(
            database,
            name,
            raw_days=raw_days,
            every_s=int(stretch.total_seconds()),
            properties=properties,
        )
    answer({"policy": name, "series": given}, json, f"{name} holds for {given} series.")


@app.command()
def relate(
    source: str,
    kind: Annotated[str, typer.Argument(help="part_of, feeds, drains_to or watches")],
    target: str,
    valid_from: Annotated[str | None, typer.Option(help="true from")] = None,
    valid_to: Annotated[str | None, typer.Option(help="true until")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say how an asset is related to another."""
    with city(data) as (database, chosen):
        period = parse_bounds(valid_from, valid_to, ZoneInfo(chosen.timezone))
        relations.relate(database, [relations.Relation(source, kind, target)], author(), period)
    told = {"from": source, "kind": kind, "to": target}
    answer(told, json, f"{source} {kind} {target}")


@app.command()
def link(
    asset: str,
    rel: Annotated[str, typer.Argument(help="what it is to the asset: manual, photo, stream")],
    href: str,
    title: Annotated[str, typer.Option(help="a title for people")] = "",
    mimetype: Annotated[str, typer.Option(help="its media type")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Tie a document or a stream to an asset."""
    with city(data) as (database, _):
        dossier.link(database, asset, rel, href, type_=mimetype, title=title)
    answer({"asset": asset, "rel": rel, "href": href}, json, f"{asset}: {rel} {href}")


@held.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """List what waits, the newest first."""
    with city(data) as (database, _):
        found = quarantine.held(database, OWNER)
    headings = ("id", "seen", "last", "subject", "reason", "reading")
    rows = [(q.id, q.seen, q.last_seen, q.subject, q.reason, q.reading) for q in found]
    answer(
        [asdict(one) for one in found], json, table(headings, rows) if rows else "Nothing waits."
    )


@held.command()
def replay(data: Data = None, json: Json = False) -> None:
    """Try everything that waits again."""
    with city(data) as (database, chosen):
        told = replay_all(database, OWNER, ZoneInfo(chosen.timezone))
    answer(told.document(), json, f"{told.accepted} taken, {told.quarantined} wait on.")
