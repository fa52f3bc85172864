"""Times as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from spatial.asof import AsOf, Interval, as_of, format_when, parse_instant, parse_when
from spatial.errors import Invalid

SHANGHAI = ZoneInfo("Asia/Shanghai")
SAMOA = ZoneInfo("Pacific/Apia")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2019", "2019-12-31T15:59:59.999999+00:00"),
        ("2019-02", "2019-02-28T15:59:59.999999+00:00"),
        ("2020-02", "2020-02-29T15:59:59.999999+00:00"),
        ("2024-06-01", "2024-06-01T15:59:59.999999+00:00"),
        ("2024-06-01T08:00:00Z", "2024-06-01T08:00:00+00:00"),
        ("2024-06-01T08:00:00", "2024-06-01T00:00:00+00:00"),
        ("2024-06-01 08:00+02:00", "2024-06-01T06:00:00+00:00"),
        ("9998", "9998-12-31T15:59:59.999999+00:00"),
    ],
)
def test_a_bare_date_is_its_end_in_the_citys_zone(text: str, instant: str) -> None:
    assert parse_instant(text, SHANGHAI) == datetime.fromisoformat(instant)


def test_a_day_that_a_zone_skipped_is_no_trap() -> None:
    assert parse_instant("2011-12-29", SAMOA) < parse_instant("2011-12-31", SAMOA)


@pytest.mark.parametrize("text", ["", "x", "2019-13", "2019-02-30", "99999", "2019/2018", "1/2/3"])
def test_what_is_no_time_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid):
        parse_when(text, SHANGHAI)


def test_intervals_open_and_closed() -> None:
    assert parse_when("../2019", SHANGHAI) == Interval(None, parse_instant("2019", SHANGHAI))
    both = parse_when("2019/2020", SHANGHAI)
    assert both == Interval(
        parse_instant("2019", SHANGHAI, end=False), parse_instant("2020", SHANGHAI)
    )
    assert parse_when("now") is None


def test_params_reproduce_the_value() -> None:
    asof = AsOf(
        Interval(datetime(2019, 1, 1, tzinfo=UTC), None), datetime(2020, 1, 1, tzinfo=UTC), "plan"
    )
    params = asof.params()
    assert as_of(params["datetime"], params["known_at"], params["scenario"]) == asof
    assert AsOf().params() == {}
    assert format_when(datetime(2019, 1, 1, tzinfo=UTC)) == "2019-01-01T00:00:00Z"
