"""Layers as the analyses of water read them."""

import geopandas as gpd

from spatial.analyses.reading import readings
from spatial.analyses.run import Run
from spatial.analyses.selection import Selection
from spatial.frame import fetch


def layer_at(run: Run, name: str | Selection, srid: int) -> gpd.GeoDataFrame:
    """A layer's features at the run's AsOf by their ids, moved to a CRS; those of no shape go."""
    rows = table_at(run, name)
    held = rows[~(rows.geometry.isna() | rows.geometry.is_empty)]
    moved: gpd.GeoDataFrame = held.to_crs(srid).reset_index(drop=True)
    return moved


def table_at(run: Run, name: str | Selection) -> gpd.GeoDataFrame:
    """The rows of a layer or table at the run's AsOf, by their ids."""
    with readings(run.database, [name], run.asof, run.grant) as (pg, (view,)):
        return fetch(run.database, pg, view).sort_values("fid", ignore_index=True)
