"""Working time against deadlines worked out by hand with a calendar on the wall."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.errors import Invalid
from twin_model.cases.calendar import (
    STANDARD,
    Calendar,
    Calendars,
    Limit,
    Unit,
    deadline,
    parse,
    worked,
)  # fmt: skip

WUXI = ZoneInfo("Asia/Shanghai")
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
# National Day 2025: holidays from 1 to 8 October, made up for on Sunday 28 September and
# Saturday 11 October
OCTOBER = Calendar(
    holidays=frozenset(date(2025, 10, day) for day in range(1, 9)),
    workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11)}),
)
CITY = Calendars([(ALWAYS, OCTOBER)])


def hours(amount: float) -> Limit:
    return Limit(amount=amount, unit=Unit.working_hours)


def local(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2025, month, day, hour, minute, tzinfo=WUXI)


@pytest.mark.parametrize(
    ("limit", "start", "due"),
    [
        # Tuesday 23 September
        (hours(2), local(9, 23, 9), local(9, 23, 11)),
        (hours(2), local(9, 23, 11), local(9, 23, 15)),  # over noon
        (hours(3), local(9, 23, 9), local(9, 23, 12)),  # to the very end of a shift
        (hours(2), local(9, 23, 17), local(9, 24, 10)),  # overnight
        (hours(2), local(9, 23, 20), local(9, 24, 11)),  # reported in the evening
        (hours(7), local(9, 26, 9), local(9, 26, 18)),  # Friday
        (hours(8), local(9, 26, 9), local(9, 28, 10)),  # then the make-up Sunday
        (hours(8), local(9, 30, 9), local(10, 9, 10)),  # over the whole holiday
        (hours(15), local(10, 10, 9), local(10, 13, 10)),  # make-up Saturday, then Monday
        # emergency hours run through noon, night and holiday
        (Limit(amount=12, unit=Unit.emergency_hours), local(9, 30, 22), local(10, 1, 10)),
        # working days: the day of the report does not count
        (Limit(amount=1, unit=Unit.working_days), local(9, 23, 9), local(9, 24, 18)),
        (Limit(amount=3, unit=Unit.working_days), local(9, 26, 20), local(9, 30, 18)),
        (Limit(amount=2, unit=Unit.working_days), local(9, 30, 9), local(10, 10, 18)),
        (Limit(amount=1, unit=Unit.working_days), local(10, 4, 9), local(10, 9, 18)),
    ],
)
def test_deadlines_in_a_golden_week(limit: Limit, start: datetime, due: datetime) -> None:
    found = deadline(limit, start, CITY)
    assert found == due
    assert worked(limit.unit, start, due, CITY) == pytest.approx(limit.amount)


def test_pauses_do_not_count() -> None:
    noon = [(local(9, 23, 10), local(9, 23, 15))]
    assert deadline(hours(3), local(9, 23, 9), CITY, noon) == local(9, 23, 17)
    night = [(local(9, 23, 17), local(9, 24, 9, 30))]
    assert deadline(hours(8), local(9, 23, 9), CITY, night) == local(9, 24, 11, 30)
    assert deadline(hours(3), local(9, 23, 9), CITY, [(local(9, 23, 10), None)]) is None
    assert deadline(hours(1), local(9, 23, 9), CITY, [(local(9, 23, 10), None)]) == local(9, 23, 10)
    two = Limit(amount=2, unit=Unit.working_days)
    paused = [(local(9, 24, 16), local(9, 25, 12))]  # Wednesday does not count, Thursday does
    assert deadline(two, local(9, 23, 9), CITY, paused) == local(9, 26, 18)
    assert deadline(two, local(9, 23, 9), CITY, [(local(9, 24, 16), None)]) is None


def test_a_calendar_holds_from_a_day_on() -> None:
    summer = Calendar.model_validate(
        {"shifts": [[["08:00", "12:00"], ["15:00", "18:00"]]] * 5 + [[], []]}
    )
    both = Calendars([(ALWAYS, OCTOBER), (local(9, 24), summer)])
    assert deadline(hours(9), local(9, 23, 9), both) == local(9, 24, 10)
    assert deadline(hours(13), local(9, 23, 9), both) == local(9, 24, 17)


def test_hours_are_as_long_as_they_are_when_clocks_change() -> None:
    # Paris, Sunday 29 March 2026: at two o'clock it is three; 25 October: at three it is two
    night = [[["00:00", "08:00"]]] * 7
    paris = Calendars([(ALWAYS, parse({"timezone": "Europe/Paris", "shifts": night}))])
    zone = ZoneInfo("Europe/Paris")
    for day, due in ((datetime(2026, 3, 29), 6), (datetime(2026, 10, 25), 4)):
        start = day.replace(tzinfo=zone)
        assert deadline(hours(5), start, paris) == day.replace(hour=due, tzinfo=zone)
    assert worked(
        Unit.working_hours, datetime(2026, 3, 29, tzinfo=zone), datetime(2026, 3, 30, tzinfo=zone),
        paris,
    ) == 7  # fmt: skip


moments = st.datetimes(datetime(2025, 9, 1), datetime(2025, 10, 20), timezones=st.just(UTC))


@settings(max_examples=100, deadline=None)
@given(moments, st.integers(1, 60), st.lists(moments, max_size=4))
def test_what_was_worked_until_the_deadline_is_the_limit(
    start: datetime, amount: int, bounds: list[datetime]
) -> None:
    edges = sorted(set(bounds))
    pauses = list(zip(edges[0::2], edges[1::2], strict=False))
    due = deadline(hours(amount), start, CITY, pauses)
    assert due is not None
    assert worked(Unit.working_hours, start, due, CITY, pauses) == pytest.approx(amount)
    minute_before = due - timedelta(minutes=1)
    assert worked(Unit.working_hours, start, minute_before, CITY, pauses) < amount


def test_what_makes_no_sense_is_refused() -> None:
    for wrong, why in (
        ({"timezone": "Wuxi"}, "no time zone"),
        ({"shifts": [[]]}, "seven weekdays"),
        ({"shifts": [[["12:00", "09:00"]]] + [[]] * 6}, "follow one another"),
        ({"holidays": ["2025-10-01"], "workdays": ["2025-10-01"]}, "both"),
        ({"holidays": ["soon"]}, "calendar"),
    ):
        with pytest.raises(Invalid, match=why):
            parse(wrong)
    idle = Calendars([(ALWAYS, parse({"shifts": [[]] * 7}))])
    with pytest.raises(Invalid, match="three years"):
        deadline(hours(1), local(9, 23), idle)
    with pytest.raises(ValueError, match="whole"):
        Limit(amount=1.5, unit=Unit.working_days)
    assert deadline(hours(1), local(9, 23, 9), STANDARD) == local(9, 23, 10)
