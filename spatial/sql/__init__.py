"""Long statements, kept as SQL and read as SQL."""

from functools import cache
from importlib.resources import files
from typing import Any

from psycopg import sql


@cache
def text(name: str) -> str:
    """The text of `name.sql`."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def statement(name: str) -> sql.SQL:
    """The statement of `name.sql`, its {placeholders} still open."""
    script: Any = text(name)
    return sql.SQL(script)
