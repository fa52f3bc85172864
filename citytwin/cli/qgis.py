"""The command that writes a QGIS project."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from citytwin.cli.output import Data, Json, answer, city
from spatial.errors import Invalid
from spatial.grant import ANONYMOUS, OWNER

app = typer.Typer()
LANGUAGES = ("zh", "en")


@app.command()
def qgis(
    file: Annotated[Path, typer.Argument(help="the project to write, .qgz")],
    moments: Annotated[
        list[str] | None, typer.Option("--moment", help="a time to show too, once for each")
    ] = None,
    scenarios: Annotated[
        list[str] | None,
        typer.Option("--scenario", help="a plan to show too, once for each; every open one else"),
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
    url: Annotated[str | None, typer.Option(help="the service's address, as QGIS sees it")] = None,
    authcfg: Annotated[
        str | None,
        typer.Option(help="id of QGIS's own entry for the token: adds what is not public"),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write a QGIS project of the city: its layers now, at moments and in scenarios."""
    from citytwin import running
    from citytwin.qgis import city_project
    from tiles.qgis_project import Connection

    if lang not in LANGUAGES:
        raise Invalid(f"'{lang}' is not a language here: choose zh or en")
    if file.suffix != ".qgz":
        raise Invalid(f"a project is a .qgz, not {file.name}")
    with city(data) as (database, chosen):
        address = url or running.status(chosen)["url"] or running.url(chosen)
        made = city_project(
            database,
            OWNER if authcfg else ANONYMOUS,
            Connection(address.rstrip("/"), authcfg),
            {"zh": chosen.title_zh, "en": chosen.title_en},
            ZoneInfo(chosen.timezone),
            moments=moments or (),
            scenarios=scenarios,
            language=lang,
        )
    file.write_bytes(made)
    answer({"file": file, "url": address}, json, f"{file}: open it in QGIS while {address} serves.")
