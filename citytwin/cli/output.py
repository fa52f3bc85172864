"""What every command shares: its options, its city, its answer, its one line on error."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from citytwin.home import open_city
from citytwin.settings import Settings, settings
from spatial.asof import AsOf, as_of, format_instant
from spatial.database import Database

Data = Annotated[Path | None, typer.Option("--data", help="the city's data directory")]
Json = Annotated[bool, typer.Option("--json", help="answer as JSON")]
At = Annotated[str | None, typer.Option("--at", help="when it is true: 2019, 2024-06-01, …")]
KnownAt = Annotated[str | None, typer.Option("--known-at", help="as the records said then")]
ScenarioName = Annotated[str | None, typer.Option("--scenario", help="in which plan")]

console = Console(width=None if sys.stdout.isatty() else 200)
notes = Console(stderr=True)


@contextmanager
def city(data: Path | None, **given: Any) -> Iterator[tuple[Database, Settings]]:
    """The city that a command works on."""
    with open_city(settings(data_dir=data, **given)) as opened:
        yield opened


def chosen_asof(
    chosen: Settings, at: str | None, known_at: str | None, scenario: str | None
) -> AsOf:
    """The AsOf of a command's options, bare dates in the city's time zone."""
    from zoneinfo import ZoneInfo

    return as_of(at, known_at, scenario, ZoneInfo(chosen.timezone))


def author() -> str:
    """Who works at this command line."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "owner"


def answer(document: Any, as_json: bool, text: str | Table) -> None:
    """Print a result: JSON for programs, text or a table for people."""
    if as_json:
        sys.stdout.write(json.dumps(document, default=_plain, ensure_ascii=False) + "\n")
    else:
        console.print(text, highlight=False)


def progress() -> Progress:
    """A bar on the terminal; nothing where the notes go to a file."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=notes,
        transient=True,
        disable=not notes.is_terminal,
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A plain table."""
    made = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
