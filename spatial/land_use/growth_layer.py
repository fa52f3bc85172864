"""Built-up land as a layer: what there is in the main line, what is forecast in a scenario."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from rasterio.features import shapes

from spatial.analyses.making import new_layer
from spatial.analyses.run import NewLayer, Plan, Run
from spatial.asof import DEFAULT_ZONE
from spatial.land_use.cells import Grid
from spatial.layer import Column

LAND = (
    Column("year", "integer", "建成年份"),
    Column("kind_zh", "text", "类别"),
    Column("kind_en", "text"),
    Column("area_m2", "double precision", "面积"),
)
_DATED = (*LAND, Column("valid_from", "timestamptz"))


def growth_layer(
    run: Run, grid: Grid, known: npt.NDArray[np.int32], told: npt.NDArray[np.int32], plan: str
) -> NewLayer:
    """Patches of cells of one year, each true from the year's beginning on.

    known, told (rows, columns): the years in which cells were built, and will be; 0 never. What is
    as old as the first year has no beginning. The told ones are features of the scenario `plan`.
    """
    first = int(known[known > 0].min(initial=9999))

    def begins(year: int) -> datetime | None:
        return None if year == first else datetime(year, 1, 1, tzinfo=DEFAULT_ZONE)

    built = _layer(run, patches(known, grid, begins, "已有", "observed"), grid, "land_now")
    coming = _layer(run, patches(told, grid, begins, "预测", "forecast"), grid, "land_plan")
    return replace(
        built,
        columns=LAND,
        title_zh="建设用地",
        title_en="built-up land",
        dated=True,
        plan=Plan(plan, "城镇增长预测 · Growth forecast", coming.rows),
    )


def _layer(run: Run, frame: gpd.GeoDataFrame, grid: Grid, key: str) -> NewLayer:
    return new_layer(run, frame, _DATED, grid.srid, geometry_type="MultiPolygon", key=key)


def patches(
    year: npt.NDArray[np.int32],
    grid: Grid,
    begins: Callable[[int], datetime | None],
    zh: str,
    en: str,
) -> gpd.GeoDataFrame:
    """Polygons of adjoining cells of one year, the earliest first."""
    found = shapes(year, mask=year > 0, transform=grid.transform, connectivity=4)
    drawn = sorted(((int(value), shapely.geometry.shape(one)) for one, value in found),
                   key=lambda pair: pair[0])  # fmt: skip
    rows: dict[str, Any] = {
        "year": [value for value, _ in drawn],
        "kind_zh": zh,
        "kind_en": en,
        "area_m2": [one.area for _, one in drawn],
        "valid_from": [begins(value) for value, _ in drawn],
    }
    return gpd.GeoDataFrame(rows, geometry=[one for _, one in drawn], crs=grid.srid)
