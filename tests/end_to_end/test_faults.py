"""What dies comes back: the database, a web worker, a load, and the whole city."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import httpx
import numpy as np
import psycopg
import pytest
import shapely
from flood import BATCH, WRONG_CLOCKS, Sender
from service import Service, running_service
from worlds import make_layer

from spatial.postgres.cluster import Cluster
from tests.end_to_end.conftest import joined
from twin_model import assets

CITYTWIN = (sys.executable, "-m", "citytwin")
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def frail() -> Iterator[Service]:
    """A city to do harm to."""
    with running_service("--no-sample", mortal=True) as running:
        yield running


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Make a file of so many points."""
    place = tmp_path_factory.mktemp("points")

    def make(name: str, count: int) -> Path:
        rng = np.random.default_rng(1)
        where = shapely.points(rng.uniform(120, 121, count), rng.uniform(31, 32, count))
        file = place / f"{name}.parquet"
        gpd.GeoDataFrame({"n": np.arange(count)}, geometry=where, crs=4326).to_parquet(file)
        return file

    return make


def test_a_dead_database_is_told_and_mended(
    frail: Service, points: Callable[[str, int], Path]
) -> None:
    frail.command("load", str(points("benches", 5)), "--class", "public")
    items = f"{frail.url}collections/benches/items"
    assert httpx.get(items).json()["numberMatched"] == 5
    os.kill(_postmaster(frail.data_dir), signal.SIGKILL)
    lost = httpx.get(items, timeout=30)
    assert lost.status_code == 503
    assert int(lost.headers["retry-after"]) > 0
    assert "try again" in lost.json()["description"]
    assert httpx.get(f"{frail.url}healthz").status_code == 200
    until(lambda: httpx.get(f"{frail.url}readyz", timeout=30).status_code == 200)
    assert httpx.get(items).json()["numberMatched"] == 5
    frail.command("load", str(points("lamps", 7)), "--class", "public")
    assert httpx.get(f"{frail.url}collections/lamps/items").json()["numberMatched"] == 7


def test_a_killed_worker_is_replaced_while_the_other_serves(frail: Service) -> None:
    workers = _workers(frail.data_dir)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    until(lambda: not _alive(workers[0]))
    for _ in range(10):
        until(lambda: _answers(frail))  # what had come to the dead one's socket is lost with it
    until(lambda: len(set(_workers(frail.data_dir)) - {workers[0]}) == 2)


def test_what_is_acknowledged_is_stored_once_whoever_is_killed(
    frail: Service, points: Callable[[str, int], Path]
) -> None:
    """A flood of readings, while a worker, the database and then everything are killed."""
    with joined(frail) as books:
        make_layer(books, "gauges", 3)
        assets.register(books, "gauges", {"id": "code"})
    headers = {"Authorization": f"Bearer {frail.token('write')}"}
    senders = [Sender(frail.url, headers, f"c{n}", n) for n in range(3)]
    for sender in senders:
        sender.start()
    for kill in (
        lambda: [_workers(frail.data_dir)[0]],
        lambda: [_postmaster(frail.data_dir)],
        lambda: _family(frail.data_dir),
    ):
        goal = [sender.batches + 4 for sender in senders]
        until(lambda: all(s.batches >= g for s, g in zip(senders, goal, strict=True)))  # noqa: B023
        pids = kill()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(_alive, pids)))  # noqa: B023
    _up_again(frail)
    goal = [sender.batches + 4 for sender in senders]
    until(lambda: all(s.batches >= g for s, g in zip(senders, goal, strict=True)))
    for sender in senders:
        sender.stop()
    batches = sum(sender.batches for sender in senders)
    assert sum(sender.acknowledged for sender in senders) == batches * BATCH
    assert sum(sender.quarantined for sender in senders) == batches * len(WRONG_CLOCKS)
    assert sum(sender.lost for sender in senders) > 0
    with joined(frail) as books, books.begin() as tx:
        stored = tx.pg.execute(
            "SELECT count(*), count(DISTINCT (series, x)) FROM (SELECT series, x FROM"
            " city.observation UNION ALL SELECT series, x FROM city.late) reading"
        ).fetchone()
        held = tx.pg.execute("SELECT count(*) FROM city.quarantine").fetchone()
    assert stored == (batches * BATCH, batches * BATCH)
    assert held == (batches * len(WRONG_CLOCKS),)


def test_a_killed_load_leaves_nothing(frail: Service, points: Callable[[str, int], Path]) -> None:
    file = points("posts", 400_000)
    command = [*CITYTWIN, "load", str(file), "--data", str(frail.data_dir)]
    with (
        Cluster.open(frail.data_dir) as cluster,
        psycopg.connect(cluster.conninfo, autocommit=True) as books,
    ):
        loading = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: _copying(books))
        loading.kill()
        loading.wait()
        until(lambda: not _copying(books))
        tables = books.execute("SELECT FROM pg_tables WHERE tablename LIKE '%posts%'")
        assert tables.fetchall() == []
    assert "posts" not in {one["layer"] for one in frail.command("layers")}
    assert httpx.get(f"{frail.url}collections/posts").status_code == 404
    again = frail.command("load", str(points("posts", 3)))
    assert again["loaded"] == 3


def test_a_second_up_is_refused_with_the_address(frail: Service) -> None:
    command = [*CITYTWIN, "up", "--data", str(frail.data_dir)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert frail.url in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_taken_port_is_refused(frail: Service, tmp_path: Path) -> None:
    port = str(httpx.URL(frail.url).port)
    command = [*CITYTWIN, "up", "--data", str(tmp_path), "--port", port]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert port in refused.stderr
    assert "--port" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_killed_is_up_again_in_seconds_and_down_stops_all(
    frail: Service, points: Callable[[str, int], Path]
) -> None:
    family = _family(frail.data_dir)
    for pid in family:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(_alive, family)))
    started = time.monotonic()
    _up_again(frail)
    assert time.monotonic() - started < PATIENCE_S
    assert httpx.get(f"{frail.url}collections/lamps/items").json()["numberMatched"] == 7
    family = _family(frail.data_dir)
    assert len(family) >= 4
    assert frail.command("down") == {"stopped": True}
    until(lambda: not any(map(_alive, family)))
    state = frail.command("status")
    assert (state["service"], state["database"]) == ("stopped", "stopped")


def until(holds: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def _up_again(service: Service) -> None:
    port = str(httpx.URL(service.url).port)
    options = ["--data", str(service.data_dir), "--port", port, "--no-sample", "--detach"]
    subprocess.run([*CITYTWIN, "up", *options], check=True, capture_output=True, timeout=120)


def _answers(service: Service) -> bool:
    try:
        return httpx.get(f"{service.url}readyz", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def _copying(books: psycopg.Connection) -> bool:
    query = "SELECT FROM pg_stat_activity WHERE query LIKE 'COPY%posts%' AND state = 'active'"
    return books.execute(query).fetchone() is not None


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def _up(data_dir: Path) -> int:
    return int(json.loads((data_dir / "service.json").read_text())["pid"])


def _family(data_dir: Path) -> list[int]:
    """The service, its children, and the database's server."""
    return [_up(data_dir), *_children(_up(data_dir)), _postmaster(data_dir)]


def _workers(data_dir: Path) -> list[int]:
    """The web workers among the service's children: those that were spawned by it."""
    return [pid for pid in _children(_up(data_dir)) if b"spawn_main" in _words(pid)]


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _children(parent: int) -> list[int]:
    named = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for listed in named for pid in listed.read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
