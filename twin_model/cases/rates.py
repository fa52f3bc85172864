"""How cases went: the rates of a period, as known at any moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from spatial.database import Pg
from spatial.errors import Invalid
from spatial.grant import Grant, row_rule
from twin_model.cases.register import NAME

GROUPS = ("area", "department", "category")
# due in the period; of these ended in time, ended at all; returned at least once
_COUNTS = """
SELECT {group}, count(*) FILTER (WHERE due), count(*) FILTER (WHERE due AND closed_at <= due_at),
    count(*) FILTER (WHERE due AND closed_at <= {known}),
    count(*) FILTER (WHERE due AND postpones > 0),
    count(*) FILTER (WHERE reported_at >= {start} AND reported_at < {end}),
    count(*) FILTER (WHERE filed_at >= {start} AND filed_at < {end}),
    count(*) FILTER (WHERE closed_at >= {start} AND closed_at < {end}),
    count(*) FILTER (WHERE closed_at >= {start} AND closed_at < {end} AND returns > 0),
    avg(mark) FILTER (WHERE closed_at >= {start} AND closed_at < {end})::float8
FROM (SELECT *, coalesce(due_at >= {start} AND due_at < least({end}, {known})
        AND stage <> 'cancelled', false) AS due
      FROM city.case_record WHERE recorded @> {known}::timestamptz AND {rule}
        AND reported_at < {end}) cases
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of a group over [start, end), as known at a moment.

    due: cases whose limit ended in it (应结案数), not cancelled; in_time: of these closed by their
    limit; closed_of_due: of these closed by the moment of knowledge.
    """

    group: str | None
    due: int
    in_time: int
    closed_of_due: int
    postponed: int
    reported: int
    filed: int
    closed: int
    returned: int
    mark: float | None

    def document(self) -> dict[str, Any]:
        """The counts and rates; a rate of nothing is None."""
        return {
            "group": self.group,
            "reported": self.reported,
            "filed": self.filed,
            "due": self.due,
            "closed": self.closed,
            "on_time_rate": _share(self.in_time, self.due),  # 按期结案率
            "closing_rate": _share(self.closed_of_due, self.due),  # 结案率
            "overdue": self.due - self.in_time,
            "postponed_rate": _share(self.postponed, self.due),  # 延期率
            "return_rate": _share(self.returned, self.closed),  # 返工率
            "mark": self.mark,  # 满意度
        }


def rates(
    pg: Pg, grant: Grant, start: datetime, end: datetime, known_at: datetime,
    by: str | None = None,
) -> list[Rates]:  # fmt: skip
    """The rates of a period as they were known at a moment, whole or by area and so on."""
    if by is not None and by not in GROUPS:
        raise Invalid(f"cases are grouped by {', '.join(GROUPS)}, not '{by}'")
    query = sql.SQL(_COUNTS).format(
        group=sql.SQL("NULL::text") if by is None else sql.Identifier(by),
        start=sql.Literal(start), end=sql.Literal(end), known=sql.Literal(known_at),
        rule=row_rule(grant, NAME),
    )  # fmt: skip
    found = [Rates(*row) for row in pg.execute(query).fetchall()]
    return found or ([Rates(None, 0, 0, 0, 0, 0, 0, 0, 0, None)] if by is None else [])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
