"""Analyses for tests of the machinery, importable by a runner's process."""

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from psycopg import sql
from rasterio.transform import from_origin

from spatial.analyses.grids import grid_at
from spatial.analyses.inputs import Inputs, Label, LayerName, Names, RasterName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, NewLayer, NewRaster, Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.layer import Column
from spatial.period import Period


class MakingInputs(Inputs):
    """What to make something of."""

    layer: Annotated[LayerName, Label("图层", "layer")]


@analysis("trial-making", zh="试制", en="Making", about_zh="试制", about_en="One output of each.")
def making(run: Run, inputs: MakingInputs) -> Outcome:
    """A raster with two states, a table, a layer and a document."""
    frame = gpd.GeoDataFrame(
        {"word": ["b", None], "count": [1, 2]}, geometry=[shapely.box(0, 0, 1, 1)] * 2, crs=4549
    )
    columns = (Column("word", "text"), Column("count", "bigint"))
    new_year = datetime(2020, 1, 1, tzinfo=UTC)
    states = (
        (_grid(run.folder / "before.tif", 1), Period(None, new_year)),
        (_grid(run.folder / "after.tif", 2), Period(new_year, None)),
    )
    return Outcome(
        {
            "depth": NewRaster(states, "水深", "depth", vertical_datum="EPSG:5737"),
            "zones": new_layer(
                run, frame, columns, 4549, key="zones", geometry_type="MultiPolygon"
            ),
            "table": new_layer(run, frame.drop(columns="geometry"), columns, 4549, key="table"),
            "page": NewFile("页.html", b"<p>1</p>", "text/html"),
        },
        Certificate("one = one", 1, 1, 0, 0, "points"),
    )


def _grid(file: Path, value: float) -> Path:
    with rasterio.open(
        file, "w", driver="GTiff", width=4, height=3, count=1, dtype="float32", crs=4549,
        transform=from_origin(528_000, 3_486_000, 10, 10),
    ) as made:  # fmt: skip
        made.write(np.full((1, 3, 4), value, np.float32))
    return file


class ReadingInputs(Inputs):
    """What to read."""

    depth: Annotated[RasterName, Label("水深", "depth")]


@analysis("trial-reading", zh="试读", en="Reading", about_zh="试读", about_en="Reads a cell.")
def reading(run: Run, inputs: ReadingInputs) -> Outcome:
    """The first cell of a raster at the run's AsOf."""
    with rasterio.open(grid_at(run, inputs.depth).path) as data:
        cell = float(data.read(1)[0, 0])
    return Outcome({}, Certificate("one = one", 1, 1, 0, 0, "cells"), {"cell": cell})


class TrialInputs(Inputs):
    """What the trial does."""

    layer: Annotated[LayerName, Label("图层", "layer")]
    seconds: Annotated[float, Label("时长", "how long it takes", unit="s")] = 0.0
    ends: Annotated[Literal["well", "badly", "oddly"], Label("结局", "how it ends")] = "well"
    words: Annotated[Names, Label("词", "words")] = ()


@analysis("trial", zh="试验", en="Trial", about_zh="试验", about_en="Waits, then makes a point.")
def trial(run: Run, inputs: TrialInputs) -> Outcome:
    """One point, after a while in which it holds a staging table and a process of its own."""
    run.staging((("word", "text"),), 4549)
    if inputs.seconds:
        companion = subprocess.Popen(["sleep", "300"])
        until = time.monotonic() + inputs.seconds
        while time.monotonic() < until:
            run.progress(0.5, f"waiting beside {companion.pid}")
            time.sleep(0.1)
        companion.kill()
        companion.wait()
    if inputs.ends == "badly":
        raise Invalid("the trial was to fail")
    if inputs.ends == "oddly":
        raise RuntimeError("SELECT secret FROM nowhere")
    point = "SELECT 'one' AS word, ST_SetSRID(ST_MakePoint(528000, 3486000), 4549) AS geom"
    return Outcome(
        {"layer": NewLayer("Point", 4549, (Column("word", "text"),), sql.SQL(point))},
        Certificate("one = one", 1, 1, 0, 0, "points"),
    )
