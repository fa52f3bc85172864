"""Commands of exchange between cities: bundle, apply."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from citytwin.cli.output import Data, Json, answer, city
from spatial.errors import Invalid, NotFound
from spatial.grant import CLASSES, Access, Grant, Scope

app = typer.Typer()
Key = Annotated[Path, typer.Option("--key", help="file of the key that both cities hold")]


@app.command()
def bundle(
    layers: Annotated[list[str], typer.Argument(help="the layers to hand on")],
    file: Annotated[Path, typer.Argument(help="the bundle to write")],
    key: Key,
    since: Annotated[int, typer.Option(help="the cursor that the last bundle ended at")] = 0,
    access: Annotated[
        str, typer.Option("--class", help="the closest class that may be handed on")
    ] = Access.PUBLIC,
    area: Annotated[
        list[str] | None, typer.Option(help="only of a governance area, again for each")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write what changed in some layers since a cursor to a signed file for another city."""
    from datasets.bundle import write_bundle

    if access not in list(Access):
        raise Invalid(f"'{access}' is not a class: choose public, shared or restricted")
    classes = frozenset(CLASSES[: CLASSES.index(Access(access)) + 1])
    areas = tuple(area) if area else None
    grant = Grant("bundle", Scope.READ, classes, areas, authenticated=True)
    with city(data) as (database, chosen):
        made = write_bundle(
            database, layers, file, key=_read(key), grant=grant, since=since, title=chosen.title_zh
        )
    rows = sum(entry["rows"] for entry in made["layers"].values())
    answer(
        {"file": file, "since": since, "until": made["until"], "layers": layers, "rows": rows},
        json,
        f"{file}: {rows} rows of {len(layers)} layers; the next one: --since {made['until']}",
    )


@app.command("apply")
def apply_(
    file: Annotated[Path, typer.Argument(help="the bundle to apply")],
    key: Key,
    data: Data = None,
    json: Json = False,
) -> None:
    """Repeat another city's changes here: in order, each once."""
    from datasets.bundle import apply_bundle

    with city(data) as (database, _):
        applied = apply_bundle(database, file, key=_read(key))
    lines = [
        f"{one.layer}, {one.access}: {len(one.cursors) or 'no'} changes, up to their {one.until}"
        for one in applied
    ]
    answer([asdict(one) for one in applied], json, "\n".join(lines))


def _read(key: Path) -> bytes:
    if not key.is_file():
        raise NotFound(f"there is no key file {key}: make one with openssl rand -hex 32")
    return key.read_bytes().strip()
