"""A recorded stretch replayed: each reading again, in order, at its pace."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from citytwin.door import Door
from citytwin.replay import of_city, of_readings, replay
from spatial.asof import Interval
from spatial.database import Database
from tests.twin_model.conftest import ago, reading
from tests.twin_model.test_store import put
from twin_model.decode import JSON, decode

VALUES: list[Any] = [1.5, "wet", [120.3, 31.5], 2.5]


class Kept(Door):
    """A door that keeps what is put through it."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9/", "none")
        self.rows: list[dict[str, Any]] = []
        self.when: list[float] = []

    def put(self, rows: Any) -> dict[str, int]:
        self.rows += rows
        self.when += [time.monotonic()] * len(rows)
        return {"accepted": len(rows)}


@pytest.mark.parametrize("source", ["file", "city"])
def test_each_reading_comes_again_at_its_pace(
    database: Database, gauges: list[str], source: str
) -> None:
    rows = [
        reading(f"c{n}", value, at=ago(200 - 20 * n), property=f"p{n}")
        for n, value in enumerate(VALUES)
    ]
    if source == "file":
        recorded = of_readings(decode(orjson.dumps(rows[::-1]), JSON, ZoneInfo("UTC")))
    else:
        put(database, rows)
        end = datetime.now(UTC)
        recorded = of_city(database, Interval(end - timedelta(minutes=10), end))
    door = Kept()
    began = datetime.now(UTC)
    assert replay(door, recorded, speed=20, now=True) == len(VALUES)
    door.close()
    assert [row["value"] for row in door.rows] == VALUES
    assert [row["asset"] for row in door.rows] == gauges[:4]
    # a minute at twenty times its pace takes three seconds
    assert 2.9 < door.when[-1] - door.when[0] < 4
    at = [datetime.fromisoformat(row["at"]) for row in door.rows]
    assert timedelta(0) <= at[0] - began < timedelta(seconds=1)
    assert abs((at[-1] - at[0]).total_seconds() - 3) < 0.1
