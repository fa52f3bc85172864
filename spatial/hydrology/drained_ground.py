"""The ground that the analyses of drainage share, made fit for water to run over."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from rasterio.features import rasterize
from rasterio.transform import Affine

from spatial.analyses.grids import GridFile, grid_at
from spatial.analyses.inputs import Inputs, Label, LayerName, RasterName
from spatial.analyses.run import NewRaster, Run
from spatial.analyses.selection import Selection
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology import grid_store, tiled_accumulation, tiled_direction, tiled_fill
from spatial.hydrology.accumulation import ends
from spatial.hydrology.breaching import breach
from spatial.hydrology.d_infinity import angles
from spatial.hydrology.lattice import Lattice
from spatial.hydrology.layers import layer_at
from spatial.hydrology.neighbours import CODES, ENDS, NO_DATA, Codes, Flags, Floats, inner
from spatial.hydrology.tiling import Integers, Tile, Tiling

NO_HEIGHT = -9999.0


class GroundInputs(Inputs):
    """The ground, and how it is made fit."""

    dem: Annotated[
        RasterName | None,
        Label("数字高程模型（栅格或文件）", "the ground's heights: raster or file"),
    ] = None
    directions: Annotated[
        RasterName | None,
        Label(
            "流向栅格（ESRI 编码 1–128），代替高程",
            "a raster of D8 directions (ESRI's codes 1 to 128), in place of heights",
        ),
    ] = None
    conditioning: Annotated[
        Literal["fill", "breach", "none"],
        Label(
            "洼地处理：fill 填洼，breach 开凿，none 不处理",
            "depressions: filled, breached, or left as they are",
        ),
    ] = "fill"
    burn: Annotated[
        LayerName | None,
        Label(
            "烧录的河道、渠道、涵洞图层：所经栅格降低 burn_depth",
            "rivers, canals, culverts to burn in: cells that they touch sink by burn_depth",
        ),
    ] = None
    burn_depth: Annotated[
        float,
        Field(gt=0, allow_inf_nan=False),
        Label("烧录深度，与高程同单位", "how deep, in the heights' unit", unit="m"),
    ] = 5.0

    @model_validator(mode="after")
    def _one_ground(self) -> Self:
        if (self.dem is None) == (self.directions is None):
            raise ValueError("give either 'dem' or 'directions'")
        if self.directions is not None and self.burn is not None:
            raise ValueError("'burn' lowers heights: give 'dem', not 'directions'")
        return self


@dataclass(frozen=True)
class DrainedGround:
    """The ground of one run; heights, codes and counts are scratch grids, made when first asked."""

    run: Run
    inputs: GroundInputs
    grid: GridFile
    tiling: Tiling
    lattice: Lattice

    @classmethod
    def of(cls, run: Run, inputs: GroundInputs) -> Self:
        """Raises NotFound and Invalid as the raster's name and file do."""
        name = inputs.dem if inputs.dem is not None else inputs.directions
        assert name is not None
        grid = grid_at(run, name)
        lattice = Lattice.of(grid.path, grid.srid)
        return cls(run, inputs, grid, Tiling.of(lattice.shape), lattice)

    @cached_property
    def heights(self) -> Path:
        """The heights as given, or with lines burnt in. Raises Invalid where there are none."""
        if self.inputs.dem is None:
            raise Invalid("this needs heights: give 'dem'")
        return self.grid.path if self.inputs.burn is None else self._burnt()

    @cached_property
    def filled(self) -> Path:
        """The heights as water runs over them."""
        source = self.heights
        self.run.progress(0.1, "filling depressions")
        made = self.scratch("filled", grid_store.height_type(source))
        if self.inputs.conditioning == "breach":
            whole = Tile(0, 0, 0, *self.lattice.shape)
            grid_store.write(made, whole, breach(grid_store.window(source, whole)))
        elif self.inputs.conditioning == "none":
            self._copy(source, made)
        else:
            tiled_fill.fill(source, made, self.tiling, self.run.parallel.map)
        return made

    @cached_property
    def codes(self) -> Path:
        """D8 codes: computed, or as given. Raises Invalid for values that are no codes."""
        made = self.scratch("codes", np.uint8)
        if self.inputs.directions is not None:
            for tile in self.tiling.tiles:
                cells = grid_store.window(self.grid.path, tile)
                grid_store.write(made, tile, codes_of(cells))
            return made
        source = self.filled
        self.run.progress(0.3, "finding directions")
        lattice = self.lattice
        tiled_direction.d8(source, made, lattice.dx, lattice.dy, self.tiling, self.run.parallel.map)
        return made

    @cached_property
    def counts(self) -> Path:
        """How many cells drain through each."""
        codes = self.codes
        self.run.progress(0.5, "accumulating")
        made = self.scratch("counts", np.int64)
        tiled_accumulation.accumulate(codes, made, self.tiling, self.run.parallel.map)
        return made

    @cached_property
    def angles(self) -> Path:
        """D-infinity: radians anticlockwise from the east. Raises Invalid without heights."""
        made = self.scratch("angles", np.float32)
        lattice = self.lattice
        dx, dy = np.pad(lattice.dx, 1, mode="edge"), np.pad(lattice.dy, 1, mode="edge")
        filled, codes = self.filled, self.codes
        for tile in self.tiling.tiles:
            rows = slice(tile.top, tile.top + tile.rows + 2)
            level = grid_store.read(filled, tile, np.nan)
            code = grid_store.read(codes, tile, NO_DATA)
            grid_store.write(made, tile, inner(angles(level, code, dx[rows], dy[rows])))
        return made

    def scratch(self, name: str, dtype: npt.DTypeLike) -> Path:
        """A new scratch grid of the run."""
        return grid_store.create(self.run.folder / f"{name}.npy", self.lattice.shape, dtype)

    def place(self, scratch: Path, cells: Integers, values: Floats) -> None:
        """Write values at cells, ascending by their number in row order; NaN elsewhere."""
        columns = self.lattice.shape[1]
        row, column = cells // columns, cells % columns
        for tile in self.tiling.tiles:
            made = np.full((tile.rows, tile.columns), np.nan)
            here = slice(*np.searchsorted(row, [tile.top, tile.top + tile.rows]))
            within = (column[here] >= tile.left) & (column[here] < tile.left + tile.columns)
            made[row[here][within] - tile.top, column[here][within] - tile.left] = values[here][
                within
            ]
            grid_store.write(scratch, tile, made)

    def windows(self, *paths: Path) -> Iterator[tuple[Tile, list[Any]]]:
        """Each tile with its cells of these grids."""
        for tile in self.tiling.tiles:
            yield tile, [grid_store.window(path, tile) for path in paths]

    def outlets(self) -> Iterator[tuple[Tile, Flags]]:
        """Each tile, and where in it water ends or leaves the grid."""
        for tile in self.tiling.tiles:
            code = grid_store.read(self.codes, tile, NO_DATA)
            yield tile, inner(ends(code.reshape(-1), code.shape[1]).reshape(code.shape))

    def balance(self) -> Certificate:
        """Cells that have data = cells that drain through the outlets."""
        cells = out = outlets = 0
        for (tile, (count, code)), (_, at) in zip(
            self.windows(self.counts, self.codes), self.outlets(), strict=True
        ):
            del tile
            cells += int(np.count_nonzero(code != NO_DATA))
            out, outlets = out + int(count[at].sum()), outlets + int(at.sum())
        return Certificate(
            "cells = cells through the outlets", cells, out, abs(cells - out), 0, "cells",
            {"cells": cells, "through outlets": out, "outlets": outlets},
        )  # fmt: skip

    def counted(self) -> NewRaster:
        """The accumulation as an output."""
        small = self.lattice.shape[0] * self.lattice.shape[1] < 2**31
        return self.raster(
            self.counts, "accumulation", 0, unit="1", dtype=np.int32 if small else np.float64
        )

    def raster(self, scratch: Path, name: str, nodata: float, **told: Any) -> NewRaster:
        """A scratch grid as an output; unit and dtype: of the file's band."""
        file = {key: told.pop(key) for key in ("unit", "dtype") if key in told}
        target = self.run.folder / f"{name}.tif"
        grid_store.to_tiff(scratch, target, self.lattice, nodata, name=name, **file)
        return NewRaster.of(target, **told)

    def layer(self, name: str | Selection) -> gpd.GeoDataFrame:
        """A layer at the run's AsOf in the raster's CRS; rows without geometry go."""
        return layer_at(self.run, name, self.lattice.srid)

    def _copy(self, source: Path, target: Path) -> None:
        for tile, (cells,) in self.windows(source):
            grid_store.write(target, tile, cells)

    def _burnt(self) -> Path:
        assert self.inputs.burn is not None
        lines = self.layer(self.inputs.burn)
        shapes = np.asarray(lines.geometry, object)
        made = self.scratch("burnt", grid_store.height_type(self.grid.path))
        for tile, (cells,) in self.windows(self.grid.path):
            low = burnt(
                cells, shapes, self.lattice.part(tile.top, tile.left), self.inputs.burn_depth
            )
            grid_store.write(made, tile, low)
        return made


def burnt(
    heights: npt.NDArray[Any],
    shapes: npt.NDArray[np.object_],
    transform: Affine,
    depth: float,
) -> npt.NDArray[Any]:
    """Heights lowered by `depth` in every cell that a shape touches."""
    if not len(shapes):
        return heights
    touched = rasterize(
        shapes, heights.shape, transform=transform, all_touched=True, dtype=np.uint8
    )
    return np.where(touched == 1, heights - heights.dtype.type(depth), heights)


def codes_of(cells: npt.NDArray[Any]) -> Codes:
    """D8 codes of a raster's cells, NaN without data; raises Invalid for any other value."""
    known = np.isfinite(cells)
    fits = np.isin(cells, [*CODES, ENDS, NO_DATA]) | ~known
    if not fits.all():
        wrong = cells[~fits][0]
        raise Invalid(f"{wrong:g} is no direction: ESRI's codes are 1, 2, 4 … 128, and 0 an end")
    return np.where(known, cells, NO_DATA).astype(np.uint8)
