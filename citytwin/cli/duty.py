"""Commands for the duty officer: places of a text, alerts, tests of rules, cases, incidents."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer

from citytwin.cli.output import At, Data, Json, KnownAt, answer, chosen_asof, city, table
from spatial.asof import Interval, parse_instant
from spatial.errors import Invalid, NotFound
from spatial.geocode import geocode as geocoding
from spatial.grant import OWNER
from spatial.moment import Moment, resolve
from spatial.query import snapshot
from twin_model.alerts import listing as alert_listing
from twin_model.alerts import past
from twin_model.alerts.rule import parse
from twin_model.cases import listing as case_listing
from twin_model.incidents import incidents as incident_register

app = typer.Typer()
Limit = Annotated[int, typer.Option(help="how many at most")]


@app.command()
def geocode(
    text: str, limit: Limit = 5, at: At = None, data: Data = None, json: Json = False
) -> None:
    """Places that a text may mean, the likest first."""
    with city(data) as (database, chosen):
        asof = chosen_asof(chosen, at, None, None)
        found, _ = geocoding.geocode(database, asof, OWNER, text, limit=limit)
    rows = [[one["score"], one["name"], one["layer"], *one["place"]] for one in found]
    answer({"places": found}, json, table(["score", "name", "layer", "lon", "lat"], rows))


@app.command()
def back_test(
    file: Annotated[Path, typer.Argument(help="the rule, JSON")],
    start: Annotated[str | None, typer.Option("--from", help="a week before by default")] = None,
    end: Annotated[str | None, typer.Option("--to", help="now by default")] = None,
    picture: Annotated[Path | None, typer.Option(help="an SVG to write")] = None,
    known_at: KnownAt = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Test a rule of alerts against the readings of a past."""
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    try:
        rule = parse(orjson.loads(file.read_bytes()))
    except orjson.JSONDecodeError:
        raise Invalid(f"{file} is no JSON") from None
    with city(data) as (database, chosen), snapshot(database) as pg:
        zone = ZoneInfo(chosen.timezone)
        moment = resolve(pg, chosen_asof(chosen, None, known_at, None))
        span = (
            start and parse_instant(start, zone, end=False),
            end and parse_instant(end, zone),
        )
        found, since, until = past.tested(
            pg, OWNER, rule, moment, span[0] or None, span[1] or None, zone
        )
        if picture is not None:
            picture.write_text(past.drawn(found, rule, since, until, zone))
    told = past.counts(found, since, until)
    peaks = ", ".join(f"{count} {level}" for level, count in told["peaks"].items())
    answer(told, json, f"{told['episodes']} alerts over {told['readings']} readings: {peaks}.")


@app.command()
def alerts(at: At = None, known_at: KnownAt = None, data: Data = None, json: Json = False) -> None:
    """Alerts that are open, the worst first."""
    with city(data) as (database, chosen), snapshot(database) as pg:
        moment = resolve(pg, chosen_asof(chosen, at, known_at, None))
        found = alert_listing.alerts(pg, OWNER, moment)
    rows = [[one["id"], one["level"], one["rule"], one["asset"], one["opened"]] for one in found]
    answer({"alerts": found}, json, table(["id", "level", "rule", "asset", "opened"], rows))


@app.command()
def cases(
    stage: Annotated[str | None, typer.Option(help="filed, dispatched, handling, …")] = None,
    department: Annotated[str | None, typer.Option(help="whose they are")] = None,
    limit: Limit = 100, at: At = None, known_at: KnownAt = None,
    data: Data = None, json: Json = False,
) -> None:  # fmt: skip
    """Cases, the newest first."""
    with city(data) as (database, chosen), snapshot(database) as pg:
        moment = resolve(pg, chosen_asof(chosen, at, known_at, None))
        listed = case_listing.cases(
            pg, OWNER, moment, stage=stage, department=department, limit=limit
        )
    found = [case_listing.document(one) for one in listed]
    rows = [
        [one["id"], one["stage"], one["department"], one["due_at"], one["text"]] for one in found
    ]
    answer({"cases": found}, json, table(["id", "stage", "department", "due", "text"], rows))


@app.command()
def incidents(at: At = None, data: Data = None, json: Json = False) -> None:
    """Incidents that are open, the newest first."""
    with city(data) as (database, chosen), snapshot(database) as pg:
        moment = resolve(pg, chosen_asof(chosen, at, None, None))
        found = incident_register.incidents(pg, OWNER, _instant(moment))
    rows = [[one["id"], one["tier"], one["title"], one["opened"]] for one in found]
    answer({"incidents": found}, json, table(["id", "tier", "title", "opened"], rows))


def _instant(moment: Moment) -> datetime:
    if isinstance(moment.valid_at, Interval):
        raise Invalid("--at is a moment here, not an interval")
    return moment.valid_at
