"""Rasters as inputs of analyses: the state of one at the run's AsOf, to be opened as a file."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spatial import rasters
from spatial.analyses.run import Run
from spatial.errors import Invalid
from spatial.moment import resolve
from spatial.query import snapshot
from spatial.raster import Raster, step_at


@dataclass(frozen=True, slots=True)
class GridFile:
    """A state of a raster: `path` is a cloud-optimised GeoTIFF in the store.

    srid: of its cells' places; vertical_datum: of its heights, None where nobody told.
    """

    raster: Raster
    path: Path
    srid: int
    vertical_datum: str | None


def grid_at(run: Run, name: str) -> GridFile:
    """The raster's state at the run's AsOf; raises NotFound where there is none.

    Raises Invalid for a stack of moments in one file, of which an analysis reads a single one.
    """
    when = run.asof.valid_at
    if not isinstance(when, datetime):
        raise Invalid("an analysis reads one instant: give a time, not an interval")
    with snapshot(run.database) as pg:
        raster = rasters.find_visible(pg, name, run.grant)
        moment = resolve(pg, run.asof)
        step = step_at(raster, rasters.editions(pg, raster, moment), when)
    if step.edition.starts:
        raise Invalid(f"'{name}' is a stack of moments: export the one that is meant as GeoTIFF")
    return GridFile(raster, run.store / step.edition.file, step.edition.srid, raster.vertical_datum)
