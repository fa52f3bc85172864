from typing import Any
from zoneinfo import ZoneInfo

import pytest

from spatial.database import Database
from spatial.errors import Denied
from spatial.grant import ANONYMOUS, OWNER
from tests.twin_model.conftest import ago, reading
from twin_model.decode import from_rows
from twin_model.store import Receipt, store

ZONE = ZoneInfo("Asia/Shanghai")


def put(database: Database, rows: list[Any], **options: Any) -> Receipt:
    return store(database, from_rows(rows, ZONE), options.pop("grant", OWNER), **options)


def count(database: Database, table: str) -> int:
    with database.begin() as tx:
        row = tx.pg.execute(f"SELECT count(*) FROM city.{table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_readings_are_stored_with_their_cursor(database: Database, gauges: list[str]) -> None:
    first = put(database, [reading(name, n) for n, name in enumerate(gauges)])
    assert (first.accepted, first.duplicates, first.quarantined) == (5, 0, 0)
    second = put(database, [reading("c0", 1.5), reading("c1", "open", property="gate")])
    assert second.accepted == 2
    assert second.cursor > first.cursor
    assert count(database, "observation") == 7
    assert count(database, "latest") == 6


def test_late_readings_go_to_their_own_table(database: Database, gauges: list[str]) -> None:
    put(database, [reading("c0", 1, seconds=10), reading("c0", 2, seconds=3600)])
    assert count(database, "observation") == 1
    assert count(database, "late") == 1


def test_a_batch_is_stored_once_by_its_key(database: Database, gauges: list[str]) -> None:
    rows = [reading("c0", 1), reading("c1", 2)]
    first = put(database, rows, key="monday")
    again = put(database, rows, key="monday")
    assert (again.accepted, again.duplicates, again.cursor) == (0, 2, first.cursor)
    assert count(database, "observation") == 2


def test_a_reading_is_stored_once_by_its_id(database: Database, gauges: list[str]) -> None:
    rows = [reading("c0", 1, id="a"), reading("c1", 1, id="a"), reading("c0", 1, 2, id=7)]
    assert put(database, [*rows, rows[0]]).accepted == 3
    again = put(database, [*rows, reading("c0", 5, id="b"), reading("c0", 6)])
    assert (again.accepted, again.duplicates) == (2, 3)
    assert count(database, "observation") == 5


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a text", "a reading is an object"),
        ({"property": "level", "at": ago(1), "value": 1}, "no 'asset'"),
        (reading("nobody", 1), "no such asset"),
        (reading("c0", None), "the value is no number"),
        (reading("c0", [200, 95]), "a position is"),
        (reading("c0", "wet"), "of kind number"),
        (reading("c0", 1, at="yesterday"), "cannot be read"),
        (reading("c0", 1, at="2026-01-01"), "cannot be read"),
        (reading("c0", 1, at="1970-01-01T00:00:00Z"), "the sensor's own is wrong"),
        (reading("c0", 1, at="2099-01-01T00:00:00Z"), "the sensor's own is wrong"),
        (reading("c0", 1, unit="furlong"), "furlong"),
        (reading("c0", 1, unit="s"), "'s' is not 'm'"),
        (reading("c0", 1, quality="fine"), "quality is one of"),
        (reading("c0", float("inf")), "not a finite number"),
        (reading("c0", 1, property="a b"), "a property is one word"),
        (reading("c0", "a\0b", property="gate"), "a word has 1 to"),
        (reading("c0", 1, unit="\0"), "is no unit"),
        (reading("c\0", 1), "no such asset"),
    ],
)
def test_what_cannot_be_taken_is_quarantined_with_the_reason(
    database: Database, gauges: list[str], row: Any, why: str
) -> None:
    put(database, [reading("c0", 1, 60, unit="m")])
    receipt = put(database, [reading("c1", 2), row])
    assert (receipt.accepted, receipt.quarantined) == (1, 1)
    with database.begin() as tx:
        found = tx.pg.execute("SELECT reason, reading FROM city.quarantine").fetchall()
    assert len(found) == 1
    assert why in found[0][0]


def test_values_are_converted_to_the_unit_of_the_series(
    database: Database, gauges: list[str]
) -> None:
    put(database, [reading("c0", 1.5, unit="m"), reading("c0", 250, 2, unit="cm")])
    put(database, [reading("c1", 20, unit="Cel"), reading("c1", 300, 2, unit="K")])
    with database.begin() as tx:
        values = [x for (x,) in tx.pg.execute("SELECT x FROM city.observation ORDER BY x")]
    assert values == pytest.approx([1.5, 2.5, 20, 26.85])


def test_writing_needs_the_scope(database: Database, gauges: list[str]) -> None:
    with pytest.raises(Denied):
        put(database, [reading("c0", 1)], grant=ANONYMOUS)
