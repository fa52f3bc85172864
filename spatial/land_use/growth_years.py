"""What was built in each year: land from the states of parcels, buildings from their years."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from rasterio.features import rasterize

from spatial.analyses.reading import readings
from spatial.analyses.run import Run
from spatial.analyses.selection import Selection, selection
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.land_use.cells import Grid
from spatial.land_use.ground import Ground, require_columns
from spatial.land_use.growth_model import Cells
from spatial.land_use.polygons import Floats


@dataclass(frozen=True)
class Built:
    """Built-up land of n years: its area in m², and the cells (rows, columns) of each year."""

    years: tuple[int, ...]
    area: Floats
    cells: list[Cells]

    def since(self) -> npt.NDArray[np.int32]:
        """(rows, columns): from which year on each cell is built till the last; 0 where it is not.

        What was built in the first year is told as of it, however old it is.
        """
        made = np.zeros(self.cells[0].shape, np.int32)
        for year, now in zip(self.years, self.cells, strict=True):
            made[now & (made == 0)] = year
            made[~now] = 0
        return made


def built_by_year(
    run: Run,
    parcels: str | Selection,
    field: str,
    prefixes: Sequence[str],
    years: Sequence[int],
    ground: Ground,
    grid: Grid,
) -> Built:
    """The parcels of each year's end (of the last, at the run's AsOf) whose code is of built land.

    A cell is built where its middle is. Raises Invalid for a missing column, for a selection with
    a time of its own, and where no code of any year is of built land.
    """
    chosen = selection(parcels)
    if chosen.datetime:
        raise Invalid("growth reads the parcels year by year: leave out their datetime")
    told = chosen.model_dump()
    states = [Selection.model_validate(told | {"datetime": str(year)}) for year in years[:-1]]
    area, cells = [], []
    with readings(run.database, [*states, chosen], run.asof, run.grant) as (pg, views):
        if field not in views[0].layer.column_names:
            require_columns(fetch(run.database, pg, views[-1]).iloc[:0], chosen.layer, [field])
        for number, (year, view) in enumerate(zip(years, views, strict=True)):
            run.progress(0.4 * number / len(years), f"reading {year}")
            frame = fetch(run.database, pg, view, [field])
            ours = frame[frame[field].astype(str).str.startswith(tuple(prefixes))]
            shapes = ground.bring(ours).geometry.to_numpy()
            area.append(float(shapely.area(shapes).sum()))
            cells.append(_cells(shapes, grid))
    if not any(area):
        raise Invalid(f"no parcel of {years[0]} to {years[-1]} has a {field} of built land: "
                      f"{', '.join(prefixes)}")  # fmt: skip
    return Built(tuple(years), np.array(area), cells)


def _cells(shapes: npt.NDArray[Any], grid: Grid) -> Cells:
    if not len(shapes):
        return np.zeros(grid.shape, bool)
    made = rasterize(shapes.tolist(), out_shape=grid.shape, transform=grid.transform, dtype="uint8")
    return np.asarray(made, bool)


def buildings_by_year(
    frame: gpd.GeoDataFrame, year_field: str, floors_field: str, years: Sequence[int]
) -> pd.DataFrame:
    """Of the buildings that stand: by year how many were completed, and their floor area in m².

    frame: polygons in a plane in metres. What is older than the first year, or has no year, is in
    none. Without the column of floors the floor area is unknown.
    """
    require_columns(frame, "buildings", [year_field])
    built = pd.to_numeric(frame[year_field], errors="coerce")
    floors = np.full(len(frame), np.nan)
    if floors_field in frame:
        floors = pd.to_numeric(frame[floors_field], errors="coerce").to_numpy(float)
    rows = pd.DataFrame({"year": built, "floor_area_m2": shapely.area(frame.geometry) * floors})
    groups = rows.groupby("year")["floor_area_m2"]
    made = pd.DataFrame({"buildings": groups.size(), "floor_area_m2": groups.sum(min_count=1)})
    made = made.reindex(list(years))
    return made.assign(buildings=made["buildings"].fillna(0).astype(int))
