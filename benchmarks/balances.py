"""Balance and change of 500,000 parcels in the database, against reading them and geopandas.

`python -m benchmarks.balances`. Target: seconds, and the same areas. Between the two states one
parcel in fifty has another code, and one in a hundred was divided.
"""

import time
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely

import spatial.analyses.known  # noqa: F401
from benchmarks.city import city
from benchmarks.overlay import tessellation
from benchmarks.overlay_memory import CORNER, SRID
from benchmarks.overlay_memory import store as zones
from spatial import bulk
from spatial.analyses import jobs, runner
from spatial.asof import AsOf, as_of
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.land_use.code_tree import profile
from spatial.layer import Column, LayerSpec

COUNT, CODED, DIVIDED = 500_000, 50, 100
TURN = datetime(2015, 1, 1, tzinfo=UTC)


def main() -> dict[str, float]:
    """Seconds of a balance, of a balance of two moments, of a change, and of the peer's balance."""
    with city() as database:
        count = store(database)
        zones(database, "zones", 100, seed=2)
        print(f"{count:,} parcels now")
        plain = {"layer": "parcels", "area": "planar", "level": 0}
        found = {
            "balance": run(database, "land-use-balance", plain),
            "balance, statutory": run(database, "land-use-balance", plain | {"area": "statutory"}),
            "balance by 100 zones": run(
                database, "land-use-balance", plain | {"zones": "zones", "zone_name": "number"}
            ),
            "two moments": run(
                database, "land-use-balance",
                plain | {"layer": "parcels?datetime=2010", "target": "parcels"},
            ),
            "change": run(
                database, "land-use-change",
                {"base": "parcels?datetime=2010", "target": "parcels", "area": "planar"},
            ),
        }  # fmt: skip
        start = time.perf_counter()
        frame = read_frame(database, "parcels", AsOf(), OWNER)
        areas = frame.assign(area=frame.area).groupby("land_code")["area"].sum()
        found["read and summed by geopandas"] = time.perf_counter() - start
        ours = balanced(database)
        worst = max(abs(ours[code] / area - 1) for code, area in areas.items())
        if worst > 1e-9:
            raise AssertionError(f"the areas of classes differ by {worst:.1e}")
    for name, seconds in found.items():
        print(f"{name:<32}{seconds:7.1f} s")
    return found


def run(database: Database, analysis: str, inputs: dict[str, object]) -> float:
    """Seconds of a job, from being queued to its layers and documents."""
    start = time.perf_counter()
    job = jobs.submit(database, analysis, inputs, AsOf(), OWNER)
    runner.run(database, job)
    done = jobs.get(database, job, OWNER)
    if done.status != "successful" or not done.document()["certificate"]["holds"]:
        raise AssertionError(f"{analysis} failed: {done.message or done.document()}")
    return time.perf_counter() - start


def balanced(database: Database) -> dict[str, float]:
    """Areas by code of the first balance."""
    [first] = [
        job for job in jobs.every(database, OWNER)[::-1] if job.analysis == "land-use-balance"
    ][:1]
    rows = read_frame(database, first.document()["outputs"]["layer"], as_of(), OWNER)
    return dict(zip(rows["class"], rows["area_m2"], strict=True))


def store(database: Database) -> int:
    """The parcels in both states; how many there are now."""
    rng = np.random.default_rng(4)
    shapes = shapely.transform(tessellation(COUNT, 1), lambda xy: xy + CORNER)
    codes = np.array([code for code in profile("planning").titles if len(code) == 6], object)
    code = rng.choice(codes, len(shapes))
    coded = rng.random(len(shapes)) < 1 / CODED
    divided = ~coded & (rng.random(len(shapes)) < 1 / DIVIDED)
    halves = gpd.GeoSeries(shapes[divided]).bounds
    middle = (halves["minx"] + halves["maxx"]).to_numpy() / 2
    low, high = halves["miny"].to_numpy() - 1, halves["maxy"].to_numpy() + 1
    sides = [
        shapely.intersection(shapes[divided], shapely.box(west, low, east, high))
        for west, east in ((halves["minx"].to_numpy() - 1, middle),
                           (middle, halves["maxx"].to_numpy() + 1))
    ]  # fmt: skip
    fresh = np.concatenate([shapes[coded], *sides])
    until = [TURN if gone else None for gone in coded | divided]
    spec = LayerSpec("parcels", "Geometry", SRID, (Column("land_code", "text"),))
    with database.begin() as tx, bulk.load(tx, spec, author="benchmark") as load:
        load.write(rows(shapes, code, None, until))
        load.write(rows(fresh, rng.choice(codes, len(fresh)), [TURN] * len(fresh), None))
    return len(shapes) - int(coded.sum() + divided.sum()) + len(fresh)


def rows(
    shapes: np.ndarray,
    code: np.ndarray,
    since: list[datetime] | None,
    until: list[datetime | None] | None,
) -> pa.Table:
    """A batch of parcels with their periods."""
    open_ = [None] * len(shapes)
    stamp = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "land_code": pa.array(code, pa.string()),
            "geom": pa.array(shapely.to_wkb(shapes), pa.binary()),
            "valid_from": pa.array(since or open_, stamp),
            "valid_to": pa.array(until or open_, stamp),
        }
    )


if __name__ == "__main__":
    main()
