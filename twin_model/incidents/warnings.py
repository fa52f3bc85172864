"""Official warnings (预警信号), issued elsewhere, and response levels Ⅳ to Ⅰ, set by people."""

from datetime import datetime
from typing import Any

from psycopg import sql

from spatial.asof import format_instant
from spatial.database import Database, Pg
from spatial.errors import Denied, Invalid
from spatial.grant import OWNER, Grant, Scope, row_rule
from spatial.moment import Moment
from spatial.period import holds
from twin_model import log, notices
from twin_model.alerts.rule import LEVEL_ZH, LEVELS, Level
from twin_model.incidents.tiers import require_response

NAME = "warnings"
ROMAN = ("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")


def issue(
    database: Database, grant: Grant, *, number: str, kind: str, level: str, issuer: str,
    text: str = "", start: datetime, end: datetime | None = None, area: str | None = None,
    access: str = "public",
) -> None:  # fmt: skip
    """Note a warning by its issuer's number; again, for one that was changed or lifted.

    Raises Invalid, and Denied where the grant may not write there.
    """
    grant.require(Scope.WRITE)
    if level not in LEVELS:
        raise Invalid(f"a level is one of {', '.join(LEVELS)}")
    if not (number.strip() and issuer.strip() and kind.strip()):
        raise Invalid("a warning has a number, a kind and an issuer")
    if end is not None and end <= start:
        raise Invalid("a warning ends after it starts")
    with database.begin() as tx:
        stamp = log.stamp(tx.pg)
        tx.pg.execute(
            "UPDATE city.warning SET recorded = tstzrange(lower(recorded), %s)"
            " WHERE issuer = %s AND number = %s AND upper_inf(recorded)",
            [stamp, issuer, number],
        )
        tx.pg.execute(
            "INSERT INTO city.warning (number, kind, level, issuer, text, valid, recorded, area,"
            " access, changed_by) VALUES (%s, %s, %s, %s, %s, tstzrange(%s, %s),"
            " tstzrange(%s, NULL), %s, %s, %s)",
            [number, kind, Level[level], issuer, text, start, end, stamp, area, access,
             grant.subject],
        )  # fmt: skip
        row = tx.pg.execute(
            sql.SQL(
                "SELECT {} FROM city.warning WHERE issuer = {} AND number = {}"
                " AND upper_inf(recorded)"
            ).format(row_rule(grant, NAME, writing=True), issuer, number)
        ).fetchone()
        if row != (True,):
            raise Denied("this token may not write a warning of that class and area")
        notices.tell(tx.pg, stamp, "warning", [{"id": number, "access": access, "area": area}])


def warnings(pg: Pg, grant: Grant, moment: Moment) -> list[dict[str, Any]]:
    """The warnings in force at a moment, or in an interval, as known, the gravest first."""
    rows = pg.execute(
        sql.SQL(
            "SELECT number, kind, level, issuer, text, lower(valid), upper(valid), area"
            " FROM city.warning WHERE {} AND recorded @> {}::timestamptz AND {}"
            " ORDER BY level DESC, lower(valid), number"
        ).format(holds("valid", moment.valid_at), moment.known_at, row_rule(grant, NAME))
    ).fetchall()
    return [
        {
            "number": number, "kind": kind, "level": Level(level).name,
            "level_zh": LEVEL_ZH[level], "issuer": issuer, "text": text,
            "start": format_instant(start), "end": end and format_instant(end), "area": area,
        }
        for number, kind, level, issuer, text, start, end, area in rows
    ]  # fmt: skip


def respond(
    database: Database, grant: Grant, kind: str, level: int, reason: str, area: str | None = None
) -> None:
    """Set the response level of a kind of emergency: 4 (Ⅳ) to 1 (Ⅰ), 0 ends it."""
    grant.require(Scope.WRITE)
    if not isinstance(level, int) or not 0 <= level <= 4 or not kind.strip() or not reason.strip():
        raise Invalid("a response has a kind, a level from 4 to 1 (0 ends it) and a reason")
    if grant.areas is not None and not (area or "").startswith(grant.areas):
        raise Denied("this token may not set a response there")
    with database.begin() as tx:
        stamp = log.stamp(tx.pg)
        before = [one for one in responses(tx.pg, OWNER, stamp) if one["kind"] == kind]
        held = [one["level"] for one in before if one["area"] == area]
        require_response(grant, level, held[0] if held else 0)
        tx.pg.execute(
            "INSERT INTO city.response (kind, level, at, recorded, author, reason, area)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [kind, level, stamp, stamp, grant.subject, reason, area],
        )
        told = {"id": kind, "access": "public", "area": area}
        notices.tell(tx.pg, stamp, "response", [told])


def responses(pg: Pg, grant: Grant, at: datetime) -> list[dict[str, Any]]:
    """The responses that hold at a moment."""
    rows = pg.execute(
        sql.SQL(
            "SELECT * FROM (SELECT DISTINCT ON (kind, area) kind, area, level, at, author, reason"
            " FROM city.response WHERE at <= {} AND {} ORDER BY kind, area, at DESC, id DESC) r"
            " WHERE level > 0 ORDER BY level, kind"
        ).format(at, row_rule(grant, "responses"))
    ).fetchall()
    return [
        {
            "kind": kind, "area": area, "level": level, "roman": ROMAN[level],
            "since": format_instant(since), "author": author, "reason": reason,
        }
        for kind, area, level, since, author, reason in rows
    ]  # fmt: skip
