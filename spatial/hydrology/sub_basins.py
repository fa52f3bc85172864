"""The analysis `sub-basins`: the ground of each reach, and basins that are given."""

from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
from rasterio.features import rasterize

from spatial.analyses.inputs import Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology import grid_store
from spatial.hydrology.basins import outlined
from spatial.hydrology.drained_ground import DrainedGround
from spatial.hydrology.neighbours import NO_DATA
from spatial.hydrology.stream_network import reaches
from spatial.hydrology.streams import StreamInputs, stream_cells
from spatial.hydrology.tiled_downstream import carry
from spatial.layer import Column

COLUMNS = (
    Column("basin", "bigint", "子流域"),
    Column("onward", "bigint", "下游子流域"),
    Column("given", "bigint", "给定分区要素号"),
    Column("cells", "bigint", "单元数"),
    Column("area_m2", "double precision", "面积"),
)


class SubBasinInputs(StreamInputs):
    """The ground, how much water makes a stream, and basins that are given."""

    given: Annotated[
        LayerName | None,
        Label(
            "给定分区面图层（如圩区），不随地形",
            "polygons of basins that do not follow the terrain, such as pumped polders",
        ),
    ] = None


@analysis(
    "sub-basins",
    zh="子流域划分",
    en="Sub-basins",
    about_zh="每一河段的汇水范围；给定的分区（如抽排圩区）优先于地形。",
    about_en="The ground that drains to each reach of the streams first; basins that are given, "
    "such as pumped polders, go before the terrain.",
)
def sub_basins(run: Run, inputs: SubBasinInputs) -> Outcome:
    """Carry the reaches' numbers upstream, then put the given basins in."""
    ground = DrainedGround.of(run, inputs)
    cells = stream_cells(ground, inputs.threshold)
    made = reaches(cells, ground.lattice)
    marks, basins = ground.scratch("marks", np.float64), ground.scratch("basins", np.float64)
    ground.place(marks, cells.place, made.reach.astype(np.float64))
    carry(ground.codes, marks, basins, ground.tiling, run.parallel.map)
    count = len(made.order)
    given = _given(ground, inputs)
    total = drained = loose = 0
    for tile, (found, code) in ground.windows(basins, ground.codes):
        known = code != NO_DATA
        if len(given):
            numbers = np.arange(count + 1, count + 1 + len(given))
            inside = rasterize(
                zip(given.geometry, numbers, strict=True), found.shape,
                transform=ground.lattice.part(tile.top, tile.left), dtype=np.int32,
            )  # fmt: skip
            found = np.where((inside > 0) & known, inside, found)
            grid_store.write(basins, tile, found)
        total += int(known.sum())
        loose += int((known & np.isnan(found)).sum())
    rows = outlined(ground, basins, count + len(given)).assign(
        basin=np.arange(1, count + len(given) + 1),
        onward=np.concatenate([made.onward, np.zeros(len(given), np.int64)]),
        given=pd.array([None] * count + given["fid"].tolist(), "Int64"),
    )
    rows = rows[rows["cells"] > 0]
    drained = int(rows["cells"].sum())
    return Outcome(
        {
            "layer": new_layer(
                run, rows, COLUMNS, ground.lattice.srid, geometry_type="MultiPolygon"
            ),
            "grid": ground.raster(basins, "basin", 0, unit="1", dtype=np.int32),
        },
        Certificate(
            "cells = cells of basins + cells that meet no stream",
            total, drained + loose, abs(total - drained - loose), 0, "cells",
            {"cells": total, "in basins": drained, "meet no stream": loose},
        ),
        {"basins": len(rows), "given": len(given), "cells": drained, "meet_no_stream": loose,
         "area_m2": float(rows["area_m2"].sum())},
    )  # fmt: skip


def _given(ground: DrainedGround, inputs: SubBasinInputs) -> gpd.GeoDataFrame:
    if inputs.given is None:
        return gpd.GeoDataFrame({"fid": pd.array([], "int64")}, geometry=[])
    layer = ground.layer(inputs.given)
    if not layer.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        raise Invalid("'given' must be a layer of polygons")
    return layer
