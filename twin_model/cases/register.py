"""The register of cases: reported, acted on, corrected; every edition stays."""

from datetime import UTC, datetime
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from spatial.asof import format_instant
from spatial.database import Database, Pg
from spatial.errors import Conflict, Denied, Invalid, NotFound
from spatial.grant import Access, Grant, Scope, row_rule
from twin_model import log, notices
from twin_model.cases import config
from twin_model.cases.calendar import Limit, deadline
from twin_model.cases.flow import Stage, after
from twin_model.cases.place import area_at

NAME = "cases"
SOURCES = ("hotline", "patrol", "citizen", "alert", "department")
LONGEST_TEXT = 4000
FIELDS = (
    "stage", "source", "text", "category", "area", "department", "reported_at", "filed_at",
    "dispatched_at", "handled_at", "closed_at", "due_at", "extra", "pauses", "returns",
    "postpones", "mark", "foreign_number", "alert", "duplicate_of", "access",
)  # fmt: skip
TIMES = ("reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at")
_MARKED = {"file": "filed_at", "dispatch": "dispatched_at", "answer": "handled_at",
           "close": "closed_at"}  # fmt: skip
SELECT = sql.SQL("id, recorded, action, note, changed_by, ST_X(place) AS lon, ST_Y(place) AS lat, ")
COLUMNS = SELECT + sql.SQL(", ").join(map(sql.Identifier, FIELDS))

type Case = dict[str, Any]


def report(
    database: Database, grant: Grant, text: str, *, source: str = "hotline",
    place: tuple[float, float] | None = None, area: str | None = None,
    category: str | None = None, at: datetime | None = None, alert: int | None = None,
    access: str = Access.SHARED,
) -> Case:  # fmt: skip
    """A new case; place in degrees. With a category it is filed at once;
    without an area it is of the one that holds the place, where the city named a layer for that.

    Raises Invalid for what cannot be, Denied where the grant may not write there.
    """
    grant.require(Scope.WRITE)
    text = text.strip()
    if not 0 < len(text) <= LONGEST_TEXT:
        raise Invalid(f"a case has a text of at most {LONGEST_TEXT} characters")
    if source not in SOURCES:
        raise Invalid(f"a case is from {', '.join(SOURCES)}, not '{source}'")
    if access not in [str(one) for one in Access]:
        raise Invalid(f"access is one of {', '.join(Access)}")
    if place and not (abs(place[0]) <= 180 and abs(place[1]) <= 90):
        raise Invalid("a place is [longitude, latitude] in degrees")
    with database.begin() as tx:
        stamp = log.stamp(tx.pg)
        at = _moment(at, stamp)
        if area is None and place is not None:
            area = area_at(tx.pg, place, at, stamp)
        row = tx.pg.execute("SELECT nextval('city.case_id')").fetchone()
        assert row is not None
        case = dict.fromkeys(FIELDS) | {
            "id": row[0], "stage": Stage.collected, "source": source, "text": text, "area": area,
            "reported_at": at, "extra": {}, "pauses": [], "returns": 0, "postpones": 0,
            "alert": alert, "access": access, "lon": place and place[0],
            "lat": place and place[1],
        }  # fmt: skip
        write(tx.pg, grant, case, "report", "", stamp)
        if category is not None:
            found = read(tx.pg, grant, row[0])
            stamp = log.stamp(tx.pg)
            found["stage"] = after(Stage(found["stage"]), "file")
            _act(tx.pg, found, "file", at, stamp, {"category": category})
            write(tx.pg, grant, found, "file", "", stamp)
        return _done(tx.pg, grant, row[0], stamp)


def act(
    database: Database, grant: Grant, id: int, action: str, *, at: datetime | None = None,
    note: str = "", **fields: Any,
) -> Case:  # fmt: skip
    """An action on a case, at a moment up to now.

    fields: of `file` the category (and area); of `dispatch` the department (by assignment without
    one); of `postpone` the hours or days added in the limit's unit; of `assess` the mark, 1 to 5;
    of `correct` any times, category, area, department, duplicate_of and foreign_number.
    Raises Conflict where the stage does not allow it.
    """
    grant.require(Scope.WRITE)
    with database.begin() as tx:
        stamp = log.stamp(tx.pg)
        case = read(tx.pg, grant, id)
        when = _moment(at, stamp)
        case["stage"] = after(Stage(case["stage"]), action)
        _act(tx.pg, case, action, when, stamp, fields)
        write(tx.pg, grant, case, action, note, stamp)
        return _done(tx.pg, grant, id, stamp)


def _act(
    pg: Pg, case: Case, action: str, at: datetime, stamp: datetime, fields: dict[str, Any]
) -> None:
    allowed = {
        "file": {"category", "area"}, "dispatch": {"department"}, "postpone": {"amount"},
        "assess": {"mark"}, "answer": {"foreign_number"},
        "correct": {*TIMES, "category", "area", "department", "duplicate_of", "foreign_number"},
    }.get(action, set())  # fmt: skip
    if unknown := sorted(set(fields) - allowed):
        raise Invalid(
            f"'{action}' takes {', '.join(sorted(allowed)) or 'nothing'}, not {unknown[0]}"
        )
    amount = fields.pop("amount", None)
    case |= fields
    if action == "dispatch" and not case["department"]:
        assigned = config.at(pg, "assignment", at, stamp)
        case["department"] = config.department_of(
            assigned, case["category"] or "", case["area"] or ""
        )
    if action == "dispatch" and case["department"] not in config.at(pg, "department", at, stamp):
        raise Invalid(f"there is no department '{case['department']}': name one, or assign it")
    if action in _MARKED:
        case[_MARKED[action]] = at
    if action == "return":
        case["handled_at"], case["returns"] = None, case["returns"] + 1
    if action == "refuse":
        case["department"] = case["dispatched_at"] = case["foreign_number"] = None
    if action == "postpone":
        if not isinstance(amount, int | float) or not 0 < amount <= 1000:
            raise Invalid("say by how much: amount=2, in the unit of the limit")
        case["extra"] = {"added": case["extra"].get("added", 0) + amount}
        case["postpones"] += 1
    _pause(case, action, at)
    if action == "assess" and case["mark"] not in range(1, 6):
        raise Invalid("a mark is from 1 to 5")
    _check_order(case, stamp)
    if case["filed_at"]:
        case["due_at"] = _due(pg, case, stamp)


def _pause(case: Case, action: str, at: datetime) -> None:
    pauses = case["pauses"]
    paused = bool(pauses) and pauses[-1]["to"] is None
    if action == "pause":
        if paused:
            raise Conflict("the case is paused already")
        pauses.append({"from": format_instant(at), "to": None})
    elif action == "resume" or (paused and action in ("answer", "close", "cancel")):
        if not paused:
            raise Conflict("the case is not paused")
        pauses[-1]["to"] = format_instant(at)


def _check_order(case: Case, stamp: datetime) -> None:
    times = [case[name] for name in TIMES if case[name] is not None]
    if any(not isinstance(one, datetime) or one.tzinfo is None for one in times):
        raise Invalid("times are moments with a time zone")
    if times != sorted(times) or times[-1] > stamp:
        raise Invalid("the times of a case follow one another, and none is ahead of now")


def _due(pg: Pg, case: Case, stamp: datetime) -> datetime | None:
    categories = config.at(pg, "category", case["filed_at"], stamp)
    category = categories.get(case["category"] or "")
    if category is None:
        raise Invalid(f"there is no category '{case['category']}'")
    limit: Limit = category.limit
    added = case["extra"].get("added", 0)
    pauses = [
        (datetime.fromisoformat(one["from"]), one["to"] and datetime.fromisoformat(one["to"]))
        for one in case["pauses"]
    ]
    return deadline(
        Limit(amount=limit.amount + added, unit=limit.unit), case["filed_at"],
        config.calendars(pg, stamp), pauses,
    )  # fmt: skip


def read(pg: Pg, grant: Grant, id: int, known_at: datetime | None = None) -> Case:
    """A case as it is believed, or was known at a moment; raises NotFound."""
    when = (
        sql.SQL("upper_inf(recorded)")
        if known_at is None
        else sql.SQL("recorded @> {}::timestamptz").format(known_at)
    )
    with pg.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            sql.SQL("SELECT {} FROM city.case_record WHERE id = {} AND {} AND {}").format(
                COLUMNS, id, when, row_rule(grant, NAME)
            )
        ).fetchone()
    if row is None:
        raise NotFound(f"there is no case {id}")
    return row


def write(pg: Pg, grant: Grant, case: Case, action: str, note: str, stamp: datetime) -> None:
    """A new edition of a case; raises Denied where the grant may not write such a case."""
    pg.execute(
        "UPDATE city.case_record SET recorded = tstzrange(lower(recorded), %s)"
        " WHERE id = %s AND upper_inf(recorded)",
        [stamp, case["id"]],
    )
    values = [Jsonb(case[name]) if name in ("extra", "pauses") else case[name] for name in FIELDS]
    pg.execute(
        sql.SQL(
            "INSERT INTO city.case_record (id, recorded, action, note, changed_by, place, {})"
            " VALUES (%s, tstzrange(%s, NULL), %s, %s, %s,"
            " ST_SetSRID(ST_MakePoint(%s, %s), 4326), {})"
        ).format(
            sql.SQL(", ").join(map(sql.Identifier, FIELDS)),
            sql.SQL(", ").join([sql.Placeholder()] * len(FIELDS)),
        ),
        [case["id"], stamp, action, note, grant.subject, case["lon"], case["lat"], *values],
    )
    row = pg.execute(
        sql.SQL("SELECT {} FROM city.case_record WHERE id = {} AND upper_inf(recorded)").format(
            row_rule(grant, NAME, writing=True), case["id"]
        )
    ).fetchone()
    if row != (True,):
        raise Denied("this token may not write a case of that class and area")


def _done(pg: Pg, grant: Grant, id: int, stamp: datetime) -> Case:
    case = read(pg, grant, id)
    tell(pg, case, stamp)
    return case


def tell(pg: Pg, case: Case, stamp: datetime) -> None:
    """Note that a case changed, just before the commit."""
    told = {
        "id": case["id"],
        "access": case["access"],
        "area": case["area"],
        "stage": case["stage"],
    }
    notices.tell(pg, stamp, "case", [told])


def _moment(at: datetime | None, stamp: datetime) -> datetime:
    at = (at or stamp).astimezone(UTC)
    if at > stamp:
        raise Invalid("nothing is done ahead of now")
    return at
