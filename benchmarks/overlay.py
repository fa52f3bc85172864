"""The overlay against geopandas.overlay, in one run: `python -m benchmarks.overlay [DATA]`.

DATA is the directory of shared data; with it, Xinwu and Kampen are measured too. Targets: 4 times
where at least half the pairs are contained (Kampen), 3 times elsewhere, and the pairs that must be
cut at no less than 0.9 of what GEOS alone does with them. The largest case stands for a million
parcels by 100,000 zones, of which geopandas alone would take minutes: it has a quarter of them.
"""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import shapely

from spatial.land_use import crossing
from spatial.land_use.clipping import CUT
from spatial.land_use.overlay import How, left_part, overlay
from spatial.land_use.pairs import find_pairs
from spatial.land_use.polygons import Geometries, clean

SIDE = 32_000.0
CRS = "EPSG:4528"
THREADS = 2
Case = tuple[str, gpd.GeoDataFrame, gpd.GeoDataFrame, tuple[How, ...]]


def main() -> dict[str, Any]:
    """Seconds of geopandas, seconds of ours and their ratio, by case and kind of overlay."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    results: dict[str, Any] = {}
    for name, left, right, hows in cases(data):
        print(f"\n{name}: {len(left):,} x {len(right):,} polygons")
        print(f"{'':24}{'geopandas':>11}{'ours':>9}{'ratio':>8}{'pieces':>10}{'area differs':>14}")
        results[name] = {how: compare(left, right, how) for how in hows}
        for how in hows[:2]:
            alone = results[name][how]["geopandas"]
            results[name][f"{how} in parts"] = compare_in_parts(left, right, how, alone)
        results[name]["pairs to cut"] = compare_with_ceiling(left, right)
    return results


def cases(data: Path | None) -> Iterator[Case]:
    """The pairs of layers to overlay; all five kinds for the first, which takes minutes."""
    some: tuple[How, ...] = ("identity", "intersection")
    parcels = layer("parcel", tessellation(100_000, 1))
    many = layer("parcel", tessellation(250_000, 3))
    yield "many parcels by many zones", many, layer("zone", tessellation(25_000, 4)), some[:1]
    yield "parcels by other zones", parcels, layer("zone", tessellation(10_000, 2)), get_args(How)
    yield "parcels by their own blocks", parcels, layer("block", blocks(parcels, 10_000)), some
    yield "parcels by 320 m grid", parcels, layer("cell", grid(320)), some
    if data:
        xinwu = data / "china/xinwu_wuxi"
        land = gpd.read_file(xinwu / "xinwu_land_use.gpkg")
        cells = gpd.read_file(xinwu / "xinwu_grid_250m.gpkg")
        yield "Xinwu land use by 250 m grid", land, cells, some
        kampen = data / "landuse/kampen_nl"
        buildings = gpd.read_file(kampen / "kampen_osm_rd.gpkg", layer="buildings")
        land = gpd.read_file(kampen / "landuse.gpkg")
        yield "Kampen buildings by land use", buildings, land, some


def compare_with_ceiling(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> dict[str, float]:
    """The pairs of which neither holds the other: GEOS's intersections of them alone, and ours."""
    ours, theirs = (np.asarray(frame.geometry.array) for frame in (left, right))
    ours, theirs = clean(ours).geometry, clean(theirs).geometry
    pairs = find_pairs(ours, theirs)
    cross = pairs.where(~(pairs.inside | pairs.holds))
    geos, pieces = timed(lambda: shapely.intersection(ours[cross.left], theirs[cross.right]))

    def cut() -> float:
        # what it costs us to know how they meet is part of it
        kinds, shared = crossing.cross(ours, theirs, cross.left, cross.right)
        plain = np.isin(kinds, (CUT,))
        rest = ~plain
        shared[rest] = shapely.intersection(ours[cross.left[rest]], theirs[cross.right[rest]])
        return float(shapely.area(shared).sum())

    cut()  # compiled
    seconds, area = timed(cut)
    differs = abs(area / shapely.area(pieces).sum() - 1)
    return report("pairs to cut", geos, seconds, len(cross.left), differs)


def layer(name: str, geometry: Geometries) -> gpd.GeoDataFrame:
    """Polygons with one attribute, their position."""
    return gpd.GeoDataFrame({name: np.arange(len(geometry))}, geometry=geometry, crs=CRS)


def tessellation(count: int, seed: int) -> Geometries:
    """About `count` curved, non-convex cells of some 25 vertices, in millimetres."""
    rng = np.random.default_rng(seed)
    rows = int(count**0.5)
    cell = SIDE / rows
    centres = np.stack(np.meshgrid(np.arange(rows), np.arange(rows)), -1).reshape(-1, 2) + 0.5
    points = (centres + rng.uniform(-0.4, 0.4, centres.shape)) * cell
    square = shapely.box(0, 0, SIDE, SIDE)
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=square)
    cells = shapely.segmentize(shapely.intersection(shapely.get_parts(cells), square), cell / 5)
    bend = cell / 9
    return np.asarray(
        shapely.transform(cells, lambda c: np.round(c + bend * np.sin(c[:, ::-1] / cell * 2), 3))
    )


def blocks(parcels: gpd.GeoDataFrame, count: int) -> Geometries:
    """The parcels merged into about `count` blocks, whose edges are thus parcel edges."""
    size = SIDE / count**0.5
    centre = shapely.get_coordinates(shapely.centroid(parcels.geometry.array)) // size
    merged = parcels.dissolve(by=centre[:, 0] * 1000 + centre[:, 1], method="coverage")
    return np.asarray(merged.geometry.array)


def grid(size: float) -> Geometries:
    """Square cells of `size` over the whole side."""
    x, y = np.meshgrid(np.arange(0, SIDE, size), np.arange(0, SIDE, size))
    return np.asarray(shapely.box(x, y, x + size, y + size).ravel())


def compare(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, how: How) -> dict[str, float]:
    """One overlay by both, on one core each."""
    ours, result = timed(lambda: overlay(left, right, how))
    theirs, peer = timed(lambda: gpd.overlay(left, right, how=how, keep_geom_type=True))
    differs = abs(result.frame.area.sum() / peer.area.sum() - 1) if len(peer) else 0.0
    if not result.certificate.holds:
        raise AssertionError(f"The certificate does not close: {result.certificate}")
    return report(how, theirs, ours, len(result.frame), differs)


def compare_in_parts(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, how: How, alone: float
) -> dict[str, float]:
    """An overlay cut in partitions on two threads, as a runner does it, without attributes.

    alone: what geopandas took, which has no use for a second core.
    """
    ours = np.asarray(left.geometry.array)
    theirs = np.asarray(right.geometry.array)
    tree = shapely.STRtree(theirs)

    def part(rows: np.ndarray) -> int:
        near = np.unique(tree.query(ours[rows])[1])
        return len(left_part(ours[rows], theirs[near], how).geometry)

    centre = shapely.get_coordinates(shapely.centroid(ours))
    order = np.lexsort((centre[:, 0], centre[:, 1] // (np.ptp(centre[:, 1]) / 8)))
    with ThreadPoolExecutor(THREADS) as pool:
        seconds, counts = timed(lambda: list(pool.map(part, np.array_split(order, 16))))
    return report(f"{how}, 2 threads", alone, seconds, sum(counts), float("nan"))


def timed[T](work: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what the work gave."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def report(name: str, theirs: float, ours: float, pieces: int, differs: float) -> dict[str, float]:
    """Print a line and return its figures."""
    print(f"{name:24}{theirs:9.2f} s{ours:7.2f} s{theirs / ours:7.1f}x{pieces:10,}{differs:14.1e}")
    return {"geopandas": theirs, "ours": ours, "ratio": theirs / ours, "pieces": pieces}


if __name__ == "__main__":
    main()
