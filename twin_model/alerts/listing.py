"""Alerts as they were at a moment, as known at another, for those who may see their assets."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import dict_row

from spatial.asof import Interval, format_instant
from spatial.database import Pg
from spatial.errors import NotFound
from spatial.grant import Grant
from spatial.moment import Moment
from twin_model import sight
from twin_model.alerts.rule import LEVEL_ZH, Level
from twin_model.roll import roll

CONTEXT = timedelta(hours=24)
_ALERTS = """
SELECT a.id, a.rule, a.rule_id, a.asset_id, min(e.at) AS opened, max(e.at) AS changed,
    max(e.at) FILTER (WHERE e.after = 0) AS closed, max(e.after) AS peak,
    (array_agg(e.after ORDER BY e.at DESC, e.id DESC))[1] AS level,
    (array_agg(e.value ORDER BY e.at DESC, e.id DESC))[1] AS value
FROM city.alert a JOIN city.alert_event e ON e.alert_id = a.id
    AND e.recorded @> %(known)s::timestamptz AND e.at <= %(end)s
WHERE (%(ids)s::int8[] IS NULL OR a.id = ANY(%(ids)s))
    AND (a.closed_at IS NULL OR a.closed_at >= %(start)s OR a.undone > %(known)s
         OR %(ids)s::int8[] IS NOT NULL)
GROUP BY a.id
HAVING %(closed)s OR (array_agg(e.after ORDER BY e.at DESC, e.id DESC))[1] > 0
ORDER BY level DESC, opened, a.id
"""
_NOTES = """
SELECT alert_id, at, author, kind, text, until FROM city.alert_note
WHERE alert_id = ANY(%(ids)s) AND at <= greatest(%(known)s, %(now)s) ORDER BY at, id
"""


def alerts(
    pg: Pg, grant: Grant, moment: Moment, *, closed: bool = False, least: Level = Level.blue,
    ids: Sequence[int] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Alerts that are open at a moment, or in an interval, the worst first.

    closed: those too that closed in the day before the moment, or in the interval.
    """
    when = moment.valid_at
    if isinstance(when, Interval):
        end = when.end or moment.known_at
        start, closed = when.start or datetime.min.replace(tzinfo=end.tzinfo), True
    else:
        end, start = when, when - CONTEXT
    with pg.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _ALERTS,
            {
                "known": moment.known_at, "start": start, "end": end, "closed": closed,
                "ids": None if ids is None else list(ids),
            },
        ).fetchall()  # fmt: skip
    places = sight.seen(pg, grant, moment, {row["asset_id"] for row in rows})
    known = roll(pg)
    names = dict(zip(known.asset_id.tolist(), known.names, strict=True))
    told = {
        row["id"]: _document(row, names[row["asset_id"]], places[row["asset_id"]])
        for row in rows
        if row["asset_id"] in places and row["peak"] >= least
    }
    notes = pg.execute(_NOTES, {"ids": list(told), "known": moment.known_at, "now": end}).fetchall()
    for alert, *note in notes:
        _note(told[alert], note, end)
    return list(told.values())


def alert(pg: Pg, grant: Grant, moment: Moment, id: int) -> dict[str, Any]:
    """One alert with its changes of level and its notes; raises NotFound."""
    found = alerts(pg, grant, moment, closed=True, ids=[id])
    if not found:
        raise NotFound(f"there is no alert {id}")
    events = pg.execute(
        "SELECT at, before, after, value FROM city.alert_event WHERE alert_id = %s"
        " AND recorded @> %s::timestamptz ORDER BY at, id",
        [id, moment.known_at],
    ).fetchall()
    return found[0] | {
        "events": [
            {
                "at": format_instant(at), "before": Level(before).name,
                "after": Level(after).name, "value": value,
            }
            for at, before, after, value in events
        ]
    }  # fmt: skip


def _document(row: dict[str, Any], name: str, place: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "rule": row["rule"],
        "asset": name,
        "level": Level(row["level"]).name,
        "level_zh": LEVEL_ZH[row["level"]],
        "peak": Level(row["peak"]).name,
        "value": row["value"],
        "opened": format_instant(row["opened"]),
        "changed": format_instant(row["changed"]),
        "closed": row["closed"] and format_instant(row["closed"]),
        "place": place,
        "acknowledged": None,
        "shelved_until": None,
        "tier": "community",
        "notes": [],
    }


def _note(told: dict[str, Any], note: list[Any], now: datetime) -> None:
    at, author, kind, text, until = note
    told["notes"].append(
        {
            "at": format_instant(at), "author": author, "kind": kind, "text": text,
            "until": until and format_instant(until),
        }
    )  # fmt: skip
    match kind:
        case "acknowledge":
            told["acknowledged"] = author
        case "shelve":
            told["shelved_until"] = format_instant(until) if until > now else None
        case "unshelve":
            told["shelved_until"] = None
        case "escalate":
            told["tier"] = text
