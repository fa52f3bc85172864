"""The audit: what was done to the city outside of its books, by whom, when and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.query import snapshot

ERASE, CLASSIFY = "erase", "classify"
"""Acts on a layer that its change log names too; their detail holds the cursor."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `subject` is the layer or raster that it was done to."""

    at: datetime
    author: str
    action: str
    subject: str
    reason: str
    detail: dict[str, Any]


def note(
    pg: Pg, *, author: str, action: str, subject: str, reason: str, detail: dict[str, Any]
) -> None:
    """Enter an act; raises Invalid where nobody says why it is done."""
    if not reason.strip():
        raise Invalid(f"to {action} '{subject}' says nothing of why: give a reason")
    pg.execute(
        "INSERT INTO city.audit (author, action, subject, reason, detail)"
        " VALUES (%s, %s, %s, %s, %s)",
        [author, action, subject, reason, Jsonb(detail)],
    )


def entries(database: Database, subject: str | None = None) -> list[Entry]:
    """Every act, or those done to one layer, in their order."""
    with snapshot(database) as pg:
        rows = pg.execute(
            "SELECT at, author, action, subject, reason, detail FROM city.audit"
            " WHERE subject = %(subject)s OR %(subject)s::text IS NULL ORDER BY id",
            {"subject": subject},
        ).fetchall()
    return [Entry(*row) for row in rows]
