"""What else stands under water: assets of any shape, people of a raster, and closed ground."""

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import shapely
from rasterio.features import rasterize, shapes
from rasterio.transform import Affine

from spatial.analyses.grids import GridFile
from spatial.errors import Invalid
from spatial.hydrology.exposure import (
    BOUNDS,
    CLASSES,
    Curves,
    Doubles,
    classes,
    deepest_along,
    exposed,
    water_at,
)
from spatial.hydrology.flood_grid import FloodGrid


def deepest_under(places: npt.NDArray[np.object_], depth: Doubles, transform: Affine) -> Doubles:
    """(n,) the deepest water at points, along lines and within areas, m."""
    made, kind = np.zeros(len(places)), shapely.get_dimensions(places)
    points, lines, areal = (np.flatnonzero(kind == one) for one in range(3))
    at, of = shapely.get_coordinates(places[points], return_index=True)
    np.maximum.at(made, points[of], water_at(at, depth, transform))
    made[lines] = deepest_along(places[lines], depth, transform)
    if len(areal):
        none = np.full(len(areal), "", object)
        made[areal] = exposed(places[areal], none, depth, transform, Curves({})).deepest
    return made


def people(
    population: GridFile, water: FloodGrid, zones: gpd.GeoDataFrame, names: npt.NDArray[np.object_]
) -> pd.DataFrame:
    """People by zone and class of depth, of a raster of people in each cell; evenly over a cell.

    Raises Invalid where the two rasters have different CRSs, and for negative numbers.
    """
    if population.srid != water.srid:
        raise Invalid("the people must lie in the CRS of the depths: warp the raster to it")
    with rasterio.open(population.path) as data:
        share = water.transform.a**2 / abs(data.transform.a * data.transform.e)
    count = np.nan_to_num(water.laid(population)) * share
    if (count < 0).any():
        raise Invalid("a number of people is negative")
    zone = np.zeros(water.shape, np.int64)
    if len(zones):
        numbered = zip(zones.geometry, range(1, len(zones) + 1), strict=True)
        zone = rasterize(numbered, water.shape, transform=water.transform, dtype=np.int32)
    group = np.where(
        water.heights > 0, 1 + np.searchsorted(BOUNDS, np.nan_to_num(water.heights)), 0
    )
    size = len(CLASSES)
    total = np.bincount((zone * size + group).ravel(), count.ravel(), (len(zones) + 1) * size)
    rows = [
        (None if row < size else names[row // size - 1], CLASSES[row % size], total[row])
        for row in np.flatnonzero(total)
    ]
    return pd.DataFrame(rows, columns=["zone", "class", "population"])


def closed_ground(depth: Doubles, transform: Affine, least: float) -> gpd.GeoDataFrame:
    """Areas of water at least so deep: what closes the links of a network that it covers."""
    deep = depth >= least
    found: Any = shapes(deep.astype(np.uint8), mask=deep, transform=transform)
    parts: list[Any] = [shapely.geometry.shape(one) for one, _ in found]
    areas = [shapely.MultiPolygon([one]) for one in parts]
    return gpd.GeoDataFrame(
        {"area_m2": shapely.area(np.array(areas, object)) if areas else []}, geometry=areas
    )


def under(
    rows: gpd.GeoDataFrame, kinds: Any, zones: Any, depth: Doubles, transform: Affine
) -> pd.DataFrame:
    """Those of some assets that stand in water: how deep, and its class."""
    places = np.asarray(rows.geometry, object)
    deepest = deepest_under(places, depth, transform)
    table = pd.DataFrame(
        {
            "asset": rows["fid"].to_numpy(), "kind": kinds, "zone": zones, "max_depth": deepest,
            "class": classes(deepest), "geometry": places,
        }
    )  # fmt: skip
    return table[deepest > 0]
