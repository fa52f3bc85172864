"""Messages from a real broker, at QoS 1, from the first one sent to the last one committed.

Target: >= 10k messages/s acknowledged after the commit. `python -m benchmarks.mqtt [COUNT]`.
The station sends as fast as the broker takes; broker, station, subscriber and database share the
machine. The broker is configured as `scripts/mosquitto.conf` has it.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from benchmarks.city import city, free_port
from benchmarks.twin import place
from spatial.database import Database

ASSETS = 1000
COUNT = 100_000
AT_ONCE, AWAY = 500, 5_000
ROOT = Path(__file__).parents[1]
LISTEN = """
import sys
from threading import Event
from zoneinfo import ZoneInfo
from spatial.database import Database
from spatial.grant import OWNER
from twin_model.mqtt import Subscriber
from twin_model.topics import Topics
Subscriber(Database(sys.argv[1]), sys.argv[2], Topics(), OWNER, ZoneInfo("UTC")).run(Event())
"""


def main(count: int = COUNT) -> dict[str, float]:
    """Messages a second."""
    mosquitto = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if mosquitto is None:
        print("there is no mosquitto: not measured")
        return {}
    port = free_port()
    with ExitStack() as at_the_end, city() as database:
        folder = Path(at_the_end.enter_context(tempfile.TemporaryDirectory()))
        place(database, ASSETS)
        told = (ROOT / "scripts" / "mosquitto.conf").read_text()
        told = told.replace("listener 1883", f"listener {port}")
        told = told.replace("/var/lib/mosquitto/", f"{folder}/")
        (folder / "conf").write_text(told + ("user root\n" if os.geteuid() == 0 else ""))
        for command in (
            [mosquitto, "-c", str(folder / "conf")],
            [sys.executable, "-c", LISTEN, database.conninfo, f"mqtt://127.0.0.1:{port}"],
        ):
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            at_the_end.callback(process.wait)
            at_the_end.callback(process.terminate)
            time.sleep(1)
        while not _stored(database):  # the broker keeps a session from the first visit on
            _send(port, 0, 1)
            time.sleep(0.5)
        began = time.perf_counter()
        _send(port, 1, count)
        sent = time.perf_counter() - began
        while _stored(database) < count:
            time.sleep(0.02)
        took = time.perf_counter() - began
    print(f"{count:,} messages: sent in {sent:.1f} s, committed in {took:.1f} s:", end=" ")
    print(f"{count / took:,.0f} messages/s")
    return {"messages_s": count / took}


def _send(port: int, start: int, end: int) -> None:
    """Readings of a thousand assets, each of a moment of its own; each is acknowledged.

    By hand, since a client in Python would be slower than what is measured.
    """
    began = datetime.now(UTC) - timedelta(minutes=2)
    with socket.create_connection(("127.0.0.1", port)) as station:
        station.sendall(b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07station")
        acknowledged = -4  # bytes: the first four greet
        for n in range(start, end, AT_ONCE):
            numbers = range(n, min(n + AT_ONCE, end))
            station.sendall(b"".join(_message(number, began) for number in numbers))
            while acknowledged < 4 * (numbers.stop - start) - 4 * AWAY * (numbers.stop < end):
                acknowledged += len(station.recv(1 << 16))


def _message(number: int, began: datetime) -> bytes:
    """PUBLISH at QoS 1, as MQTT 3.1.1 has it."""
    at = (began + timedelta(milliseconds=number // ASSETS)).isoformat()
    topic = f"v1.1/Datastreams({number % ASSETS + 1})/Observations".encode()
    body = orjson.dumps({"result": number, "phenomenonTime": at})
    rest = len(topic).to_bytes(2) + topic + (number % 65_535 + 1).to_bytes(2) + body
    low, high = len(rest) % 128, len(rest) // 128
    return b"\x32" + (bytes((low | 128, high)) if high else bytes((low,))) + rest


def _stored(database: Database) -> int:
    with database.begin() as tx:
        row = tx.pg.execute("SELECT coalesce(sum(accepted), 0) FROM city.batch").fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
