"""Numbered grids as polygons, with cells and areas."""

from collections import defaultdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.features import shapes

from spatial.hydrology.drained_ground import DrainedGround


def outlined(ground: DrainedGround, basins: Path, count: int) -> gpd.GeoDataFrame:
    """Of the numbers 1 to `count` of a scratch grid (NaN without): cells, area_m2, geometry.

    One row for each number, by its place; polygons follow the cells' edges.
    """
    cells, area = np.zeros(count + 1, np.int64), np.zeros(count + 1)
    parts: dict[int, list[shapely.Geometry]] = defaultdict(list)
    for tile, (found,) in ground.windows(basins):
        numbers = np.nan_to_num(found).astype(np.int32)
        size = ground.lattice.area[tile.top : tile.top + tile.rows, None]
        cells += np.bincount(numbers.ravel(), minlength=count + 1)
        weights = np.broadcast_to(size, numbers.shape).ravel()
        area += np.bincount(numbers.ravel(), weights=weights, minlength=count + 1)
        where = ground.lattice.part(tile.top, tile.left)
        for shape, number in shapes(numbers, mask=numbers > 0, transform=where):
            parts[int(number)].append(shapely.geometry.shape(shape))
    whole = [shapely.union_all(parts[number]) for number in range(1, count + 1)]
    rows = pd.DataFrame({"cells": cells[1:], "area_m2": area[1:]})
    return gpd.GeoDataFrame(rows, geometry=whole, crs=ground.lattice.srid)
