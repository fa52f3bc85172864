"""Statutory areas against pyproj's geodesic ones, polygons a second on one core.

Target: 20 times. `python -m benchmarks.areas`.
"""

import time
from statistics import median

import numpy as np
import pyproj
import shapely

from benchmarks.overlay import tessellation
from spatial.land_use import statutory_area

COUNT, SOME, TURNS = 100_000, 3_000, 5


def main() -> dict[str, float]:
    """The median ratio of pairs measured in turn."""
    turn = pyproj.Transformer.from_crs(4528, 4490, always_xy=True)
    place = np.array([40_528_000, 3_480_000])
    shapes = shapely.transform(
        tessellation(COUNT, 1), lambda xy: np.column_stack(turn.transform(*(xy + place).T))
    )
    geod = pyproj.Geod(ellps="GRS80")
    statutory_area(shapes[:1], 4490)
    ours, theirs = [], []
    for _ in range(TURNS):
        start = time.perf_counter()
        statutory_area(shapes, 4490)
        middle = time.perf_counter()
        for shape in shapes[:SOME]:
            geod.geometry_area_perimeter(shape)
        ours.append(COUNT / (middle - start))
        theirs.append(SOME / (time.perf_counter() - middle))
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    print(
        f"statutory areas {median(ours):,.0f}/s, pyproj.Geod {median(theirs):,.0f}/s: {ratio:.0f}x"
    )
    return {"ours": median(ours), "pyproj": median(theirs), "ratio": ratio}


if __name__ == "__main__":
    main()
