"""Commands on analyses: list them, run one here and now."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from citytwin.cli.output import (
    At,
    Data,
    Json,
    KnownAt,
    ScenarioName,
    answer,
    chosen_asof,
    city,
    progress,
    table,
)
from spatial.database import Database
from spatial.errors import CityError, Invalid
from spatial.grant import OWNER

app = typer.Typer()


@app.command("analyses")
def list_(data: Data = None, json: Json = False) -> None:
    """List the analyses with their inputs."""
    import twin_model.known  # noqa: F401
    from spatial.analyses import registry

    rows = [(a.name, a.title_zh, a.title_en, _inputs(a)) for a in registry.every()]
    headings = ("analysis", "title_zh", "title_en", "inputs")
    answer([dict(zip(headings, row, strict=True)) for row in rows], json, table(headings, rows))


@app.command()
def run(
    analysis: str,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="NAME=VALUE, once for each input")
    ] = None,
    output: Annotated[str | None, typer.Option(help="name of the layer to write")] = None,
    files: Annotated[
        Path | None, typer.Option(help="folder for the documents that it makes")
    ] = None,
    at: At = None,
    known_at: KnownAt = None,
    scenario: ScenarioName = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Run an analysis; its result is a layer, with a certificate."""
    import twin_model.known  # noqa: F401
    from citytwin.home import rasters_dir
    from citytwin.input_files import loaded
    from spatial.analyses import jobs, registry, runner

    given = dict(map(_pair, inputs or []))
    with city(data) as (database, chosen):
        given |= loaded(database, chosen, registry.find(analysis), given)
        asof = chosen_asof(chosen, at, known_at, scenario)
        zone = ZoneInfo(chosen.timezone)
        job = jobs.submit(database, analysis, given, asof, OWNER, output, zone=zone)
        with progress() as bar:
            task = bar.add_task(analysis, total=1.0)

            def told(share: float, message: str) -> None:
                bar.update(task, completed=share, description=message or analysis)

            runner.run(
                database, job, store=rasters_dir(chosen), dask=chosen.dask or None, watch=told
            )
            done = jobs.get(database, job, OWNER)
            while not done.finished:  # the service beside us was quicker to take it
                told(done.progress / 100, done.message)
                done = jobs.wait(database, job, OWNER, timeout_s=jobs.GLANCE_S)
        document = done.document()
        if done.status != "successful":
            raise CityError(f"{analysis} {done.status}: {done.message}")
        if files:
            _save(database, done.id, files)
    answer(document, json, table(("", ""), _lines(document)))


def _save(database: Database, job: UUID, folder: Path) -> None:
    """Write a job's documents into a folder, made if it is not there."""
    from spatial.analyses import job_files
    from spatial.query import snapshot

    folder.mkdir(parents=True, exist_ok=True)
    with snapshot(database) as pg:
        for key in job_files.kinds(pg, job):
            made = job_files.find(pg, job, key)
            (folder / Path(made.name).name).write_bytes(made.content)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise Invalid(f"write --input NAME=VALUE, not '{text}'")
    return name, value


def _inputs(analysis: Any) -> str:
    return ", ".join(one.name if one.required else f"[{one.name}]" for one in analysis.inputs())


def _lines(document: dict[str, Any]) -> list[tuple[str, Any]]:
    certificate = document["certificate"] or {}
    return [
        *document["outputs"].items(),
        *document["summary"].items(),
        ("balance", certificate.get("equation")),
        ("holds", certificate.get("holds")),
        ("residual", certificate.get("residual")),
    ]
