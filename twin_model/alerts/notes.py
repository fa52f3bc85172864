"""What people do about an alert: acknowledge, shelve, comment; and whom it goes up to."""

from datetime import UTC, datetime, timedelta
from typing import Any

from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.errors import Denied, Invalid, NotFound
from spatial.grant import Grant, Scope
from spatial.moment import resolve
from twin_model import log, notices, sight
from twin_model.alerts import ledger, rules
from twin_model.alerts.rule import Level

KINDS = ("acknowledge", "shelve", "unshelve", "comment")
LONGEST_SHELF = timedelta(days=7)
ESCALATOR = "clock"
_DUE = """
SELECT a.id, a.rule_id, a.peak, a.opened_at FROM city.alert a
WHERE closed_at IS NULL AND undone IS NULL
    AND NOT EXISTS (SELECT FROM city.alert_note n WHERE n.alert_id = a.id AND kind = 'acknowledge')
    AND coalesce((SELECT CASE kind WHEN 'shelve' THEN until END FROM city.alert_note n
        WHERE n.alert_id = a.id AND kind IN ('shelve', 'unshelve')
        ORDER BY at DESC, id DESC LIMIT 1), '-infinity') < %(now)s
"""


def note(
    database: Database, grant: Grant, alert: int, kind: str, text: str = "",
    until: datetime | None = None,
) -> None:  # fmt: skip
    """Add a note to an alert of an asset that the grant may write.

    until: of a shelf, at most a week ahead. Raises NotFound, Denied and Invalid.
    """
    grant.require(Scope.WRITE)
    if kind not in KINDS:
        raise Invalid(f"a note is one of {', '.join(KINDS)}, not '{kind}'")
    if kind == "comment" and not text.strip():
        raise Invalid("a comment has a text")
    now = datetime.now(UTC)
    if kind == "shelve" and (until is None or not now < until <= now + LONGEST_SHELF):
        raise Invalid("an alert is shelved until a moment in the coming seven days: until=…")
    if kind != "shelve" and until is not None:
        raise Invalid("only a shelf has an end")
    with database.begin() as tx:
        row = tx.pg.execute("SELECT asset_id FROM city.alert WHERE id = %s", [alert]).fetchone()
        moment = resolve(tx.pg, AsOf())
        if row is None or row[0] not in sight.seen(tx.pg, grant, moment, [row[0]]):
            raise NotFound(f"there is no alert {alert}")
        if row[0] not in sight.writable(tx.pg, grant, moment, [row[0]]):
            raise Denied("this token may not write of that asset")
        stamp = log.stamp(tx.pg)
        _add(tx.pg, alert, stamp, grant.subject, kind, text.strip(), until)
        notices.tell(tx.pg, stamp, "alert", ledger.told(tx.pg, [alert]))


def escalate(database: Database, now: datetime | None = None) -> list[tuple[int, str]]:
    """Bring alerts that nobody acknowledged in time before the next tier; each step once.

    Returns the alerts and the tiers they went up to.
    """
    now = now or datetime.now(UTC)
    with database.begin() as tx:
        pg = tx.pg
        # one at a time: two clocks would write a step twice
        pg.execute("SELECT FROM city.alert_engine FOR UPDATE")
        rows = pg.execute(_DUE, {"now": now}).fetchall()
        steps = {one.id: one.rule.escalate for one in rules.believed(pg)} if rows else {}
        done = set(
            pg.execute(
                "SELECT alert_id, text FROM city.alert_note WHERE kind = 'escalate'"
                " AND alert_id = ANY(%s)",
                [[row[0] for row in rows]],
            ).fetchall()
        )
        due = [
            (id, str(step.to))
            for id, version, peak, opened in rows
            for step in sorted(steps.get(version, ()), key=lambda one: one.after_min)
            if peak >= Level[step.least]
            and now >= opened + timedelta(minutes=step.after_min)
            and (id, step.to) not in done
        ]
        if due:
            stamp = log.stamp(pg)
            for id, tier in due:
                _add(pg, id, stamp, ESCALATOR, "escalate", tier, None)
                pg.execute("UPDATE city.alert SET tier = %s WHERE id = %s", [tier, id])
            notices.tell(pg, stamp, "alert", ledger.told(pg, [id for id, _ in due]))
        return due


def _add(
    pg: Pg, alert: int, at: datetime, author: str, kind: str, text: str, until: datetime | None
) -> None:
    values: list[Any] = [alert, at, author, kind, text, until]
    pg.execute(
        "INSERT INTO city.alert_note (alert_id, at, author, kind, text, until)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        values,
    )
