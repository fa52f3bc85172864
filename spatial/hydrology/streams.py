"""The analysis `streams`: where enough water gathers, as a network of lines."""

from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field

from spatial.analyses.inputs import Label
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology.drained_ground import DrainedGround, GroundInputs
from spatial.hydrology.stream_network import Reaches, StreamCells, reaches
from spatial.layer import Column

COLUMNS = (
    Column("reach", "bigint", "河段"),
    Column("strahler", "bigint", "Strahler 级"),
    Column("onward", "bigint", "下游河段"),
    Column("length_m", "double precision", "长度"),
    Column("slope", "double precision", "比降"),
    Column("upstream_cells", "bigint", "上游单元数"),
)


class StreamInputs(GroundInputs):
    """The ground, and how much water makes a stream."""

    threshold: Annotated[
        int, Field(ge=1), Label("成河阈值（上游单元数）", "cells upstream that make a stream")
    ] = 1000


@analysis(
    "streams",
    zh="河网提取",
    en="Streams",
    about_zh="上游单元数达到阈值处成河，提取为有向线网：Strahler 级、长度、比降、下游河段。",
    about_en="Where cells enough drain through, streams as a network of directed lines with "
    "Strahler's order, length, slope and the reach below.",
)
def streams(run: Run, inputs: StreamInputs) -> Outcome:
    """Reaches of the cells through which enough drain; see `spatial.hydrology.stream_network`."""
    ground = DrainedGround.of(run, inputs)
    cells = stream_cells(ground, inputs.threshold)
    made = reaches(cells, ground.lattice)
    rows = table(made, ground)
    dots = int(rows.geometry.isna().sum())
    rows = rows[~rows.geometry.isna()]
    own = int(made.cells.sum())
    return Outcome(
        {
            "layer": new_layer(
                run, rows, COLUMNS, ground.lattice.srid, geometry_type="LineString"
            )
        },
        Certificate(
            "cells of streams = cells of all reaches",
            len(cells.place), own, abs(len(cells.place) - own), 0, "cells",
            notes=(f"{dots} reaches of a single cell are no lines",) if dots else (),
        ),
        {
            "reaches": len(rows),
            "stream_cells": len(cells.place),
            "length_m": float(made.length_m.sum()),
            "highest_order": int(made.order.max(initial=0)),
        },
    )  # fmt: skip


def table(made: Reaches, ground: DrainedGround) -> gpd.GeoDataFrame:
    """Rows of COLUMNS, one for each reach."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = made.drop / made.length_m
    rows = pd.DataFrame(
        {
            "reach": np.arange(1, len(made.order) + 1),
            "strahler": made.order,
            "onward": made.onward,
            "length_m": made.length_m,
            "slope": slope,
            "upstream_cells": made.count,
        }
    )
    return gpd.GeoDataFrame(rows, geometry=made.line, crs=ground.lattice.srid)


def stream_cells(ground: DrainedGround, threshold: int) -> StreamCells:
    """The cells through which as many drain; raises Invalid where there is none."""
    columns = ground.lattice.shape[1]
    paths = [ground.counts, ground.codes]
    if ground.inputs.dem is not None:
        paths.append(ground.filled)
    found = []
    for tile, (count, code, *height) in ground.windows(*paths):
        row, column = np.nonzero(count >= threshold)
        tall = height[0][row, column].astype(np.float64) if height else np.full(len(row), np.nan)
        place = (row + tile.top) * columns + column + tile.left
        found.append((place, code[row, column], tall, count[row, column]))
    place, code, tall, count = (np.concatenate(one) for one in zip(*found, strict=True))
    if not len(place):
        raise Invalid(f"nowhere do {threshold} cells drain through one: choose a lower threshold")
    order = np.argsort(place)
    return StreamCells(place[order], code[order], tall[order], count[order])
