"""What a flood leaves behind: stages at gauges, and rasters."""

import json
from collections.abc import Sequence
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

from spatial.analyses.run import NewRaster
from spatial.errors import Invalid
from spatial.hydrology.shallow.observe import WET, speeds
from spatial.hydrology.shallow.placing import Cell, cell_at
from spatial.hydrology.shallow.solve import Flood
from spatial.hydrology.shallow.state import State
from spatial.period import Period

NO_DATA = -9999.0
_STAGES = "stages.json"
_UNITS = {
    "depth": "m", "speed": "m/s", "max_depth": "m", "max_speed": "m/s", "hazard": "1",
    "arrival": "s",
}  # fmt: skip


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

    def read(self, state: State, folder: Path) -> None:
        """Note the stages now, m, in a file of the folder too."""
        self.times.append(state.time)
        self.stages.append([float(self.flood.ground.z[one] + state.h[one]) for one in self.cells])
        (folder / _STAGES).write_text(json.dumps([self.times, self.stages]))

    def resume(self, folder: Path, state: State) -> None:
        """What was noted up to the moment of the state."""
        times, stages = json.loads((folder / _STAGES).read_text())
        count = sum(one <= state.time for one in times)
        self.times, self.stages = times[:count], stages[:count]

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


@dataclass(frozen=True)
class Rasters:
    """The files of a run: depth and speed at its moments, and what was seen at most.

    start: when the run begins; interval: s between moments; void: cells without ground.
    """

    folder: Path
    transform: Affine
    srid: int
    start: datetime
    interval: float
    void: npt.NDArray[np.bool_]

    def write(self, place: int, state: State) -> None:
        """What is there now, at the moment of this place."""
        wet = np.where(state.h >= WET, state.h, 0.0)
        self._write("depth", wet, f"_{place}")
        self._write("speed", speeds(state.h, state.qx, state.qy), f"_{place}")

    def outputs(self, moments: Sequence[float], state: State) -> dict[str, NewRaster]:
        """All rasters, depth first; what was at a moment counts as true until the next."""
        peaks = state.peaks
        return {
            "depth": NewRaster(
                self._states("depth", moments), "水深", "depth", style={"colormap": "blues"}
            ),
            "speed": NewRaster(self._states("speed", moments), "流速", "speed"),
            **{
                name: NewRaster.of(self._write(name, cells), title_zh=zh, title_en=en)
                for name, cells, zh, en in (
                    ("max_depth", peaks.depth, "最大水深", "deepest water"),
                    ("max_speed", peaks.speed, "最大流速", "fastest water"),
                    ("hazard", peaks.hazard, "危险等级", "hazard class"),
                    ("arrival", np.nan_to_num(peaks.arrival, nan=NO_DATA), "到达时间", "arrival"),
                )
            },
        }

    def _states(self, name: str, moments: Sequence[float]) -> tuple[tuple[Path, Period], ...]:
        files = (self.folder / f"{name}_{place}.tif" for place in range(len(moments)))
        periods = (Period(self._at(one), self._at(one + self.interval)) for one in moments)
        return tuple(zip(files, periods, strict=True))

    def _at(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)

    def _write(self, name: str, cells: npt.NDArray[Any], moment: str = "") -> Path:
        target = self.folder / f"{name}{moment}.tif"
        rows, columns = cells.shape
        with rasterio.open(
            target, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
            crs=self.srid, transform=self.transform, nodata=NO_DATA, compress="deflate",
        ) as made:  # fmt: skip
            made.set_band_description(1, name)
            made.units = [_UNITS[name]]
            made.write(np.where(self.void, NO_DATA, cells).astype(np.float32), 1)
        return target
