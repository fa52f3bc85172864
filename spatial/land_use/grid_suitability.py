"""Suitability on a grid, block by block: each reads what it needs, wherever there is room."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from rasterio.windows import Window

from spatial.analyses.run import Run
from spatial.analyses.selection import Selection
from spatial.asof import AsOf
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.grant import Grant
from spatial.land_use.cells import Grid
from spatial.land_use.criteria import Criterion
from spatial.land_use.evaluation import SCORED, evaluate, proof
from spatial.land_use.ground import Ground, read
from spatial.land_use.polygons import Floats
from spatial.land_use.units import Units, ground_of_grid, measured
from spatial.parallel import Parallel, database_here

#: Cells along a block's side, and cells that the sensitivity of the ranking is told from.
BLOCK, SAMPLE = 256, 200_000

type Block = tuple[int, int, int, int]


@dataclass(frozen=True)
class Scored:
    """A block (row, column, rows, columns): totals, NaN for none; what cells became; a sample."""

    block: Block
    total: npt.NDArray[np.float32]
    status: Counter[int]
    broken: Counter[str]
    lacking: Counter[str]
    sample: Floats


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores any block of a grid; reads layers once in each process, rasters block by block."""

    conninfo: str = field(repr=False)
    asof: AsOf
    grant: Grant
    store: Path
    area: str | Selection
    criteria: tuple[Criterion, ...]
    weights: tuple[float, ...]
    grid: Grid
    every: int

    def __call__(self, block: Block) -> Scored:
        """Measure, score and exclude the cells of a block whose middles lie within the area."""
        run = _run(self.conninfo, self.asof, self.grant, self.store)
        layers = tuple((one.name, one.layer) for one in self.criteria if one.layer is not None)
        ground, whole, frames = _layers(self.conninfo, self.asof, self.grant, self.area, layers)
        row, column, *shape = block
        units = Units.of_cells(self.grid.part(row, column, (shape[0], shape[1])), whole, ground)
        if units is None:
            nothing = np.full(shape, np.nan, np.float32)
            return Scored(block, nothing, Counter(), Counter(), Counter(), np.zeros((0, 0)))
        values = measured(run, units, self.criteria, frames)
        made = evaluate(self.criteria, values, np.array(self.weights))
        assert units.cells is not None
        inner_row, inner_column = np.divmod(units.cells, shape[1])
        place = (row + inner_row) * self.grid.shape[1] + column + inner_column
        chosen = (made.status == SCORED) & (place % self.every == 0)
        return Scored(
            block,
            units.spread(made.total),
            Counter(made.status.tolist()),
            Counter({name: int(one.sum()) for name, one in made.broken.items()}),
            Counter({name: int(one.sum()) for name, one in made.lacking.items()}),
            made.scores[chosen],
        )


@lru_cache(maxsize=1)
def _layers(
    conninfo: str, asof: AsOf, grant: Grant, area: str | Selection,
    layers: tuple[tuple[str, str | Selection], ...],
) -> tuple[Ground, Any, dict[str, gpd.GeoDataFrame]]:  # fmt: skip
    """The plane, the area as one shape, and every criterion's layer in the plane, by its name."""
    run = _run(conninfo, asof, grant, Path())
    frame, *frames = read(run, [area, *(layer for _, layer in layers)])
    ground, frame = ground_of_grid(frame)
    whole = shapely.union_all(frame.geometry.to_numpy())
    shapely.prepare(whole)
    own = {name: ground.bring(one) for (name, _), one in zip(layers, frames, strict=True)}
    return ground, whole, own


def _run(conninfo: str, asof: AsOf, grant: Grant, store: Path) -> Run:
    """A run that only reads, in whatever process this is."""
    return Run(database_here(conninfo), asof, grant, Parallel(), _silent, "", store, store, store)


def _silent(_: float, __: str) -> None:
    """Progress is told where the blocks come in."""


@dataclass(frozen=True)
class GridSuitability:
    """A raster of totals, how many cells became what, and scores (s, k) of a sample of them."""

    file: Path
    status: Mapping[int, int]
    broken: Mapping[str, int]
    lacking: Mapping[str, int]
    sample: Floats
    ground: Ground

    def certificate(self) -> Certificate:
        """That every cell is scored, excluded or without data."""
        sizes = [float(self.status.get(one, 0)) for one in range(3)]
        return proof(sizes, float(sum(self.status.values())), "cells", self.lacking)


def grid_suitability(
    run: Run,
    area: str | Selection,
    size: float,
    criteria: Sequence[Criterion],
    weights: Floats,
    name: str = "suitability",
) -> GridSuitability:
    """Suitability of the cells of `size` m whose middles lie within an area.

    In blocks of 256 × 256, which Dask shares out; parallel equals serial. Raises Invalid where no
    cell lies within the area, and what `units.measured` raises.
    """
    (frame,) = read(run, [area], ["Polygon"])
    ground, bounded = ground_of_grid(frame)
    grid = Grid.over(tuple(bounded.total_bounds), size, ground.srid)
    every = max(1, grid.shape[0] * grid.shape[1] // SAMPLE)
    task = Scorer(
        run.database.conninfo, run.asof, run.grant, run.store, area, tuple(criteria),
        tuple(map(float, weights)), grid, every,
    )  # fmt: skip
    blocks = list(_blocks(grid.shape))
    status, broken, lacking = Counter[int](), Counter[str](), Counter[str]()
    samples: dict[Block, Floats] = {}
    file = run.folder / f"{name}.tif"
    with grid.written(file, name) as made:
        for number, one in enumerate(run.parallel.map(task, blocks), 1):
            row, column, rows, columns = one.block
            made.write(one.total, 1, window=Window(column, row, columns, rows))
            status += one.status
            broken += one.broken
            lacking += one.lacking
            if len(one.sample):
                samples[one.block] = one.sample
            run.progress(0.1 + 0.8 * number / len(blocks), f"{number} of {len(blocks)} blocks")
    if not status:
        raise Invalid("no cell's middle lies within the area: choose a smaller cell")
    count = sum(one.standard is not None for one in criteria)
    parts = [samples[block] for block in sorted(samples)]
    sample = np.concatenate(parts) if parts else np.zeros((0, count))
    return GridSuitability(file, status, broken, lacking, sample, ground)


def _blocks(shape: tuple[int, int]) -> Iterator[Block]:
    for row in range(0, shape[0], BLOCK):
        for column in range(0, shape[1], BLOCK):
            yield row, column, min(BLOCK, shape[0] - row), min(BLOCK, shape[1] - column)
