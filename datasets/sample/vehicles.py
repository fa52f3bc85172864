"""The `vehicles` layer: what moves about the city; a vehicle's feature is where it is stationed."""

import geopandas as gpd
import numpy as np
import shapely

from datasets.sample.blocks import Network
from datasets.sample.frames import frame
from datasets.sample.plan import Geometries

# class: code prefix, names, how many, first year
CLASSES = {
    "bus": ("GJ", "公交车", "Bus", 36, 2018),
    "sweeper": ("HW", "环卫车", "Street sweeper", 14, 2020),
    "patrol": ("XC", "巡查车", "Patrol car", 10, 2021),
}


def vehicle_frame(seed: int, network: Network) -> gpd.GeoDataFrame:
    """Vehicles, each stationed on a street of the built-up city."""
    rng = np.random.default_rng([seed, 34])
    kinds = [kind for kind, (*_, count, _) in CLASSES.items() for _ in range(count)]
    streets = np.flatnonzero(network.urban & (network.year < 2018) & (network.rank <= 2))
    chosen = rng.permutation(streets)[: len(kinds)]
    points: Geometries = shapely.line_interpolate_point(network.lines[chosen], 0.5, True)
    codes = [
        f"{prefix}{number:04d}"
        for prefix, _, _, count, _ in CLASSES.values()
        for number in range(1, count + 1)
    ]
    since = np.array([CLASSES[kind][4] for kind in kinds]) + rng.integers(0, 36, len(kinds)) / 12
    return frame(
        points,
        codes,
        since,
        code=codes,
        kind=kinds,
        kind_zh=[CLASSES[kind][1] for kind in kinds],
        kind_en=[CLASSES[kind][2] for kind in kinds],
    )
