"""Working time: which moments count towards a limit, by calendars that are true for a time.

Ordinary hours count on working days between the shifts' bounds; emergency hours (紧急工作时) run
through the night and through holidays; a working day is the end of the last shift of a day, as
day n after the first. Shifts are written in local time: on days when the clocks change they are as
long as they really are.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spatial.errors import Invalid

LONGEST = 366 * 3  # days that a limit may reach


class Unit(StrEnum):
    """What a limit counts."""

    working_hours = "working_hours"  # 工作时
    emergency_hours = "emergency_hours"  # 紧急工作时
    working_days = "working_days"  # 工作日


UNIT_ZH = {
    Unit.working_hours: "工作时",
    Unit.emergency_hours: "紧急工作时",
    Unit.working_days: "工作日",
}


class Limit(BaseModel):
    """How long something may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    amount: Annotated[float, Field(gt=0, le=10_000)]
    unit: Unit

    @model_validator(mode="after")
    def _whole_days(self) -> Self:
        if self.unit is Unit.working_days and self.amount != int(self.amount):
            raise ValueError("working days are counted whole")
        return self


class Calendar(BaseModel):
    """A city's working time while it holds.

    shifts: (start, end) of each weekday's work in local time, Monday's first; holidays, and
    make-up days (调休上班) that work by the shifts of Monday.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    timezone: str = "Asia/Shanghai"
    shifts: tuple[tuple[tuple[time, time], ...], ...] = (
        ((time(9), time(12)), (time(14), time(18))),
    ) * 5 + ((), ())
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.timezone not in available_timezones():
            raise ValueError("this is no time zone: write Asia/Shanghai")
        if len(self.shifts) != 7:
            raise ValueError("there are shifts for seven weekdays, Monday's first")
        for day in self.shifts:
            bounds = [bound for shift in day for bound in shift]
            if sorted(set(bounds)) != bounds:
                raise ValueError("the shifts of a day follow one another")
        if self.holidays & self.workdays:
            raise ValueError("no day is both a holiday and a make-up day")
        return self

    def shifts_of(self, day: date) -> tuple[tuple[time, time], ...]:
        """The local shifts of a day."""
        if day in self.holidays:
            return ()
        return self.shifts[0] if day in self.workdays else self.shifts[day.weekday()]

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def parse(document: Any) -> Calendar:
    """A calendar of a document; raises Invalid with the first thing that is wrong with it."""
    try:
        return Calendar.model_validate(document)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise Invalid(f"a calendar: {reason}") from None


@dataclass(frozen=True)
class Calendars:
    """Calendars one after the other: (since, calendar) by ascending moments, the first for ever."""

    versions: Sequence[tuple[datetime, Calendar]]

    def at(self, moment: datetime) -> Calendar:
        """The calendar that holds at a moment."""
        since = [one[0] for one in self.versions]
        return self.versions[max(bisect_right(since, moment) - 1, 0)][1]

    def shifts(self, moment: datetime, days: int = LONGEST) -> Iterator[tuple[datetime, datetime]]:
        """The working stretches of the local days from a moment's on, by the calendars of each."""
        first = moment.astimezone(self.at(moment).zone).date()
        for n in range(days):
            day = first + timedelta(days=n)
            noon = datetime.combine(day, time(12), self.at(moment).zone)
            calendar = self.at(noon)
            for start, end in calendar.shifts_of(day):
                begins, ends = (
                    datetime.combine(day, bound, calendar.zone).astimezone(UTC)
                    for bound in (start, end)
                )
                yield begins, ends


def deadline(
    limit: Limit,
    start: datetime,
    calendars: Calendars,
    pauses: Sequence[tuple[datetime, datetime | None]] = (),
) -> datetime | None:
    """By when something is due that began at a moment; None while its clock stands still.

    pauses: stretches that do not count, in order and apart; None while one lasts. For working days
    the day on which it began does not count, and days that are paused at their end do not either.
    Raises Invalid for a limit that reaches further than three years.
    """
    start = start.astimezone(UTC)
    if limit.unit is Unit.working_days:
        stretches = _day_ends(start, calendars)
        left = int(limit.amount)
        for day_end in stretches:
            pause = _paused(day_end, pauses)
            if pause is not None:
                if pause[1] is None:
                    return None
                continue
            left -= 1
            if not left:
                return day_end
        raise Invalid("this limit reaches further than three years")
    need = timedelta(hours=limit.amount)
    working = (
        [(start, start + timedelta(days=LONGEST))]
        if limit.unit is Unit.emergency_hours
        else calendars.shifts(start)
    )
    for begins, ends in _without(working, pauses):
        begins = max(begins, start)
        if begins >= ends:
            continue
        if ends - begins >= need:
            return begins + need
        need -= ends - begins
    if pauses and pauses[-1][1] is None:
        return None
    raise Invalid("this limit reaches further than three years")


def worked(
    unit: Unit,
    start: datetime,
    end: datetime,
    calendars: Calendars,
    pauses: Sequence[tuple[datetime, datetime | None]] = (),
) -> float:
    """How much of a unit passed between two moments: hours, or ends of working days."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    days = min((end - start).days + 2, LONGEST)
    if unit is Unit.working_days:
        return sum(
            day_end <= end and _paused(day_end, pauses) is None
            for day_end in _day_ends(start, calendars, days)
        )
    working = [(start, end)] if unit is Unit.emergency_hours else calendars.shifts(start, days)
    spent = timedelta()
    for begins, ends in _without(working, pauses):
        spent += max(min(ends, end) - max(begins, start), timedelta())
    return spent / timedelta(hours=1)


def _day_ends(start: datetime, calendars: Calendars, days: int = LONGEST) -> Iterator[datetime]:
    """The ends of the working days after the local day of a moment."""
    zone = calendars.at(start).zone
    today = start.astimezone(zone).date()
    ends = (end for _, end in calendars.shifts(start, days))
    for day, of_day in groupby(ends, lambda end: end.astimezone(zone).date()):
        if day > today:
            yield max(of_day)


def _paused(
    moment: datetime, pauses: Sequence[tuple[datetime, datetime | None]]
) -> tuple[datetime, datetime | None] | None:
    return next(
        (one for one in pauses if one[0] <= moment and (one[1] is None or moment < one[1])), None
    )


def _without(
    stretches: Iterable[tuple[datetime, datetime]],
    pauses: Sequence[tuple[datetime, datetime | None]],
) -> Iterable[tuple[datetime, datetime]]:
    """Stretches less the pauses."""
    found = stretches
    for pause, until in pauses:
        cut = []
        for begins, ends in found:
            if begins < pause:
                cut.append((begins, min(ends, pause)))
            if until is not None and ends > until:
                cut.append((max(begins, until), ends))
        found = cut
    return found


#: Nine to twelve and two to six from Monday to Friday, until a city says its own.
STANDARD = Calendars([(datetime.min.replace(tzinfo=UTC), Calendar())])
