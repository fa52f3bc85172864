"""Commands on tokens: create, list, revoke."""

from dataclasses import asdict
from typing import Annotated

import typer

from citytwin.cli.output import Data, Json, answer, city, table
from spatial import token
from spatial.grant import CLASSES

app = typer.Typer(help="Tokens: who may see and do what.")


@app.command()
def create(
    scope: Annotated[str, typer.Option(help="read, write or admin")] = "read",
    subject: Annotated[str, typer.Option(help="the person or system that will use it")] = "token",
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="shared, restricted; all without one")
    ] = None,
    areas: Annotated[
        list[str] | None, typer.Option("--area", help="governance code; the city without one")
    ] = None,
    layers: Annotated[
        list[str] | None, typer.Option("--layer", help="only these layers of its classes")
    ] = None,
    days: Annotated[int, typer.Option(help="how long it holds")] = token.DAYS,
    data: Data = None,
    json: Json = False,
) -> None:
    """Issue a token. Its secret is shown once, here."""
    with city(data) as (database, _):
        secret = token.create(
            database,
            scope,
            subject=subject,
            classes=classes or CLASSES,
            areas=areas,
            layers=layers,
            days=days,
        )
    answer({"token": secret}, json, secret)


@app.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """List the tokens, without their secrets."""
    with city(data) as (database, _):
        found = token.tokens(database)
    rows = [
        (t.digest[:19], t.subject, t.scope, " ".join(t.classes), t.areas, t.expires_at)
        for t in found
    ]
    headings = ("token", "subject", "scope", "classes", "areas", "expires")
    answer([asdict(t) for t in found], json, table(headings, rows) if rows else "No tokens.")


@app.command()
def revoke(
    token_: Annotated[str, typer.Argument(metavar="TOKEN")], data: Data = None, json: Json = False
) -> None:
    """End a token, by the start of what `list` shows of it."""
    with city(data) as (database, _):
        token.revoke(database, token_)
    answer({"revoked": token_}, json, "The token is revoked.")
