"""The analysis `inundation`: how deep and how fast water stands and runs, from storm and river."""

import os
from collections.abc import Iterator
from datetime import datetime

import geopandas as gpd
import numpy as np

from spatial.analyses.grids import grid_at
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.analyses.selection import Selection
from spatial.errors import Invalid
from spatial.hydrology.datum import same_datum, same_datums
from spatial.hydrology.design_storm import Storm
from spatial.hydrology.flood_grid import Doubles, FloodGrid
from spatial.hydrology.flood_inputs import FloodInputs
from spatial.hydrology.flood_results import Gauges, Rasters
from spatial.hydrology.flood_scene import SURFACES, Scene
from spatial.hydrology.layers import table_at
from spatial.hydrology.shallow.observe import WET
from spatial.hydrology.shallow.series import Series
from spatial.hydrology.shallow.state import State

#: Moments of results at most.
MOST = 200
_LAYERS = (
    "inflow", "hydrograph", "gauges", "surfaces", "buildings", "outlets", "levels", "walls",
    "culverts", "gates", "pumps",
)  # fmt: skip


@analysis(
    "inundation",
    zh="洪涝淹没模拟",
    en="Inundation",
    about_zh="二维局部惯性模型：降雨、入流过程、水位边界、下渗、管网排水、建筑、圩堤、涵洞、"
    "水闸与泵。成果为随时间的水深与流速、最大水深、最大流速、危险等级（H1–H6）与到达时间；"
    "证明为水量平衡。",
    about_en="Two-dimensional local-inertia model: rain, hydrographs, levels, infiltration, "
    "drains, buildings, dikes, culverts, gates and pumps. Gives depth and speed through time, "
    "their maxima, the hazard class (H1 to H6) and the time of arrival; the certificate balances "
    "the water.",
)
def inundation(run: Run, inputs: FloodInputs) -> Outcome:
    """Read, compute, write; see `spatial.hydrology.shallow.kernel`.

    What there is at each moment is kept, so that another attempt goes on where one was lost.

    Raises Invalid for a grid in degrees or of other than square cells, and for what lies outside.
    """
    raster = grid_at(run, inputs.dem)
    grid = FloodGrid.of(raster, inputs.cell)
    same_datum(raster.vertical_datum, inputs.vertical_datum)
    layers = {
        name: _read(run, getattr(inputs, name), grid.srid)
        for name in _LAYERS
        if getattr(inputs, name) is not None
    }
    for rows in layers.values():
        same_datums(raster.vertical_datum, rows)
    table = layers.pop("hydrograph", None)
    storm = None if inputs.storm is None else inputs.falls(run)
    times, values = np.array(inputs.rain).T
    rain = Series(times, values, steps=True) if storm is None else storm.intensity
    scene = Scene(
        grid.heights, grid.transform, layers,
        {name: _amount(run, getattr(inputs, name), grid) for name in SURFACES},
        rain, inputs.edges, inputs.building_mode, inputs.building_height, table,
        _share(run, inputs, storm, grid),
    )  # fmt: skip
    flood = scene.flood()
    interval = inputs.interval or inputs.duration / 10
    if inputs.duration / interval > MOST:
        raise Invalid(f"that makes more than {MOST} moments: choose a longer interval")
    begins = _start(run) if storm is None or storm.begins is None else storm.begins
    gauges = Gauges.of(flood, layers.get("gauges"), grid.transform)
    rasters = Rasters(run.kept, grid.transform, grid.srid, begins, interval, flood.ground.void)
    saved = run.kept / "state.npz"
    if saved.exists():
        state = State.restore(saved, flood.ground)
        gauges.resume(run.kept, state)
    else:
        state = flood.start(_initial(run, inputs, grid.shape))
    moments = list(_moments(inputs.duration, interval))
    for place, until in enumerate(moments):
        if until <= state.time:
            continue
        run.progress(0.05 + 0.9 * until / inputs.duration, f"{until:.6g} s")
        flood.advance(state, until, threads=len(os.sched_getaffinity(0)))
        rasters.write(place, state)
        gauges.read(state, run.kept)
        state.save(saved)
    return Outcome(
        rasters.outputs(moments, state),
        state.balance.certificate(state.stored(flood.ground)),
        {
            "gauges": gauges.told(state),
            "max_depth": float(state.peaks.depth.max()),
            "flooded_m2": float((state.peaks.depth >= WET).sum()) * flood.ground.area,
            "wet_m2": float((state.h >= WET).sum()) * flood.ground.area,
            "steps": state.steps,
            "seconds": state.time,
            "cells": int(flood.ground.open.sum()),
        },
    )


def _read(run: Run, name: str | Selection, srid: int) -> gpd.GeoDataFrame:
    rows = table_at(run, name)
    if not len(rows):
        told = name.layer if isinstance(name, Selection) else name
        raise Invalid(f"'{told}' holds nothing at this moment")
    moved: gpd.GeoDataFrame = rows.to_crs(srid)
    return moved


def _amount(run: Run, told: float | str, grid: FloodGrid) -> float | Doubles:
    return grid.laid(grid_at(run, told)) if isinstance(told, str) else told


def _share(run: Run, inputs: FloodInputs, storm: Storm | None, grid: FloodGrid) -> float | Doubles:
    """Of the rain that each cell gets: all, or what runs off of the same storm."""
    if inputs.runoff is None:
        return 1.0
    if storm is None or not storm.depth:
        raise Invalid("'runoff' is of a storm: give the same 'storm'")
    ran = np.nan_to_num(grid.laid(grid_at(run, inputs.runoff)))
    if ran.max() > storm.depth * (1 + 1e-6):
        raise Invalid("more runs off in 'runoff' than the storm rains: is it of another storm?")
    return ran / storm.depth


def _initial(run: Run, inputs: FloodInputs, shape: tuple[int, int]) -> Doubles:
    if inputs.initial is None:
        return np.zeros(shape)
    depths = FloodGrid.of(grid_at(run, inputs.initial), inputs.cell).heights
    if depths.shape != shape:
        raise Invalid("the initial depths lie on other cells than the heights")
    return np.nan_to_num(depths)


def _start(run: Run) -> datetime:
    when = run.asof.valid_at
    assert isinstance(when, datetime)  # as grid_at has made sure
    return when


def _moments(duration: float, interval: float) -> Iterator[float]:
    count = int(np.ceil(duration / interval - 1e-9))
    yield from (min(duration, interval * k) for k in range(1, count + 1))
