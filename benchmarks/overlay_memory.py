"""Peak memory of an overlay, from layers to layer, with ten times the data.

`python -m benchmarks.overlay_memory`. The peak is the largest sum of resident memory of the
runner and its Dask workers, as the system counts it; what they share counts in each.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import shapely

import spatial.analyses.known  # noqa: F401
from benchmarks.city import city
from benchmarks.overlay import tessellation
from spatial import bulk
from spatial.analyses import jobs, registry
from spatial.analyses.run_job import Order
from spatial.asof import AsOf
from spatial.database import Database
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec

SMALL, LARGE = 20_000, 200_000
RIGHT_SHARE = 0.1
SRID = 4528
CORNER = (40_528_000, 3_486_000)
BUDGET = 2.0
SAMPLE_S = 0.05
PAGE = resource.getpagesize()


def main() -> dict[str, float]:
    """Peaks in MB of both sizes, and their ratio."""
    peaks = {}
    with city() as database:
        for count in (SMALL, LARGE):
            store(database, f"parcels_{count}", count, seed=1)
            store(database, f"zones_{count}", int(count * RIGHT_SHARE), seed=2)
            job, seconds, peak = measure(database, count)
            done = jobs.get(database, job, OWNER)
            if done.status != "successful" or not done.document()["certificate"]["holds"]:
                raise AssertionError(f"the overlay failed: {done.message or done.result}")
            summary = done.document()["summary"]
            print(
                f"{count:>9,} parcels: {summary['partitions']:>3} parts, {summary['features']:>9,}"
                f" pieces, {seconds:6.1f} s, peak {peak:7.0f} MB"
            )
            peaks[count] = peak
    ratio = peaks[LARGE] / peaks[SMALL]
    print(f"peak memory with {LARGE // SMALL} times the data: {ratio:.2f}x (at most {BUDGET}x)")
    return {"small_mb": peaks[SMALL], "large_mb": peaks[LARGE], "ratio": ratio}


def store(database: Database, name: str, count: int, seed: int) -> None:
    """A tessellation as a layer."""
    polygons = shapely.transform(tessellation(count, seed), lambda xy: xy + CORNER)
    batch = pa.table(
        {
            "number": pa.array(range(len(polygons)), pa.int64()),
            "geom": pa.array(shapely.to_wkb(polygons), pa.binary()),
        }
    )
    spec = LayerSpec(name, "Polygon", SRID, (Column("number", "bigint"),))
    with database.begin() as tx, bulk.load(tx, spec, author="benchmark") as load:
        load.write(batch)


def measure(database: Database, count: int) -> tuple[UUID, float, float]:
    """Run one overlay in a process group of its own: the job, seconds, peak in MB."""
    inputs = {"left": f"parcels_{count}", "right": f"zones_{count}", "how": "identity"}
    job = jobs.submit(database, "land-use-overlay", inputs, AsOf(), OWNER)
    module = registry.find("land-use-overlay").function.__module__
    order = Order(database.conninfo, str(job), [module], store=None, dask=None, workers=2)
    started, peak = time.perf_counter(), 0
    runner = subprocess.Popen(
        [sys.executable, "-m", Order.__module__], stdin=subprocess.PIPE, start_new_session=True
    )
    assert runner.stdin is not None
    runner.stdin.write(order.line())
    runner.stdin.flush()
    while runner.poll() is None:
        peak = max(peak, resident(runner.pid))
        time.sleep(SAMPLE_S)
    runner.stdin.close()
    return job, time.perf_counter() - started, peak / 1e6


def resident(group: int) -> int:
    """Bytes of resident memory of all processes of a group."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            total += int(fields[21]) * PAGE
    return total


if __name__ == "__main__":
    if main()["ratio"] > BUDGET:
        sys.exit("over the budget")
