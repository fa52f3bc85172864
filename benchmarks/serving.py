"""Serving a million buildings, against TiPg and stock pygeoapi, over HTTP in one run.

Targets: cold tiles >= 5 x TiPg and >= 300 x stock pygeoapi, at z10 to z12 at most a third of
TiPg's bytes; items limit=1000 in a bbox >= 15 x both, limit=10 >= 10 x; the page at offset 900k at
most 1.5 x the first; cached tiles and 304s >= 0.6 of the bare server. Needs wrk (Debian's).
"""

import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

import httpx

from benchmarks import peers
from benchmarks.city import CORNER, SRID, buildings, city
from datasets.load import load
from spatial.cells import cell_at
from spatial.crs import WGS84, transformer
from spatial.database import Database
from tiles.build import store

LAYER = "buildings"
ZOOMS = (10, 12, 14, 16)
TILES = 8
BOXES = 12
PATIENCE_S = 120
#: Stock pygeoapi needs minutes for a tile below this zoom.
STOCK_FROM = 16


def main(count: int = 1_000_000) -> dict[str, float]:
    """Ratios by what was asked and of whom."""
    side = 25.0 * count**0.5
    with tempfile.TemporaryDirectory() as name, city() as database:
        folder = Path(name)
        prepare(database, folder, count)
        conninfo = database.conninfo
        with (
            peers.ours(conninfo, folder / "data") as ours,
            peers.tipg(conninfo) as tipg,
            peers.pygeoapi(conninfo, folder, SRID) as stock,
        ):
            return measure(ours, {"TiPg": tipg, "pygeoapi": stock}, side, count, folder)


def prepare(database: Database, folder: Path, count: int) -> None:
    """The layer with its stored tiles, and the plain table of the same rows."""
    file = folder / "buildings.gpkg"
    buildings(count).to_file(file, layer=LAYER)
    load(database, file, author="bench", rejects_dir=folder, access="public")
    store(database, LAYER)
    with database.listen() as pg:
        pg.execute(
            "CREATE TABLE plain AS SELECT fid, name, use, floors, height, geom"
            " FROM layers.buildings ORDER BY fid"
        )
        pg.execute("ALTER TABLE plain ADD PRIMARY KEY (fid)")
        pg.execute("CREATE INDEX ON plain USING gist (geom)")
        pg.execute("VACUUM ANALYZE")


def measure(
    ours: str, others: dict[str, str], side: float, count: int, folder: Path
) -> dict[str, float]:
    """Ask everybody the same in turn, every question new."""
    results: dict[str, float] = {}
    with httpx.Client(timeout=PATIENCE_S, headers={"accept-encoding": "identity"}) as http:
        for z in ZOOMS:
            places = list(tiles(z, side))
            mine = ask((f"{ours}/tiles/{LAYER}/{z}/{x}/{y}.mvt" for x, y in places))
            for name, at in others.items():
                if name == "pygeoapi" and z < STOCK_FROM:
                    continue
                theirs = ask(
                    (
                        tile_of(name, at, z, x, y)
                        for x, y in places[: 2 if name == "pygeoapi" else None]
                    ),
                )
                results |= report(f"cold tile z{z}", name, theirs, mine)
                if name == "TiPg" and z <= 12:
                    share = median(mine.sizes) / median(theirs.sizes)
                    results[f"bytes z{z}"] = share
                    print(f"{'':16}bytes: {share:.3f} of TiPg's {median(theirs.sizes):.0f}")
        in_boxes = [f"items?limit=1000&bbox={box}" for box in boxes(side)]
        for limit, asked in ((1000, in_boxes), (10, ["items?limit=10"] * BOXES)):
            mine = ask(f"{ours}/collections/{LAYER}/{one}" for one in asked)
            for name, at in others.items():
                table, kind = ("public.plain", "geojson") if name == "TiPg" else ("plain", "json")
                theirs = ask(f"{at}/collections/{table}/{one}&f={kind}" for one in asked)
                results |= report(f"items limit={limit}", name, theirs, mine)
        results |= paging(f"{ours}/collections/{LAYER}/items", count)
        results |= cached(http, ours, side, folder)
    return results


class Answers:
    """Seconds and bytes of some answers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.sizes: list[int] = []


def ask(urls: Iterable[str]) -> Answers:
    """Ask for one after the other on one connection, by a client that itself takes little time."""
    answers, connection = Answers(), None
    for url in urls:
        place = urlsplit(url)
        if connection is None:
            connection = HTTPConnection(place.netloc, timeout=PATIENCE_S)
            connection.connect()
        began = perf_counter()
        connection.request("GET", f"{place.path}?{place.query}")
        response = connection.getresponse()
        content = response.read()
        answers.seconds.append(perf_counter() - began)
        if response.status not in (200, 204):
            raise RuntimeError(f"{response.status} from {url}: {content[:200]!r}")
        answers.sizes.append(len(content))
    if connection is not None:
        connection.close()
    return answers


def report(what: str, name: str, theirs: Answers, mine: Answers) -> dict[str, float]:
    a, b = median(theirs.seconds), median(mine.seconds)
    print(f"{what:16}{name:10}{a * 1e3:10.1f} ms   ours{b * 1e3:9.1f} ms{a / b:9.1f} x", flush=True)
    return {f"{what} {name}": a / b}


def tiles(z: int, side: float) -> Iterable[tuple[int, int]]:
    """Columns and rows of tiles over the town, none twice."""
    rng, seen = random.Random(z), set()
    for _ in range(100):
        place = [corner + rng.uniform(0.05, 0.95) * side for corner in CORNER]
        _, x, y = cell_at(*transformer(SRID, WGS84).transform(*place), z)
        if (x, y) not in seen and len(seen) < TILES:
            seen.add((x, y))
            yield x, y


def tile_of(name: str, at: str, z: int, x: int, y: int) -> str:
    if name == "TiPg":
        return f"{at}/collections/public.plain/tiles/WebMercatorQuad/{z}/{x}/{y}"
    return f"{at}/collections/plain/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt"


def boxes(side: float) -> Iterable[str]:
    """Boxes of some 2,300 buildings, in degrees."""
    rng = random.Random(2)
    move = transformer(SRID, WGS84).transform
    for _ in range(BOXES):
        x, y = (corner + rng.uniform(0.05, 0.9) * side for corner in CORNER)
        yield ",".join(f"{value:.6f}" for value in (*move(x, y), *move(x + 1200, y + 1200)))


def paging(items: str, count: int) -> dict[str, float]:
    """The first page against the one at nine tenths, by offset."""
    first = ask([f"{items}?limit=1000"] * 8)
    deep = ask(f"{items}?limit=1000&offset={count * 9 // 10 + n}" for n in range(8))
    ratio = median(deep.seconds) / median(first.seconds)
    print(f"page at offset {count * 9 // 10}: {ratio:.2f} x the first")
    return {"deep page": ratio}


def cached(http: httpx.Client, ours: str, side: float, folder: Path) -> dict[str, float]:
    """Answers a second of a cached tile and of its 304, against a bare server of the same bytes."""
    x, y = next(iter(tiles(14, side)))
    url = f"{ours}/tiles/{LAYER}/14/{x}/{y}.mvt"
    tile = http.get(url)
    tag = f"if-none-match: {tile.headers['etag']}"
    body = folder / "tile.mvt"
    body.write_bytes(tile.content)
    with peers.bare(body) as bare:
        rates = {
            "cached tile": (rate(bare), rate(url)),
            "304": (rate(f"{bare}?304"), rate(url, tag)),
        }
    for name, (theirs, mine) in rates.items():
        print(f"{name:16}bare {theirs:9.0f} /s   ours {mine:9.0f} /s   {mine / theirs:6.2f}")
    return {name: mine / theirs for name, (theirs, mine) in rates.items()}


def rate(url: str, *headers: str) -> float:
    """Answers a second to 16 clients, by wrk."""
    options = [word for header in headers for word in ("-H", header)]
    done = subprocess.run(
        ["wrk", "-t1", "-c16", "-d4s", *options, url], capture_output=True, text=True, check=True
    )
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None or ("Non-2xx" in done.stdout and not headers):
        raise RuntimeError(done.stdout)
    return float(found[1])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
