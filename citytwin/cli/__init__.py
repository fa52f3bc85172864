"""The command line: one clear line and a non-zero exit on error."""

import sys

import typer

from citytwin.cli.analyses import app as analyses
from citytwin.cli.duty import app as duty
from citytwin.cli.exchange import app as exchange
from citytwin.cli.feeding import app as feeding
from citytwin.cli.layers import app as layers
from citytwin.cli.qgis import app as qgis
from citytwin.cli.scenarios import app as scenarios
from citytwin.cli.service import app as service
from citytwin.cli.steward import app as steward
from citytwin.cli.tokens import app as tokens
from citytwin.cli.twin import app as twin
from citytwin.cli.twin import held as quarantine
from spatial.errors import CityError

app = typer.Typer(
    help="A city at any place, at any moment, in any version.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (service, layers, exchange, steward, analyses, twin, feeding, duty, qgis):
    app.registered_commands += commands.registered_commands
app.add_typer(scenarios, name="scenario")
app.add_typer(tokens, name="token")
app.add_typer(quarantine, name="quarantine")


def main() -> None:
    """Entry point of the `citytwin` command."""
    try:
        app()
    except CityError as error:
        sys.stderr.write(f"citytwin: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
