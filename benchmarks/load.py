"""Two hundred clients at once: tiles from the cache, tiles made anew, and items.

Targets: no error; p99 <= 10 x median in each class of request; as many connections to the
database afterwards as before; flat memory.
"""

import asyncio
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count as counter
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from benchmarks import peers
from benchmarks.city import CORNER, SRID, city
from benchmarks.serving import LAYER, prepare, tiles
from spatial.crs import WGS84, transformer
from spatial.database import Database

#: How often each class of request is asked for.
SHARES = {"cached tile": 6, "cold tile": 1, "items": 3}
PATIENCE_S = 30.0
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"

type Targets = Mapping[str, Callable[[], str]]


@dataclass
class Storm:
    """What came back: seconds by class of request, and what was wrong, with how often."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: Counter[str] = field(default_factory=Counter)

    def quantiles(self) -> dict[str, tuple[float, float]]:
        """Median and p99 in seconds, by class."""
        return {
            name: (float(np.median(took)), float(np.quantile(took, 0.99)))
            for name, took in sorted(self.seconds.items())
        }


@dataclass(frozen=True, slots=True)
class Held:
    """What a city holds: connections to its database, and resident MB of its web workers."""

    connections: int
    memory_mb: float


def targets(layer: str, places: Sequence[tuple[int, int, int]], side: float) -> Targets:
    """Paths by class. A tile is cold by a filter that nobody had; items lie in random boxes."""
    rng, fresh = random.Random(1), counter()
    to_degrees = transformer(SRID, WGS84)

    def tile() -> str:
        z, x, y = rng.choice(places)
        return f"/tiles/{layer}/{z}/{x}/{y}.mvt"

    def items() -> str:
        west, south = (corner + rng.uniform(0, side) for corner in CORNER)
        box = to_degrees.transform_bounds(west, south, west + 300, south + 300)
        return f"/collections/{layer}/items?limit=100&bbox={','.join(map(str, box))}"

    return {
        "cached tile": tile,
        "cold tile": lambda: f"{tile()}?filter=height%3E-{next(fresh) + 1}",
        "items": items,
    }


def storm(url: str, wanted: Targets, clients: int, seconds: float) -> Storm:
    """Let so many clients ask, each on its own connection, again as soon as it is answered."""
    found = Storm()

    async def one(number: int) -> None:
        rng, place = random.Random(number), urlsplit(url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        names, shares = list(SHARES), list(SHARES.values())
        while time.perf_counter() < end:
            (name,) = rng.choices(names, shares)
            began = time.perf_counter()
            try:
                status = await asyncio.wait_for(_get(reader, writer, wanted[name]()), PATIENCE_S)
            except (OSError, EOFError, TimeoutError) as error:
                found.wrong[f"{name}: {type(error).__name__}"] += 1
                break
            found.seconds[name].append(time.perf_counter() - began)
            if status not in (200, 204):
                found.wrong[f"{name}: {status}"] += 1
        writer.close()

    async def all_of_them() -> None:
        await asyncio.gather(*map(one, range(clients)))

    end = time.perf_counter() + seconds
    asyncio.run(all_of_them())
    return found


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str) -> int:
    writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if "transfer-encoding: chunked" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    elif "content-length: " in head:
        await reader.readexactly(int(head.partition("content-length: ")[2].split("\r\n")[0]))
    return int(head.split()[1])


def held(database: Database, data_dir: Path) -> Held:
    """What a running city holds now."""
    with database.listen() as pg:
        row = pg.execute(_CONNECTIONS).fetchone()
    up = json.loads((data_dir / "service.json").read_text())["pid"]
    tasks = Path(f"/proc/{up}/task").glob("*/children")
    family = [Path("/proc", pid) for task in tasks for pid in task.read_text().split()]
    pages = sum(
        int((one / "statm").read_text().split()[1])
        for one in family
        if b"spawn_main" in (one / "cmdline").read_bytes()
    )
    return Held(row[0] if row else 0, pages * 4096 / 2**20)


def main(count: int = 300_000, clients: int = 200, seconds: float = 60.0) -> dict[str, float]:
    """Ratios of p99 to the median by class, and what was held before and after."""
    side = 25.0 * count**0.5
    with tempfile.TemporaryDirectory() as name, city() as database:
        folder = Path(name)
        prepare(database, folder, count)
        with peers.ours(database.conninfo, folder / "data", workers=2) as url:
            wanted = targets(LAYER, [(z, x, y) for z in (13, 15) for x, y in tiles(z, side)], side)
            storm(url, wanted, clients, seconds / 6)  # until pools and caches are as they stay
            before = held(database, folder / "data")
            found = storm(url, wanted, clients, seconds)
            time.sleep(1)
            after = held(database, folder / "data")
    results = {"errors": float(found.wrong.total())}
    for kind, (middle, slow) in found.quantiles().items():
        results[kind] = slow / middle
        print(
            f"{kind:<12} {len(found.seconds[kind]):>7} answers   median {middle * 1e3:8.1f} ms"
            f"   p99 {slow * 1e3:8.1f} ms   {slow / middle:5.1f} x"
        )
    print(f"wrong: {dict(found.wrong) or 'nothing'}   before {before}   after {after}")
    return results


if __name__ == "__main__":
    main()
