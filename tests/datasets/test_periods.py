"""Valid times from fields and literals; periods worked out by hand in the city's zone, UTC+8."""

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from datasets.columns import Field
from datasets.periods import moment, periods
from spatial.errors import Rejected

ZONE = ZoneInfo("Asia/Shanghai")
FIELDS = (Field("built", "建成", pa.int32(), 0), Field("gone", "gone", pa.string(), 1))


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2019", utc(2018, 12, 31, 16), utc(2019, 12, 31, 16)),
        (2019, utc(2018, 12, 31, 16), utc(2019, 12, 31, 16)),
        (2019.0, utc(2018, 12, 31, 16), utc(2019, 12, 31, 16)),
        (201905, utc(2019, 4, 30, 16), utc(2019, 5, 31, 16)),
        ("20190501", utc(2019, 4, 30, 16), utc(2019, 5, 1, 16)),
        ("2019-05-01", utc(2019, 4, 30, 16), utc(2019, 5, 1, 16)),
        (dt.date(2019, 5, 1), utc(2019, 4, 30, 16), utc(2019, 5, 1, 16)),
        ("2019-05-01T08:00+08:00", utc(2019, 5, 1), utc(2019, 5, 1)),
        ("2019-05-01 08:00", utc(2019, 5, 1), utc(2019, 5, 1)),
        (" ", None, None),
        (None, None, None),
    ],
)
def test_a_period_starts_and_ends(value, start, end):
    assert moment(value, ZONE, end=False) == start
    assert moment(value, ZONE, end=True) == end


def test_registers_that_write_9999_mean_no_end():
    assert moment("9999-12-31", ZONE, end=True) is None


def test_rows_are_dated_by_field_and_literal():
    dating = periods(FIELDS, "建成", "2021", ZONE)
    columns, reasons = dating.of({"built": pa.array([2019, None, 2021, 2022])}, 4)
    assert columns["valid_from"].to_pylist() == [
        utc(2018, 12, 31, 16),
        None,
        utc(2020, 12, 31, 16),
        utc(2021, 12, 31, 16),
    ]
    assert columns["valid_to"].to_pylist() == [utc(2021, 12, 31, 16)] * 4
    assert reasons[:3].tolist() == [None] * 3
    assert "no time at all" in reasons[3]


def test_a_time_that_cannot_be_read_refuses_its_row():
    gone = pa.array(["2019", "拆除", None, "2019-13-40"], pa.string())
    _, reasons = periods(FIELDS, None, "gone", ZONE).of({"gone": gone}, 4)
    assert [reason is not None for reason in reasons] == [False, True, False, True]
    assert "拆除" in reasons[1]


def test_timestamps_are_taken_as_they_are():
    gone = pa.array([utc(2020, 1, 1), None], pa.timestamp("us", "UTC"))
    columns, _ = periods(FIELDS, None, "gone", ZONE).of({"gone": gone}, 2)
    assert columns["valid_to"].to_pylist() == [utc(2020, 1, 1), None]


def test_without_times_nothing_is_added():
    columns, reasons = periods(FIELDS, None, None, ZONE).of({}, 2)
    assert (columns, reasons.tolist()) == ({}, [None, None])


def test_neither_time_nor_field_is_refused():
    with pytest.raises(Rejected, match=r"'demolished' is neither a time.*建成, gone"):
        periods(FIELDS, None, "demolished", ZONE)
