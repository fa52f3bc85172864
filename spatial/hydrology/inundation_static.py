"""The analysis `inundation-static`: a quick answer of what a level of water would cover."""

from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator
from rasterio.features import rasterize

from spatial.analyses.grids import GridFile, grid_at
from spatial.analyses.inputs import Inputs, Label, LayerName, RasterName
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewRaster, Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology import grid_store
from spatial.hydrology.bathtub import Pool, bathtub, spills
from spatial.hydrology.datum import same_datum, same_datums
from spatial.hydrology.drained_ground import NO_HEIGHT
from spatial.hydrology.lattice import Lattice
from spatial.hydrology.layers import layer_at
from spatial.hydrology.neighbours import Flags, Floats
from spatial.hydrology.shallow import tables
from spatial.hydrology.tiling import Tile


class StaticInputs(Inputs):
    """The ground and the level of the water: above a datum, or above the streams."""

    dem: Annotated[
        RasterName | None, Label("数字高程模型，配合 level", "heights, to go with `level`")
    ] = None
    hand: Annotated[
        RasterName | None,
        Label("HAND 栅格，配合 stage", "height above nearest drainage, to go with `stage`"),
    ] = None
    level: Annotated[
        float | None, Field(allow_inf_nan=False), Label("水位（高程）", "the water's level", "m")
    ] = None
    stage: Annotated[
        float | None,
        Field(ge=0, allow_inf_nan=False),
        Label("河道水深", "how high the water stands above the streams", "m"),
    ] = None
    sources: Annotated[
        LayerName | None,
        Label(
            "来水处：河湖、溃口等，可带各自的 level；缺省则凡低处皆淹",
            "where the water comes from, perhaps with a `level` of their own; without it all low "
            "ground is covered",
        ),
    ] = None
    vertical_datum: Annotated[
        str | None, Label("水位的高程基准", "the vertical datum of the levels")
    ] = None

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if (self.dem is None) == (self.hand is None):
            raise ValueError("give either 'dem' with a level, or 'hand' with a stage")
        if self.hand is not None:
            if self.stage is None:
                raise ValueError("'hand' needs the water's 'stage' above the streams")
            if self.level is not None or self.sources is not None:
                raise ValueError("'level' and 'sources' go with 'dem': 'hand' knows its streams")
        elif self.stage is not None:
            raise ValueError("'stage' goes with 'hand'")
        elif self.level is None and self.sources is None:
            raise ValueError("give the water's 'level', or 'sources' that have one")
        return self


@analysis(
    "inundation-static",
    zh="静水淹没范围",
    en="Static inundation",
    about_zh="快速估算：按水位平铺并检验与来水处的连通（bathtub），或按高于最近排水面高度（HAND）"
    "与河道水深。凭证：低于水位的面积＝淹没＋不连通。",
    about_en="A quick answer: water level over the ground as far as it is connected to where it "
    "comes from (bathtub), or by height above nearest drainage (HAND) and the stage of the "
    "streams. The certificate: ground below the water = flooded + cut off.",
)
def inundation_static(run: Run, inputs: StaticInputs) -> Outcome:
    """Depths by `spatial.hydrology.bathtub`, or stage less HAND (Nobre et al. 2016).

    Raises Invalid for levels on another datum than the heights, and for sources beyond the grid.
    """
    name = inputs.dem if inputs.dem is not None else inputs.hand
    assert name is not None
    grid = grid_at(run, name)
    lattice = Lattice.of(grid.path, grid.srid)
    whole = Tile(0, 0, 0, *lattice.shape)
    heights = grid_store.window(grid.path, whole)
    if not np.isfinite(heights).any():
        raise Invalid(f"'{name}' holds no heights")
    run.progress(0.3, "covering the ground")
    if inputs.hand is not None:
        if (heights < 0).any():
            raise Invalid("a height above nearest drainage is negative: is this a 'dem'?")
        pools = [Pool(float(inputs.stage or 0.0))]
    else:
        same_datum(grid.vertical_datum, inputs.vertical_datum)
        pools = _pools(run, inputs, grid, lattice)
    depth, cut_off = bathtub(heights, pools)
    scratch = grid_store.create(run.folder / "depth.npy", lattice.shape, np.float32)
    grid_store.write(scratch, whole, np.where(np.isnan(heights), np.nan, depth))
    target = run.folder / "depth.tif"
    grid_store.to_tiff(scratch, target, lattice, NO_HEIGHT, name="depth", unit="m")
    area = lattice.area[:, None]
    low = np.logical_or.reduce([heights < pool.level for pool in pools])
    flooded = float((area * (depth > 0)).sum())
    return Outcome(
        {"depth": NewRaster.of(target, title_zh="水深", title_en="depth")},
        _certificate(area, low, depth > 0, cut_off),
        {
            "flooded_m2": flooded,
            "cut_off_m2": float((area * cut_off).sum()),
            "volume_m3": float((area * depth).sum()),
            "max_depth": float(depth.max()),
            "mean_depth": float((area * depth).sum() / flooded) if flooded else 0.0,
            "spilling_sides": spills(heights, depth) if inputs.dem else 0,
        },
    )


def _pools(run: Run, inputs: StaticInputs, grid: GridFile, lattice: Lattice) -> list[Pool]:
    if inputs.sources is None:
        assert inputs.level is not None
        return [Pool(inputs.level)]
    rows = layer_at(run, inputs.sources, grid.srid)
    if not len(rows):
        raise Invalid("'sources' holds nothing at this moment")
    same_datums(grid.vertical_datum, rows)
    own = tables.column(rows, tables.LEVEL)
    told = rows[own].astype(float) if own else rows["fid"] * np.nan
    levels = told.to_numpy(float)
    if inputs.level is not None:
        levels = np.where(np.isnan(levels), inputs.level, levels)
    if np.isnan(levels).any():
        raise Invalid("a source has no 'level': give one for all")
    pools = []
    for level in sorted(set(levels.tolist())):
        places: Flags = rasterize(
            rows.geometry[levels == level], lattice.shape, transform=lattice.transform,
            all_touched=True, dtype=np.uint8,
        ).astype(bool)  # fmt: skip
        pools.append(Pool(level, places))
    if not any(pool.places is not None and pool.places.any() for pool in pools):
        raise Invalid("all sources lie outside the grid")
    return pools


def _certificate(area: Floats, low: Flags, wet: Flags, cut_off: Flags) -> Certificate:
    below, flooded, apart = (float((area * one).sum()) for one in (low, wet, cut_off))
    return Certificate(
        "ground below the water = flooded + cut off", below, flooded + apart,
        abs(below - flooded - apart), 1e-9 * below, "m2",
        {"below": below, "flooded": flooded, "cut off": apart},
    )  # fmt: skip
