"""A full disk loses nothing that was acknowledged, and is told in one line."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from worlds import make_layer

from spatial.database import Database
from spatial.errors import CityError, Unavailable
from spatial.grant import OWNER
from spatial.migrate import migrate
from spatial.postgres.cluster import Cluster
from tests.twin_model.test_store import ZONE
from twin_model import assets
from twin_model.decode import from_table
from twin_model.packed import micros
from twin_model.readings import Readings
from twin_model.store import store

SMALL, LARGER = "size=150m", "size=400m"
ROWS, MOST = 40_000, 200


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own, which only root can make."""
    place = Path(tempfile.mkdtemp(prefix="citytwin-full-"))
    mounted = shutil.which("mount") and os.geteuid() == 0
    if (
        not mounted
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", SMALL, "tmpfs", str(place)], check=False
        ).returncode
    ):
        place.rmdir()
        pytest.skip("a small disk takes root and the right to mount")
    place.chmod(0o711)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    place.rmdir()


def batch(number: int, began: datetime) -> Readings:
    """Readings of five assets, each of a moment of its own."""
    first = micros(began) + number * ROWS
    table = pa.table(
        {
            "asset": pa.array([f"c{n % 5}" for n in range(ROWS)]),
            "property": pa.array(["level"] * ROWS),
            "at": pa.array(np.arange(first, first + ROWS), pa.timestamp("us", "UTC")),
            "value": pa.array(np.full(ROWS, float(number))),
        }
    )
    return from_table(table, ZONE)


def test_what_was_acknowledged_is_there_when_there_is_room_again(small_disk: Path) -> None:
    acknowledged, began = 0, datetime.now(UTC) - timedelta(minutes=1)
    with Cluster.open(small_disk / "city") as cluster:
        database = Database(cluster.conninfo)
        migrate(database)
        make_layer(database, "gauges", 5)
        assets.register(database, "gauges", {"id": "code"})
        refusal: CityError | None = None
        for number in range(MOST):
            try:
                acknowledged += store(database, batch(number, began), OWNER).accepted
            except CityError as error:
                refusal = error
                break
        database.close()
    assert isinstance(refusal, Unavailable)
    assert "\n" not in str(refusal)
    assert acknowledged > 0
    subprocess.run(["mount", "-o", f"remount,{LARGER}", str(small_disk)], check=True)
    with Cluster.open(small_disk / "city") as cluster:
        database = Database(cluster.conninfo)
        with database.begin() as tx:
            row = tx.pg.execute(
                "SELECT count(*), (SELECT sum(accepted) FROM city.batch) FROM city.observation"
            ).fetchone()
        assert row == (acknowledged, acknowledged)
        assert store(database, batch(MOST, began), OWNER).accepted == ROWS
        database.close()
