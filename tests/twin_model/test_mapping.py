"""Tables of other makes become readings."""

from zoneinfo import ZoneInfo

import pytest

from spatial.errors import Invalid
from twin_model.decode import CSV, decode_parts
from twin_model.mapping import mapped, parse

WIDE = b"time,s1,s2\n2026-03-01 00:00,1,\n2026-03-01 00:05,2,4.5\n"
LONG = b"station,when,PM2.5\nA,2026-03-01 00:00,30\nB,2026-03-01 00:00,40\n"


def rows(body: bytes, columns: list[str], fixed: list[str], spread: str | None) -> list[object]:
    (found,) = decode_parts(
        body, CSV, ZoneInfo("Asia/Shanghai"), 100,
        lambda table: mapped(table, parse(columns), parse(fixed), spread),
    )  # fmt: skip
    assert not found.refused
    return [
        (found.asset[n].as_py(), found.property[n].as_py(), int(found.at[n]) // 1_000_000, x)
        for n, x in enumerate(found.x.tolist())
    ]


def test_a_column_for_each_station() -> None:
    start = 1_772_294_400  # 2026-03-01 in Shanghai
    assert rows(WIDE, ["at=time"], ["property=speed"], "asset") == [
        ("s1", "speed", start, 1),
        ("s1", "speed", start + 300, 2),
        ("s2", "speed", start + 300, 4.5),
    ]


def test_a_column_for_each_property() -> None:
    told = rows(LONG, ["asset=station", "at=when"], [], "property")
    assert [row[:2] + row[3:] for row in told] == [("A", "PM2.5", 30), ("B", "PM2.5", 40)]
    assert told == rows(LONG, ["asset=station", "at=when", "value=PM2.5"], ["property=PM2.5"], None)


def test_columns_that_are_not_there_are_named() -> None:
    with pytest.raises(Invalid, match="no column 'hour'"):
        rows(WIDE, ["at=hour"], [], "asset")
    with pytest.raises(Invalid, match="NAME=COLUMN"):
        parse(["time"])
