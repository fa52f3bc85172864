"""Commands on the service: up, down, status, doctor, migrate."""

import os
from typing import Annotated

import typer

from citytwin import running
from citytwin.cli.output import Data, Json, answer, city, console, table
from citytwin.settings import settings

app = typer.Typer()


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="the port to serve at")] = None,
    host: Annotated[str | None, typer.Option(help="the address to bind to")] = None,
    workers: Annotated[int | None, typer.Option(help="processes that answer requests")] = None,
    sample: Annotated[bool, typer.Option(help="seed an empty city with the sample")] = True,
    simulator: Annotated[bool, typer.Option(help="bring the sample city to life")] = True,
    detach: Annotated[bool, typer.Option(help="go on in the background")] = False,
    data: Data = None,
) -> None:
    """Start the city: database, service, analyses; seeded with the sample when empty."""
    chosen = settings(data_dir=data, port=port, host=host, workers=workers)
    if detach:
        address = running.detach(chosen, sample=sample, simulator=simulator)
        console.print(f"ready: {address}", highlight=False)
    else:
        from citytwin import service

        service.up(
            chosen,
            sample=sample,
            simulator=simulator,
            say=lambda line: console.print(line, highlight=False),
        )


@app.command()
def down(data: Data = None, json: Json = False) -> None:
    """Stop everything that runs on a data directory."""
    stopped = running.down(settings(data_dir=data))
    answer({"stopped": stopped}, json, "Stopped." if stopped else "Nothing was running.")


@app.command()
def status(data: Data = None, json: Json = False) -> None:
    """Say what runs."""
    found = running.status(settings(data_dir=data))
    answer(found, json, table(("", ""), list(found.items())))


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Say what the machine has and lacks, each lack with its mend."""
    from dataclasses import asdict

    from citytwin.doctor import examine

    findings = examine(settings(data_dir=data).data_dir, os.environ)
    rows = [("ok" if f.ok else "MEND", f.name, f.found, "" if f.ok else f.mend) for f in findings]
    answer([asdict(f) for f in findings], json, table(("", "what", "found", "mend"), rows))
    if not all(f.ok for f in findings):
        raise typer.Exit(1)


@app.command()
def migrate(data: Data = None, json: Json = False) -> None:
    """Bring the database to this version's shape."""
    from spatial.migrate import head

    with city(data):
        revision = head()
    answer({"revision": revision}, json, f"The database is at revision {revision}.")
