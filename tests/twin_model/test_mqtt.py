"""A real broker, restarted; a real subscriber, killed: what was acknowledged is stored, once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import paho.mqtt.client as paho
import pytest
from broker import Broker, until
from paho.mqtt.enums import CallbackAPIVersion

from spatial.database import Database
from tests.twin_model.conftest import reading
from tests.twin_model.test_store import count, put
from twin_model.roll import read
from twin_model.topics import Topics

ROOT = Path(__file__).parents[2]
PART = 600
LISTEN = """
import sys
from threading import Event
from spatial.database import Database
from spatial.grant import OWNER
from zoneinfo import ZoneInfo
from twin_model.mqtt import Subscriber
from twin_model.topics import Topics
Subscriber(Database(sys.argv[1]), sys.argv[2], Topics(), OWNER, ZoneInfo("UTC")).run(Event())
"""


@pytest.fixture
def poster(broker: Broker) -> Iterator[paho.Client]:
    """A station that keeps what the broker has not acknowledged, and connects again."""
    client = paho.Client(CallbackAPIVersion.VERSION2, "station", clean_session=False)
    client.max_inflight_messages_set(1000)
    acknowledged: set[int] = set()
    client.user_data_set(acknowledged)
    client.on_publish = lambda _, mids, mid, *__: mids.add(mid)
    client.reconnect_delay_set(1, 1)
    client.connect_async("127.0.0.1", broker.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def test_acknowledged_is_stored_once_whatever_dies(
    database: Database, conninfo: str, gauges: list[str], broker: Broker, poster: paho.Client
) -> None:
    put(database, [reading("c0", 0.0)])
    acknowledged: set[int] = poster.user_data_get()
    topic = f"v1.1/Datastreams({series_of(database, 'c0')})/Observations"
    began = datetime.now(UTC) - timedelta(minutes=2)

    def send(n: int) -> int:
        at = (began + timedelta(milliseconds=n)).isoformat()
        body = orjson.dumps({"result": n, "phenomenonTime": at})
        return poster.publish(topic, body, qos=1).mid

    def listen() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", LISTEN, conninfo, broker.url], cwd=ROOT)

    listener = listen()
    try:
        # the broker keeps a session from the first visit on
        until(lambda: bool(send(0)) and stored(database) > 1)
        told = [send(n) for n in range(1, PART)]
        until(lambda: told[PART // 4] in acknowledged)
        os.kill(listener.pid, signal.SIGKILL)
        listener.wait()
        told += [send(n) for n in range(PART, 2 * PART)]
        until(lambda: acknowledged.issuperset(told))
        broker.stop()
        broker.start()
        listener = listen()
        told += [send(n) for n in range(2 * PART, 3 * PART)]
        until(lambda: acknowledged.issuperset(told))
        until(lambda: stored(database) > 3 * PART)
        time.sleep(0.5)
    finally:
        listener.kill()
        listener.wait()
    assert stored(database) == 3 * PART + 1
    with database.begin() as tx:
        row = tx.pg.execute("SELECT count(DISTINCT x), max(x) FROM city.observation").fetchone()
    assert row == (3 * PART, 3 * PART - 1)


def stored(database: Database) -> int:
    return count(database, "observation") + count(database, "late")


def series_of(database: Database, asset: str) -> int:
    with database.begin() as tx:
        known = read(tx.pg)
    return next(one.id for one in known.by_id if known.names[one.asset] == asset)


def test_topics_mean_what_is_configured(database: Database, gauges: list[str]) -> None:
    put(database, [reading("c0", 1.0)])
    with database.begin() as tx:
        known = read(tx.pg)
    topic: dict[str, Any] = {
        "filter": "city/+/#", "asset": "{2}", "property": "{3}", "value": "data.v", "at": "t",
        "unit": "m",
    }  # fmt: skip
    topics = Topics({"topic": [topic]})
    body = b'{"data": {"v": 3.5}, "t": "2026-01-01T00:00:00Z"}'
    row = topics.reading(known, "city/c0/level", body)
    assert {name: row[name] for name in ("asset", "property", "value", "at", "unit")} == {
        "asset": "c0", "property": "level", "value": 3.5, "at": "2026-01-01T00:00:00Z", "unit": "m",
    }  # fmt: skip
    assert row["id"] == topics.reading(known, "city/c0/level", body)["id"]
    # without a time of its own, each message is another reading
    assert topics.reading(known, "city/c0/level", b"4.5")["value"] == 4.5
    assert topics.reading(known, "city/c0/level", b"4.5")["id"] is None
    number = series_of(database, "c0")
    told = Topics().reading(
        known, f"v1.1/Datastreams({number})/Observations",
        b'{"result": 2, "phenomenonTime": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z"}',
    )  # fmt: skip
    assert (told["asset"], told["property"], told["value"]) == ("c0", "level", 2)
    assert told["at"] == "2026-01-01T01:00:00Z"
    assert Topics().reading(known, "v1.1/Datastreams(999)/Observations", b"{}")["asset"] != "c0"
