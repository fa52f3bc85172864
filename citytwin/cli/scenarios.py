"""Commands on scenarios: create, list, diff, rebase, adopt, discard."""

from dataclasses import asdict
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from citytwin.cli.output import Data, Json, answer, author, city, table
from spatial import scenario
from spatial.asof import parse_instant
from spatial.errors import Invalid

app = typer.Typer(help="Plans: branches of the city that hold only what they change.")

Keep = Annotated[
    str | None, typer.Option(help="where main changed too, whose word holds: scenario or main")
]


@app.command()
def create(
    name: str,
    title: Annotated[str, typer.Option(help="a title for people")] = "",
    base: Annotated[str | None, typer.Option(help="branch from the books of this moment")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Branch from the books as they stand, or as they stood at a past moment."""
    with city(data) as (database, chosen):
        moment = parse_instant(base, ZoneInfo(chosen.timezone)) if base else None
        made = scenario.create(database, name, author=author(), title=title, base=moment)
    answer(asdict(made), json, f"{name} branches from the books of {made.base_known_at}.")


@app.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """List the scenarios."""
    with city(data) as (database, _):
        found = scenario.scenarios(database)
    rows = [(s.name, s.title, s.state, s.base_known_at, s.created_by) for s in found]
    answer(
        [asdict(s) for s in found],
        json,
        table(("scenario", "title", "state", "base", "by"), rows) if rows else "No scenarios.",
    )


@app.command()
def diff(name: str, data: Data = None, json: Json = False) -> None:
    """List what a scenario says otherwise than main."""
    with city(data) as (database, _):
        found = scenario.diff(database, name)
    rows = [(d.layer, d.fid, d.kind, d.valid_from, d.valid_to) for d in found]
    answer(
        [asdict(d) for d in found],
        json,
        table(("layer", "fid", "kind", "from", "to"), rows) if rows else "It changes nothing.",
    )


@app.command()
def rebase(name: str, keep: Keep = None, data: Data = None, json: Json = False) -> None:
    """Read main as it is known now under the scenario."""
    with city(data) as (database, _):
        settled = scenario.rebase(database, name, author=author(), keep=_keep(keep))
    answer(
        {"scenario": name, "settled": [asdict(c) for c in settled]},
        json,
        f"{name} now stands on the books of today; {len(settled)} conflicts settled.",
    )


@app.command()
def adopt(name: str, keep: Keep = None, data: Data = None, json: Json = False) -> None:
    """The plan becomes the city."""
    with city(data) as (database, _):
        settled = scenario.adopt(database, name, author=author(), keep=_keep(keep))
    answer(
        {"scenario": name, "settled": [asdict(c) for c in settled]},
        json,
        f"{name} is the city now; {len(settled)} conflicts settled.",
    )


@app.command()
def discard(name: str, data: Data = None, json: Json = False) -> None:
    """Give a plan up; its history stays."""
    with city(data) as (database, _):
        scenario.discard(database, name, author=author())
    answer({"discarded": name}, json, f"{name} is discarded.")


def _keep(text: str | None) -> scenario.Keep | None:
    if text in (None, "scenario", "main"):
        return text  # type: ignore[return-value]
    raise Invalid(f"keep 'scenario' or 'main', not '{text}'")
