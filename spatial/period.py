"""Half-open stretches of time as SQL. Open sides are None, never infinity."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from psycopg import sql

from spatial.asof import Interval, When, format_instant, is_bare, parse_instant, parse_period
from spatial.errors import Invalid


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end) of valid time; None leaves a side open."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise Invalid(
                f"a period must end after it starts, not from {format_instant(self.start)} "
                f"to {format_instant(self.end)}"
            )

    def meet(self, other: "Period") -> "Period":
        """What both hold; raises Invalid where that is nothing."""
        starts = [start for start in (self.start, other.start) if start is not None]
        ends = [end for end in (self.end, other.end) if end is not None]
        return Period(max(starts, default=None), min(ends, default=None))


ALWAYS = Period()


def parse_bounds(start: str | None, end: str | None, zone: tzinfo) -> Period:
    """A period from its bounds as written; nothing and `..` leave a side open.

    A bare year, month or date is meant whole: from its start, and to its end.
    """
    first, last = (None if text in (None, "", "..") else text.strip() for text in (start, end))
    return Period(
        None if first is None else parse_instant(first, zone, end=False),
        None
        if last is None
        else parse_period(last, zone)[1]
        if is_bare(last)
        else parse_instant(last, zone),
    )


def tstzrange(period: Period) -> sql.Composed:
    """A period as a tstzrange expression."""
    return sql.SQL("tstzrange({}, {})").format(period.start, period.end)


def holds(column: str, when: When) -> sql.Composed:
    """The condition that a range column is true at an instant, or meets an interval."""
    if isinstance(when, Interval):
        return sql.SQL("{} && tstzrange({}, {}, '[]')").format(
            sql.Identifier(column), when.start, when.end
        )
    return sql.SQL("{} @> {}").format(sql.Identifier(column), instant(when))


def instant(moment: datetime) -> sql.Composed:
    """An instant as a timestamptz constant."""
    return sql.SQL("{}::timestamptz").format(sql.Literal(moment))
