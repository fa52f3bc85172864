"""From arrays in the plan's metres to frames in the city's coordinate reference system."""

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from datasets.sample import plan
from datasets.sample.moments import instants
from datasets.sample.plan import Floats, Geometries


def moved(shapes: Geometries) -> Geometries:
    """Shapes of the plan, at their place in EPSG:4549, on the 1 cm grid."""
    return shapely.transform(shapes, lambda c: np.round(c + plan.ORIGIN, 2))


def frame(
    shapes: Geometries,
    keys: npt.ArrayLike,
    start: Floats | float = np.nan,
    end: Floats | float = np.nan,
    **columns: Any,
) -> gpd.GeoDataFrame:
    """A layer's frame: key, columns, valid_from and valid_to from decimal years, and geom."""
    count = len(shapes)
    table = pd.DataFrame(
        {
            "key": keys,
            **columns,
            "valid_from": instants(np.broadcast_to(np.asarray(start, dtype=float), (count,))),
            "valid_to": instants(np.broadcast_to(np.asarray(end, dtype=float), (count,))),
            "geom": moved(shapes),
        }
    )
    return gpd.GeoDataFrame(table, geometry="geom", crs=plan.CRS)


def name_columns(names: list[tuple[str, str]]) -> dict[str, Any]:
    """The columns name_zh and name_en."""
    return {"name_zh": [zh for zh, _ in names], "name_en": [en for _, en in names]}
