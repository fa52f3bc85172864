"""The analysis `contours`: lines of equal height."""

from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import Field

from spatial.analyses.grids import grid_at
from spatial.analyses.inputs import Inputs, Label, RasterName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import TooLarge
from spatial.hydrology import grid_store
from spatial.hydrology.contouring import merged, pieces
from spatial.hydrology.lattice import Lattice
from spatial.hydrology.tiling import Tile, Tiling
from spatial.layer import Column

COLUMNS = (
    Column("height", "double precision", "高程"),
    Column("index_line", "boolean", "计曲线"),
)
MOST = 20_000_000
_EVERY = 5


class ContourInputs(Inputs):
    """The ground, and at which heights lines are drawn."""

    dem: Annotated[
        RasterName, Label("数字高程模型（栅格或文件）", "the ground's heights: raster or file")
    ]
    interval: Annotated[
        float, Field(gt=0, allow_inf_nan=False), Label("等高距", "height between lines", unit="m")
    ]
    base: Annotated[
        float, Field(allow_inf_nan=False), Label("起算高程", "the height of one line", unit="m")
    ] = 0.0


@analysis(
    "contours",
    zh="等高线",
    en="Contour lines",
    about_zh="按等高距从高程栅格绘制等高线，每第五条为计曲线。",
    about_en="Lines of equal height from a raster of heights; each fifth is an index line.",
)
def contours(run: Run, inputs: ContourInputs) -> Outcome:
    """March over all squares and join the pieces; see `spatial.hydrology.contouring`."""
    grid = grid_at(run, inputs.dem)
    lattice = Lattice.of(grid.path, grid.srid)
    ends, levels, held = [np.empty((0, 4))], [np.empty(0, np.int64)], 0
    for tile in Tiling.of(lattice.shape).tiles:
        rows = min(tile.rows + 1, lattice.shape[0] - tile.top)
        columns = min(tile.columns + 1, lattice.shape[1] - tile.left)
        cells = grid_store.window(grid.path, Tile(0, tile.top, tile.left, rows, columns))
        found, of = pieces(cells, inputs.base, inputs.interval)
        held += len(of)
        if held > MOST:
            raise TooLarge("so many lines are of no use: choose a larger interval")
        row, column = found[:, ::2] + tile.top, found[:, 1::2] + tile.left
        x, y = lattice.centres(row, column)
        ends.append(np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1))
        levels.append(of)
    parts, of_part = np.concatenate(ends), np.concatenate(levels)
    lines, of = merged(parts, of_part)
    rows_ = pd.DataFrame(
        {"height": inputs.base + of * inputs.interval, "index_line": of % _EVERY == 0}
    )
    frame = gpd.GeoDataFrame(rows_, geometry=lines, crs=lattice.srid)
    drawn = float(np.hypot(parts[:, 2] - parts[:, 0], parts[:, 3] - parts[:, 1]).sum())
    joined = float(shapely.length(lines).sum())
    return Outcome(
        {"layer": new_layer(run, frame, COLUMNS, lattice.srid, geometry_type="LineString")},
        Certificate(
            "length of all pieces = length of the lines",
            drawn, joined, abs(drawn - joined), 1e-9 * drawn, "units of the CRS",
        ),
        {"lines": len(lines), "levels": len(np.unique(of)), "length": joined},
    )  # fmt: skip
