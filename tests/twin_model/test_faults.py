"""What is acknowledged is stored, once, whatever dies meanwhile."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest
from worlds import make_layer

from spatial.database import Database
from spatial.errors import Unavailable
from spatial.grant import OWNER
from spatial.migrate import migrate
from spatial.postgres.cluster import Cluster
from tests.twin_model.test_store import ZONE, count
from twin_model import assets
from twin_model.decode import from_rows
from twin_model.store import store

SENDERS, BATCHES, SIZE, KILLS = 3, 8, 40, 3


@pytest.fixture
def durable() -> Iterator[Database]:
    """A city that keeps its promises: with the settings that people have, not the tests' own."""
    place = Path(tempfile.mkdtemp(prefix="citytwin-faults-"))
    place.chmod(0o711)
    with Cluster.open(place) as cluster:
        database = Database(cluster.conninfo)
        migrate(database)
        yield database
        database.close()
    shutil.rmtree(place, ignore_errors=True)


def test_acknowledged_is_stored_when_backends_are_killed(durable: Database) -> None:
    make_layer(durable, "gauges", SENDERS)
    assets.register(durable, "gauges", {"id": "code"})
    began, done = datetime.now(UTC).timestamp(), Event()

    def send(sender: int) -> int:
        """Batches of readings with ids, each sent until it is acknowledged, and once more."""
        acknowledged = 0
        for batch in range(BATCHES):
            numbers = range(batch * SIZE, (batch + 1) * SIZE)
            rows = [
                {"asset": f"c{sender}", "property": "p", "value": n, "id": n,
                 "at": datetime.fromtimestamp(began - 60 + n / 100, UTC).isoformat()}
                for n in numbers
            ]  # fmt: skip
            # some by batch keys, some by the readings' own ids
            key = f"{sender}-{batch}" if batch % 2 else None
            receipt = _insist(rows, key)
            acknowledged += receipt
            _insist(rows, key)
        return acknowledged

    def _insist(rows: list[dict[str, object]], key: str | None) -> int:
        while True:
            try:
                told = store(durable, from_rows(rows, ZONE), OWNER, key=key)
                return told.accepted + told.duplicates
            except Unavailable:
                time.sleep(0.05)

    def kill() -> None:
        killed = 0
        while killed < KILLS and not done.wait(0.25):
            try:
                with durable.begin() as tx:
                    row = tx.pg.execute(
                        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                        " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
                    ).fetchone()
                if row:
                    os.kill(row[0], signal.SIGKILL)
                    killed += 1
            except (Unavailable, ProcessLookupError):
                continue

    killer = Thread(target=kill)
    killer.start()
    with ThreadPoolExecutor(SENDERS) as pool:
        acknowledged = sum(pool.map(send, range(SENDERS)))
    done.set()
    killer.join()
    assert acknowledged == SENDERS * BATCHES * SIZE
    assert count(durable, "observation") + count(durable, "late") == acknowledged
