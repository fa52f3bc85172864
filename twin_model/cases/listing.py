"""Cases found: by stage, department, area and time; their history; and what may be one of them."""

from datetime import timedelta
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row
from rapidfuzz.fuzz import ratio

from spatial.asof import Interval, format_instant
from spatial.database import Pg
from spatial.errors import NotFound
from spatial.grant import Grant, row_rule
from spatial.moment import Moment
from twin_model.cases.flow import STAGE_ZH, Stage
from twin_model.cases.register import COLUMNS, NAME, Case

NEAR_M, WITHIN = 100.0, timedelta(hours=48)
MOST = 1000


def cases(
    pg: Pg, grant: Grant, moment: Moment, *, stage: str | None = None,
    department: str | None = None, area: str | None = None, number: str | None = None,
    limit: int = 100,
) -> list[Case]:  # fmt: skip
    """The newest cases that were reported by a moment, or in an interval, as known."""
    when = moment.valid_at
    span = when if isinstance(when, Interval) else Interval(None, when)
    wanted = {"stage": stage, "department": department, "foreign_number": number}
    conditions = [
        sql.SQL("recorded @> {}::timestamptz").format(moment.known_at),
        row_rule(grant, NAME),
        *(sql.SQL("{} = {}").format(sql.Identifier(k), v) for k, v in wanted.items() if v),
    ]
    if area:
        conditions.append(sql.SQL("starts_with(area, {})").format(area))
    if span.start:
        conditions.append(sql.SQL("reported_at >= {}").format(span.start))
    if span.end:
        conditions.append(sql.SQL("reported_at <= {}").format(span.end))
    return _fetch(pg, conditions, sql.SQL("reported_at DESC, id DESC"), min(limit, MOST))


def history(pg: Pg, grant: Grant, id: int) -> list[Case]:
    """Every edition of a case that the grant may see, in the order of the books."""
    conditions = [sql.SQL("id = {}").format(id), row_rule(grant, NAME)]
    found = _fetch(pg, conditions, sql.SQL("version"), MOST)
    if not found:
        raise NotFound(f"there is no case {id}")
    return found


def duplicates(pg: Pg, grant: Grant, case: Case) -> list[dict[str, Any]]:
    """Cases that may be the same: open, within 100 m and two days, the likest first.

    score: 0 to 1, the mean of nearness in place and likeness of text, 1 for the same category.
    """
    if case["lon"] is None:
        return []
    here = sql.SQL("ST_SetSRID(ST_MakePoint({}, {}), 4326)").format(case["lon"], case["lat"])
    apart = sql.SQL("ST_DistanceSphere(place, {})").format(here)
    at = case["reported_at"]
    conditions = [
        sql.SQL("upper_inf(recorded)"), row_rule(grant, NAME),
        sql.SQL("id <> {}").format(case["id"]),
        sql.SQL("stage NOT IN ('closed', 'assessed', 'cancelled')"),
        sql.SQL("reported_at BETWEEN {} AND {}").format(at - WITHIN, at + WITHIN),
        # a degree of latitude is 111 km; of longitude it shrinks to the poles
        sql.SQL("place && ST_Expand({}, 0.01 / greatest(cosd({}), 0.01), 0.01)").format(
            here, case["lat"]
        ),
        sql.SQL("{} <= {}").format(apart, NEAR_M),
    ]  # fmt: skip
    near = dict(
        pg.execute(
            sql.SQL("SELECT id, {} FROM city.case_record WHERE {}").format(
                apart, sql.SQL(" AND ").join(conditions)
            )
        ).fetchall()
    )
    found = []
    for other in _fetch(pg, conditions, sql.SQL("id"), MOST):
        texts = ("".join(one["text"].split()) for one in (case, other))
        like = ratio(*texts) / 100
        if other["category"] is not None and other["category"] == case["category"]:
            like = 1.0
        metres = near[other["id"]]
        score = (like + 1 - metres / NEAR_M) / 2
        found.append({"id": other["id"], "score": round(score, 3), "metres": round(metres, 1)})
    return sorted(found, key=lambda one: (-one["score"], one["id"]))


def document(case: Case) -> dict[str, Any]:
    """A case for the wire."""
    plain = {
        name: format_instant(value) if name.endswith("_at") and value else value
        for name, value in case.items()
        if name not in ("recorded", "lon", "lat", "extra")
    }
    recorded = case["recorded"]
    return plain | {
        "stage_zh": STAGE_ZH[Stage(case["stage"])],
        "place": None if case["lon"] is None else [case["lon"], case["lat"]],
        "recorded": format_instant(recorded.lower),
    }


def _fetch(
    pg: Pg, conditions: list[sql.Composable], order: sql.Composable, limit: int
) -> list[Case]:
    with pg.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            sql.SQL("SELECT {} FROM city.case_record WHERE {} ORDER BY {} LIMIT {}").format(
                COLUMNS, sql.SQL(" AND ").join(conditions), order, limit
            )
        ).fetchall()
