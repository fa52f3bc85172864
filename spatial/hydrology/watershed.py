"""The analysis `watershed`: all ground from which water comes to a point."""

from pathlib import Path
from typing import Annotated, Self

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from spatial.analyses.inputs import Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology import grid_store
from spatial.hydrology.basins import outlined
from spatial.hydrology.drained_ground import DrainedGround, GroundInputs
from spatial.hydrology.lattice import Convention
from spatial.hydrology.neighbours import step_to
from spatial.hydrology.tiled_downstream import carry
from spatial.hydrology.tiling import Tile
from spatial.layer import Column

COLUMNS = (
    Column("point", "bigint", "出水口"),
    Column("x", "double precision"),
    Column("y", "double precision"),
    Column("cells", "bigint", "单元数"),
    Column("area_m2", "double precision", "面积"),
    Column("upstream_cells", "bigint", "上游单元总数"),
)


class WatershedInputs(GroundInputs):
    """The ground, and the points that water comes to."""

    x: Annotated[
        float | None,
        Field(allow_inf_nan=False),
        Label("出水口 x，高程所用坐标系", "x of the point, in the CRS of the heights"),
    ] = None
    y: Annotated[
        float | None,
        Field(allow_inf_nan=False),
        Label("出水口 y，高程所用坐标系", "y of the point, in the CRS of the heights"),
    ] = None
    points: Annotated[
        LayerName | None, Label("出水口点图层，代替 x、y", "a layer of points, in place of x and y")
    ] = None
    cell: Annotated[
        Convention,
        Label(
            "点所指单元：containing 所在单元，corner 西北角最近的单元",
            "which cell a point means: the one it lies in, or the one whose north-west corner is "
            "nearest",
        ),
    ] = "containing"
    snap: Annotated[
        int,
        Field(ge=0, le=1000),
        Label(
            "吸附半径（单元）：取范围内累积量最大者",
            "cells about the point within which the one with most water is taken",
        ),
    ] = 0

    @model_validator(mode="after")
    def _one_way_to_say(self) -> Self:
        if (self.x is None) != (self.y is None) or (self.x is None) == (self.points is None):
            raise ValueError("give both 'x' and 'y', or 'points'")
        return self


@analysis(
    "watershed",
    zh="集水区",
    en="Watershed",
    about_zh="流到一点（或一组点）的全部栅格单元：单元数、面积与边界。",
    about_en="All cells from which water comes to a point, or to each of several points: how many, "
    "their area and outline. Of points one above the other, each has what the upper one has not.",
)
def watershed(run: Run, inputs: WatershedInputs) -> Outcome:
    """Carry each point's mark upstream; see `spatial.hydrology.tiled_downstream`."""
    ground = DrainedGround.of(run, inputs)
    points = _points(ground, inputs)
    counts, codes = ground.counts, ground.codes
    marks, basins = ground.scratch("marks", np.float64), ground.scratch("basins", np.float64)
    places = points["row"].to_numpy() * ground.lattice.shape[1] + points["column"].to_numpy()
    order = np.argsort(places)
    same = np.flatnonzero(np.diff(places[order]) == 0)
    if len(same):
        row, column = points[["row", "column"]].iloc[order[same[0]]]
        raise Invalid(f"two points mean the same cell, at row {row}, column {column}")
    ground.place(marks, places[order], order + 1.0)
    through = [
        int(grid_store.window(counts, Tile(0, row, column, 1, 1))[0, 0])
        for row, column in zip(points["row"], points["column"], strict=True)
    ]
    carry(codes, marks, basins, ground.tiling, run.parallel.map)
    rows = outlined(ground, basins, len(points))
    rows = rows.assign(
        point=points["fid"].to_numpy(),
        x=points["x"].to_numpy(),
        y=points["y"].to_numpy(),
        upstream_cells=through,
    )
    return Outcome(
        {
            "layer": new_layer(
                run, rows, COLUMNS, ground.lattice.srid, geometry_type="MultiPolygon"
            ),
            "basins": ground.raster(basins, "basin", 0, unit="1", dtype=np.int32),
        },
        _balance(ground, points, basins, rows),
        {
            "cells": int(rows["cells"].sum()),
            "area_m2": float(rows["area_m2"].sum()),
            "points": len(points),
            "rows_columns": points[["row", "column"]].to_numpy().tolist(),
        },
    )


def _points(ground: DrainedGround, inputs: WatershedInputs) -> pd.DataFrame:
    """fid, x, y, and row and column of the cells that they mean."""
    if inputs.points is None:
        found = pd.DataFrame({"fid": [1], "x": [inputs.x], "y": [inputs.y]})
    else:
        layer = ground.layer(inputs.points)
        if not (layer.geom_type == "Point").all():
            raise Invalid("'points' must be a layer of single points")
        if layer.empty:
            raise Invalid("'points' has no point at this time")
        found = pd.DataFrame({"fid": layer["fid"], "x": layer.geometry.x, "y": layer.geometry.y})
    places = [
        _snapped(ground, ground.lattice.cell(x, y, inputs.cell), inputs.snap)
        for x, y in zip(found["x"], found["y"], strict=True)
    ]
    return found.assign(row=[r for r, _ in places], column=[c for _, c in places])


def _snapped(ground: DrainedGround, at: tuple[int, int], reach: int) -> tuple[int, int]:
    """The cell within reach through which most drain, the first in row order of several."""
    rows, columns = ground.lattice.shape
    top, left = max(at[0] - reach, 0), max(at[1] - reach, 0)
    bottom, right = min(at[0] + reach + 1, rows), min(at[1] + reach + 1, columns)
    window = Tile(0, top, left, bottom - top, right - left)
    counts = grid_store.window(ground.counts, window)
    if not counts.any():
        raise Invalid(f"there is no data at row {at[0]}, column {at[1]}: no water comes there")
    row, column = np.unravel_index(int(counts.argmax()), counts.shape)
    return top + int(row), left + int(column)


def _balance(
    ground: DrainedGround, points: pd.DataFrame, basins: Path, rows: gpd.GeoDataFrame
) -> Certificate:
    """Of each point: its own cells + those through the points next above = those through it."""
    own, through = rows["cells"].to_numpy(), rows["upstream_cells"].to_numpy()
    above = np.zeros(len(own), np.int64)
    for number, (row, column) in enumerate(zip(points["row"], points["column"], strict=True)):
        code = grid_store.window(ground.codes, Tile(0, row, column, 1, 1))[0, 0]
        down, right = step_to(int(code))
        onward = row + down, column + right
        if onward != (row, column) and ground.lattice.holds(*onward):
            met = grid_store.window(basins, Tile(0, *onward, 1, 1))[0, 0]
            if np.isfinite(met):
                above[int(met) - 1] += through[number]
    residual = float(np.abs(own + above - through).sum())
    left, total = float((own + above).sum()), float(through.sum())
    return Certificate(
        "own cells + cells through the points next above = cells through each point",
        left, total, residual, 0, "cells",
        {"own": float(own.sum()), "from above": float(above.sum()), "through": total},
    )  # fmt: skip
