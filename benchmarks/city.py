"""A city to measure in: a private cluster with its usual settings, and many buildings."""

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np
import shapely

from spatial.database import Database
from spatial.migrate import migrate
from spatial.postgres.cluster import Cluster

SRID = 4549
CORNER = (528_000, 3_486_000)


@contextmanager
def city() -> Iterator[Database]:
    """An empty city in a cluster of its own, stopped and removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix="citytwin-bench-"))
    place.chmod(0o711)
    try:
        with Cluster.open(place) as cluster:
            database = Database(cluster.conninfo)
            migrate(database)
            yield database
            database.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def buildings(count: int, seed: int = 0) -> gpd.GeoDataFrame:
    """Rectangles turned at random, a step of 25 m apart, with four attributes."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    cell = np.arange(count)
    x = CORNER[0] + 25.0 * (cell % side) + rng.uniform(0, 5, count)
    y = CORNER[1] + 25.0 * (cell // side) + rng.uniform(0, 5, count)
    turn = rng.uniform(0, np.pi, count)
    half = np.stack([rng.uniform(4, 9, count), rng.uniform(3, 7, count)])
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)])
    across = signs[:, 0] * half[0][:, None]
    up = signs[:, 1] * half[1][:, None]
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    rings = np.stack(
        [x[:, None] + across * cos - up * sin, y[:, None] + across * sin + up * cos], axis=-1
    )
    return gpd.GeoDataFrame(
        {
            "name": [f"building {n}" for n in range(count)],
            "use": rng.choice(["residential", "industry", "public"], count),
            "floors": rng.integers(1, 34, count),
            "height": rng.uniform(3, 120, count),
        },
        geometry=shapely.polygons(rings),
        crs=SRID,
    )


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def compare(name: str, theirs: list[float], ours: list[float], *, faster: bool) -> dict[str, float]:
    """Medians and their ratio, printed; faster: theirs/ours, else ours/theirs."""
    a, b = median(theirs), median(ours)
    ratio = a / b if faster else b / a
    word = "x faster" if faster else "x the plain table"
    print(f"{name:<44} peer {a * 1e3:9.2f} ms   ours {b * 1e3:9.2f} ms   {ratio:6.2f} {word}")
    return {"peer_s": a, "ours_s": b, "ratio": ratio}
