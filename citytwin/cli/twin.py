"""Commands on the twin: assets, quarantine."""

from dataclasses import asdict
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from citytwin.cli.output import Data, Json, answer, city, table
from spatial.grant import OWNER
from twin_model import assets as asset_layers
from twin_model import classes, quarantine, retention
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
