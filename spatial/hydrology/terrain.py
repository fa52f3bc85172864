"""The analysis `terrain`: slope, aspect, hillshade and roughness."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator

from spatial.analyses.grids import grid_at
from spatial.analyses.inputs import Inputs, Label, Names, RasterName
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewRaster, Outcome, Run
from spatial.certificate import Certificate
from spatial.hydrology import grid_store
from spatial.hydrology.drained_ground import NO_HEIGHT
from spatial.hydrology.lattice import Lattice
from spatial.hydrology.relief import KINDS, relief
from spatial.hydrology.tiling import Tiling

_TOLD: dict[str, dict[str, Any]] = {
    "slope": {"unit": "deg", "title_zh": "坡度", "title_en": "slope"},
    "aspect": {"unit": "deg", "title_zh": "坡向", "title_en": "aspect"},
    "hillshade": {"unit": "1", "title_zh": "山体阴影", "title_en": "hillshade"},
    "roughness": {"unit": "m", "title_zh": "粗糙度", "title_en": "roughness"},
}


class TerrainInputs(Inputs):
    """The ground, and where its light comes from."""

    dem: Annotated[
        RasterName, Label("数字高程模型（栅格或文件）", "the ground's heights: raster or file")
    ]
    measures: Annotated[
        Names,
        Label(
            "要算的：slope 坡度、aspect 坡向、hillshade 阴影、roughness 粗糙度",
            "which of slope, aspect, hillshade, roughness",
        ),
    ] = KINDS
    azimuth: Annotated[
        float, Field(ge=0, le=360), Label("光源方位角，自北顺时针", "whence the light", unit="deg")
    ] = 315.0
    altitude: Annotated[
        float, Field(ge=0, le=90), Label("光源高度角", "how high the light", unit="deg")
    ] = 45.0

    @field_validator("measures")
    @classmethod
    def _known(cls, measures: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [one for one in measures if one not in KINDS]
        if unknown or not measures:
            raise ValueError(f"choose among {', '.join(KINDS)}")
        return measures


@analysis(
    "terrain",
    zh="地形分析",
    en="Terrain",
    about_zh="坡度、坡向、山体阴影与粗糙度（Horn 3×3 差分），边缘也有值。",
    about_en="Slope, aspect, hillshade and roughness by Horn's gradient, up to the edges.",
)
def terrain(run: Run, inputs: TerrainInputs) -> Outcome:
    """Tile by tile; see `spatial.hydrology.relief`. Heights are taken to be in metres."""
    grid = grid_at(run, inputs.dem)
    lattice = Lattice.of(grid.path, grid.srid)
    tiling = Tiling.of(lattice.shape)
    dx, dy = np.pad(lattice.dx, 1, mode="edge"), np.pad(lattice.dy, 1, mode="edge")
    wanted = tuple(dict.fromkeys(inputs.measures))
    scratch = {
        kind: grid_store.create(run.folder / f"{kind}.npy", lattice.shape, np.float32)
        for kind in wanted
    }
    given = measured = 0
    sums, steepest = 0.0, 0.0
    for number, tile in enumerate(tiling.tiles):
        run.progress(0.9 * number / len(tiling.tiles), "measuring")
        level = grid_store.read(grid.path, tile, np.nan)
        rows = slice(tile.top, tile.top + tile.rows + 2)
        made = dict(
            zip(
                KINDS,
                relief(level, dx[rows], dy[rows], inputs.azimuth, inputs.altitude),
                strict=True,
            )
        )
        for kind in wanted:
            grid_store.write(scratch[kind], tile, made[kind])
        slope = made["slope"]
        given += int(np.isfinite(level[1:-1, 1:-1]).sum())
        measured += int(np.isfinite(slope).sum())
        sums += float(np.nansum(slope, dtype=np.float64))
        steepest = max(steepest, float(np.nanmax(slope, initial=0.0)))
    outputs: dict[str, NewRaster] = {}
    for kind, path in scratch.items():
        told = dict(_TOLD[kind])
        target = run.folder / f"{kind}.tif"
        grid_store.to_tiff(path, target, lattice, NO_HEIGHT, name=kind, unit=told.pop("unit"))
        outputs[kind] = NewRaster.of(target, **told)
    return Outcome(
        outputs,
        Certificate(
            "cells with heights = cells measured",
            given, measured, abs(given - measured), 0, "cells",
        ),
        {
            "cells": measured,
            "mean_slope_deg": sums / measured if measured else None,
            "steepest_deg": steepest,
        },
    )  # fmt: skip
