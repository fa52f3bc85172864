"""Incidents: what they gather, what is asked of whom, and a log that is only added to."""

from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from spatial.asof import format_instant
from spatial.database import Database, Pg
from spatial.errors import Conflict, Denied, Invalid, NotFound
from spatial.grant import Access, Grant, Scope, row_rule
from twin_model import log, notices
from twin_model.alerts.rule import TIERS
from twin_model.incidents.tiers import require_tier

NAME = "incidents"
ITEMS = ("alert", "case", "asset", "camera", "person", "analysis", "warning")
_COLUMNS = sql.SQL("id, title, tier, opened_at, closed_at, lon, lat, area, access")


def open_incident(
    pg: Pg, grant: Grant, stamp: datetime, title: str, *, place: tuple[float, float] | None = None,
    area: str | None = None, access: str = Access.SHARED, tier: str = "community",
) -> int:  # fmt: skip
    """A new incident; returns its id. Raises Denied where the grant may not write there."""
    if not title.strip() or tier not in TIERS or access not in [str(one) for one in Access]:
        raise Invalid(f"an incident has a title, a tier of {', '.join(TIERS)}, and a class")
    row = pg.execute(
        "INSERT INTO city.incident (title, tier, opened_at, lon, lat, area, access)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [title.strip(), tier, stamp, place and place[0], place and place[1], area, access],
    ).fetchone()
    assert row is not None
    _writable(pg, grant, row[0])
    enter(pg, grant, row[0], stamp, "open", title.strip())
    return int(row[0])


def incidents(pg: Pg, grant: Grant, at: datetime, *, closed: bool = False) -> list[dict[str, Any]]:
    """The incidents that are open at a moment, or all that were opened by then, newest first."""
    query = sql.SQL(
        "SELECT {} FROM city.incident WHERE opened_at <= {} AND {} AND {} ORDER BY opened_at DESC,"
        " id DESC LIMIT 1000"
    ).format(
        _COLUMNS,
        at,
        sql.SQL("TRUE") if closed else sql.SQL("(closed_at IS NULL OR closed_at > {})").format(at),
        row_rule(grant, NAME),
    )
    with pg.cursor(row_factory=dict_row) as cursor:
        return [_document(row) for row in cursor.execute(query).fetchall()]


def incident(pg: Pg, grant: Grant, id: int) -> dict[str, Any]:
    """One incident with what it gathers, its tasks and its log; raises NotFound."""
    query = sql.SQL("SELECT {} FROM city.incident WHERE id = {} AND {}").format(
        _COLUMNS, id, row_rule(grant, NAME)
    )
    with pg.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query).fetchone()
        if row is None:
            raise NotFound(f"there is no incident {id}")
        parts = {
            "items": "SELECT kind, ref, at, author FROM city.incident_item"
            " WHERE incident_id = %s ORDER BY kind, at, ref",
            "tasks": "SELECT id, department, text, created_at, created_by, due_at,"
            " acknowledged_at, acknowledged_by, done_at, done_by FROM city.incident_task"
            " WHERE incident_id = %s ORDER BY id",
            "log": "SELECT at, author, kind, text FROM city.incident_log"
            " WHERE incident_id = %s ORDER BY id",
        }
        return _document(row) | {
            name: [_plain(one) for one in cursor.execute(part.encode(), [id]).fetchall()]
            for name, part in parts.items()
        }


def gather(pg: Pg, grant: Grant, id: int, stamp: datetime, kind: str, refs: list[str]) -> None:
    """Let an incident gather things by their ids or names; what it has already stays as it is."""
    if kind not in ITEMS:
        raise Invalid(f"an incident gathers {', '.join(ITEMS)}, not '{kind}'")
    new = [
        ref
        for ref in refs
        if pg.execute(
            "INSERT INTO city.incident_item VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING 1",
            [id, kind, ref, stamp, grant.subject],
        ).fetchone()
    ]
    if new:
        enter(pg, grant, id, stamp, "gather", f"{kind} {', '.join(new)}")


def act(database: Database, grant: Grant, id: int, action: str, body: dict[str, Any]) -> None:
    """What people do: gather, comment, task, acknowledge, done, escalate, close.

    Raises Invalid, Denied, NotFound, and Conflict for an incident or a task that is over.
    """
    grant.require(Scope.WRITE)
    with database.begin() as tx:
        pg = tx.pg
        stamp = log.stamp(pg)
        found = incident(pg, grant, id)
        _writable(pg, grant, id)
        if found["closed"] and action != "comment":
            raise Conflict(f"incident {id} is closed")
        require_tier(grant, action, found["tier"])
        text = str(body.get("text", "")).strip()
        match action:
            case "gather":
                refs = body.get("refs")
                if not isinstance(refs, list) or not refs:
                    raise Invalid('say what: {"kind": "case", "refs": [12]}')
                gather(pg, grant, id, stamp, str(body.get("kind")), [str(ref) for ref in refs])
            case "comment":
                _require(text, "a comment has a text")
                enter(pg, grant, id, stamp, action, text)
            case "task":
                department = str(body.get("department", "")).strip()
                _require(text and department, "a task has a text and a department")
                pg.execute(
                    "INSERT INTO city.incident_task (incident_id, department, text, created_at,"
                    " created_by, due_at) VALUES (%s, %s, %s, %s, %s, %s)",
                    [id, department, text, stamp, grant.subject, body.get("due")],
                )
                enter(pg, grant, id, stamp, action, f"{department}: {text}")
            case "acknowledge" | "done":
                _task(pg, grant, id, stamp, action, body.get("task"))
            case "escalate":
                tier = body.get("to")
                higher = TIERS[: TIERS.index(found["tier"])]
                _require(tier in higher, f"it goes up to {', '.join(higher) or 'no further tier'}")
                pg.execute("UPDATE city.incident SET tier = %s WHERE id = %s", [tier, id])
                enter(pg, grant, id, stamp, action, str(tier))
            case "close":
                pg.execute("UPDATE city.incident SET closed_at = %s WHERE id = %s", [stamp, id])
                enter(pg, grant, id, stamp, action, text)
            case _:
                raise Invalid(f"an incident knows no action '{action}'")
        told(pg, stamp, [id])


def enter(pg: Pg, grant: Grant, id: int, stamp: datetime, kind: str, text: str) -> None:
    """Add to the log of an incident."""
    pg.execute(
        "INSERT INTO city.incident_log (incident_id, at, author, kind, text)"
        " VALUES (%s, %s, %s, %s, %s)",
        [id, stamp, grant.subject, kind, text],
    )


def told(pg: Pg, stamp: datetime, ids: list[int]) -> None:
    """Note that incidents changed, just before the commit."""
    rows = pg.execute(
        "SELECT id, access, area FROM city.incident WHERE id = ANY(%s) ORDER BY id", [ids]
    )
    items = [{"id": id, "access": access, "area": area} for id, access, area in rows]
    notices.tell(pg, stamp, "incident", items)


def _task(pg: Pg, grant: Grant, id: int, stamp: datetime, action: str, task: Any) -> None:
    _require(isinstance(task, int), "name the task by its id")
    at, by = (
        ("acknowledged_at", "acknowledged_by")
        if action == "acknowledge"
        else ("done_at", "done_by")
    )
    row = pg.execute(
        sql.SQL(
            "UPDATE city.incident_task SET {at} = coalesce({at}, %s), {by} = coalesce({by}, %s)"
            " WHERE id = %s AND incident_id = %s RETURNING text, {at} = %s"
        ).format(at=sql.Identifier(at), by=sql.Identifier(by)),
        [stamp, grant.subject, task, id, stamp],
    ).fetchone()
    if row is None:
        raise NotFound(f"incident {id} has no task {task}")
    if not row[1]:
        raise Conflict("that was said of this task already")
    enter(pg, grant, id, stamp, action, str(row[0]))


def _writable(pg: Pg, grant: Grant, id: int) -> None:
    row = pg.execute(
        sql.SQL("SELECT {} FROM city.incident WHERE id = {}").format(
            row_rule(grant, NAME, writing=True), id
        )
    ).fetchone()
    if row != (True,):
        raise Denied("this token may not write an incident of that class and area")


def _require(holds: Any, otherwise: str) -> None:
    if not holds:
        raise Invalid(otherwise)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: format_instant(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _document(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "tier": row["tier"],
        "opened": format_instant(row["opened_at"]),
        "closed": row["closed_at"] and format_instant(row["closed_at"]),
        "place": None if row["lon"] is None else [row["lon"], row["lat"]],
        "area": row["area"],
        "access": row["access"],
    }
