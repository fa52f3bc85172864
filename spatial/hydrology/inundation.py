"""The analysis `inundation`: how deep and how fast water stands and runs, from storm and river."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
from rasterio.transform import Affine

from spatial import crs
from spatial.analyses.grids import GridFile, grid_at
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewRaster, Outcome, Run
from spatial.analyses.selection import Selection
from spatial.errors import Invalid
from spatial.hydrology.datum import same_datum
from spatial.hydrology.flood_inputs import FloodInputs
from spatial.hydrology.flood_scene import Scene
from spatial.hydrology.layers import table_at
from spatial.hydrology.shallow.observe import WET, speeds
from spatial.hydrology.shallow.placing import Cell, cell_at
from spatial.hydrology.shallow.series import Series
from spatial.hydrology.shallow.solve import Flood
from spatial.hydrology.shallow.state import State
from spatial.period import Period

NO_DATA = -9999.0
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

    Raises Invalid for a grid in degrees or of other than square cells, and for what lies outside.
    """
    grid = grid_at(run, inputs.dem)
    heights, transform = read_heights(grid)
    same_datum(grid.vertical_datum, inputs.vertical_datum)
    layers = {
        name: _read(run, getattr(inputs, name), grid.srid)
        for name in _LAYERS
        if getattr(inputs, name) is not None
    }
    table = layers.pop("hydrograph", None)
    times, values = np.array(inputs.rain).T
    scene = Scene(
        heights, transform, layers,
        {name: getattr(inputs, name) for name in ("manning", "infiltration", "drainage")},
        Series(times, values, steps=True), inputs.edges, inputs.building_mode,
        inputs.building_height, table,
    )  # fmt: skip
    flood = scene.flood()
    gauges = Gauges.of(flood, layers.get("gauges"), transform)
    state = flood.start(_initial(run, inputs, heights.shape))
    interval = inputs.interval or inputs.duration / 10
    if inputs.duration / interval > MOST:
        raise Invalid(f"that makes more than {MOST} moments: choose a longer interval")
    writer = _Writer(run.folder, transform, grid.srid, _start(run), flood.ground.void)
    for until in _moments(inputs.duration, interval):
        run.progress(0.05 + 0.9 * until / inputs.duration, f"{until:.6g} s")
        flood.advance(state, until, threads=len(os.sched_getaffinity(0)))
        gauges.read(state)
        writer.moment(state, interval)
    return Outcome(
        writer.outputs(state),
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


def read_heights(grid: GridFile) -> tuple[npt.NDArray[np.float64], Affine]:
    """(rows, columns) heights, NaN without data, on square cells in metres, north up.

    Raises Invalid for any other grid.
    """
    system = crs.parse(grid.srid)
    metric = system.is_projected and system.axis_info[0].unit_conversion_factor == 1
    if not metric or grid.srid == crs.WEB_MERCATOR:
        raise Invalid("the heights must lie in a CRS in true metres: warp the raster to one")
    with rasterio.open(grid.path) as data:
        cells, transform = data.read(1, masked=True), data.transform
    if abs(transform.a + transform.e) > 1e-6 * transform.a:
        raise Invalid("the cells of the heights must be square")
    heights = np.ma.filled(cells.astype(float), np.nan)
    return np.where(np.isfinite(heights), heights, np.nan), transform


def _read(run: Run, name: str | Selection, srid: int) -> gpd.GeoDataFrame:
    rows = table_at(run, name)
    if not len(rows):
        told = name.layer if isinstance(name, Selection) else name
        raise Invalid(f"'{told}' holds nothing at this moment")
    moved: gpd.GeoDataFrame = rows.to_crs(srid)
    return moved


def _initial(run: Run, inputs: FloodInputs, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    if inputs.initial is None:
        return np.zeros(shape)
    depths, _ = read_heights(grid_at(run, inputs.initial))
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


@dataclass
class Gauges:
    """Places where stages are read at every moment of results."""

    flood: Flood
    cells: list[Cell]
    rows: pd.DataFrame
    stages: list[list[float]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, flood: Flood, rows: gpd.GeoDataFrame | None, transform: Affine) -> "Gauges":
        """The cells of points. Raises Invalid for one outside the open ground."""
        if rows is None:
            return cls(flood, [], pd.DataFrame())
        cells = [cell_at(one.centroid, transform, flood.ground.shape) for one in rows.geometry]
        for cell in cells:
            if not flood.ground.open[cell]:
                raise Invalid("a gauge lies on a building or where there is no ground")
        places = {"x": rows.geometry.centroid.x, "y": rows.geometry.centroid.y}
        return cls(
            flood, cells, rows.drop(columns=[rows.geometry.name, "version"]).assign(**places)
        )

    def read(self, state: State) -> None:
        """Note the stages now, m."""
        self.times.append(state.time)
        self.stages.append([float(self.flood.ground.z[one] + state.h[one]) for one in self.cells])

    def told(self, state: State) -> list[dict[str, Any]]:
        """Of each gauge its attributes, and stage and depth at the end and at their highest."""
        peak, arrival = state.peaks.depth, state.peaks.arrival
        return [
            {str(name): value for name, value in row.items() if pd.notna(value)}
            | {
                "ground": float(self.flood.ground.z[one]),
                "stage": float(self.flood.ground.z[one] + state.h[one]),
                "depth": float(state.h[one]),
                "peak_stage": float(self.flood.ground.z[one] + peak[one]),
                "arrival_s": None if np.isnan(arrival[one]) else float(arrival[one]),
                "stages": [
                    [time, stages[k]] for time, stages in zip(self.times, self.stages, strict=True)
                ],
            }
            for k, (one, row) in enumerate(
                zip(self.cells, self.rows.to_dict("records"), strict=True)
            )
        ]


@dataclass
class _Writer:
    """The rasters of a run: states of depth and speed, and what was seen at most."""

    folder: Path
    transform: Affine
    srid: int
    start: datetime
    void: npt.NDArray[np.bool_]
    states: dict[str, list[tuple[Path, Period]]] = field(
        default_factory=lambda: {"depth": [], "speed": []}
    )

    def moment(self, state: State, interval: float) -> None:
        """Write what is there now; it counts as true until the next."""
        period = Period(
            self.start + timedelta(seconds=state.time),
            self.start + timedelta(seconds=state.time + interval),
        )
        wet = np.where(state.h >= WET, state.h, 0.0)
        for name, cells in (("depth", wet), ("speed", speeds(state.h, state.qx, state.qy))):
            states = self.states[name]
            states.append((self._file(f"{name}_{len(states)}", cells), period))

    def outputs(self, state: State) -> dict[str, NewRaster]:
        """All rasters, depth first."""
        peaks = state.peaks
        return {
            "depth": NewRaster(tuple(self.states["depth"]), "水深", "depth"),
            "speed": NewRaster(tuple(self.states["speed"]), "流速", "speed"),
            **{
                name: NewRaster.of(self._file(name, cells), title_zh=zh, title_en=en)
                for name, cells, zh, en in (
                    ("max_depth", peaks.depth, "最大水深", "deepest water"),
                    ("max_speed", peaks.speed, "最大流速", "fastest water"),
                    ("hazard", peaks.hazard, "危险等级", "hazard class"),
                    ("arrival", np.nan_to_num(peaks.arrival, nan=NO_DATA), "到达时间", "arrival"),
                )
            },
        }

    def _file(self, name: str, cells: npt.NDArray[Any]) -> Path:
        target = self.folder / f"{name}.tif"
        rows, columns = cells.shape
        with rasterio.open(
            target, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
            crs=self.srid, transform=self.transform, nodata=NO_DATA, compress="deflate",
        ) as made:  # fmt: skip
            made.write(np.where(self.void, NO_DATA, cells).astype(np.float32), 1)
        return target
