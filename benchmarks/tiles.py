"""Cold tiles of many buildings: from stored shapes, and the plain way, in one run.

A maker turns a tile's address into its bytes; a peer is one more maker. Targets: at z10 to z12 at
most a third of the plain bytes; a past AsOf at most 1.3 times the present where z >= 13.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.city import CORNER, SRID, buildings, city, compare, seconds
from datasets.load import load
from spatial.asof import AsOf
from spatial.cells import cell_at
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.edit import edit
from spatial.grant import OWNER
from spatial.query import reading
from tiles.build import store
from tiles.render import render
from tiles.vector import Zxy, mvt

LAYER = "buildings"
ZOOMS = (10, 12, 14, 16)
ROUNDS = 6
PAST = datetime(2020, 1, 1, tzinfo=UTC)

type Maker = Callable[[Zxy], bytes]


@contextmanager
def makers(database: Database) -> Iterator[dict[str, Maker]]:
    """The plain way, ours now, and ours at a past moment of an edition before the last edits."""
    before = datetime.now(UTC)
    with edit(database, LAYER, author="bench") as editor:
        for fid in range(1, 200):
            editor.update(fid, {"floors": 3})
    with (
        reading(database, LAYER, AsOf(), OWNER) as (pg, now),
        reading(database, LAYER, AsOf(PAST, before), OWNER) as (other, past),
    ):

        def plain(zxy: Zxy) -> bytes:
            row = pg.execute(mvt(now, zxy)).fetchone()
            return bytes(row[0]) if row else b""

        yield {
            "plain": plain,
            "now": lambda zxy: render(pg, now, zxy),
            "past": lambda zxy: render(other, past, zxy),
        }


def addresses(z: int, side: float) -> list[Zxy]:
    """Tiles over the town, alike in every run."""
    rng = random.Random(z)
    places = [[corner + rng.uniform(0.2, 0.8) * side for corner in CORNER] for _ in range(ROUNDS)]
    to_degrees = transformer(SRID, WGS84).transform
    return [cell_at(*to_degrees(*place), z) for place in places]


def measure(makers: Mapping[str, Maker], side: float) -> dict[str, dict[str, float]]:
    """Medians of every maker over the same tiles, and their bytes."""
    results = {}
    for z in ZOOMS:
        times: dict[str, list[float]] = {name: [] for name in makers}
        sizes: dict[str, list[int]] = {name: [] for name in makers}
        for zxy in addresses(z, side):
            for name, make in makers.items():
                began = time.perf_counter()
                sizes[name].append(len(make(zxy)))
                times[name].append(time.perf_counter() - began)
        for name in makers:
            if name != "plain":
                title = f"z{z} {name}"
                found = compare(title, times["plain"], times[name], faster=True)
                found |= {"bytes": median(sizes[name]), "plain_bytes": median(sizes["plain"])}
                share = found["bytes"] / found["plain_bytes"]
                print(f"{title:<44} {found['bytes']:9.0f} of {found['plain_bytes']:9.0f} bytes, "
                      f"{share:.3f}")  # fmt: skip
                results[title] = found
    return results


def main(count: int = 300_000) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder, city() as database:
        file = Path(folder) / "buildings.gpkg"
        buildings(count).to_file(file, layer=LAYER)
        load(database, file, author="bench", rejects_dir=Path(folder))
        print(f"stored in {seconds(lambda: store(database, LAYER)):.1f} s")
        with database.listen() as pg:
            pg.execute("VACUUM ANALYZE")
        with makers(database) as made:
            return measure(made, 25.0 * count**0.5)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
