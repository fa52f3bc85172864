"""What an analysis is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import sql

from spatial.analyses.staging import Staging
from spatial.asof import AsOf
from spatial.certificate import Certificate
from spatial.database import Database
from spatial.grant import Grant
from spatial.layer import Column
from spatial.parallel import Parallel
from spatial.period import ALWAYS, Period


@dataclass(frozen=True, slots=True)
class Run:
    """One run: at which explicit AsOf it reads, for whom, and where its parts are worked on.

    `progress` is told the share that is done (0 to 1) and what is being done. `store` holds the
    city's rasters; `folder` is the run's own, in the store, and goes with it. What an attempt that
    is lost leaves in `kept`, the next one finds there.
    """

    database: Database
    asof: AsOf
    grant: Grant
    parallel: Parallel
    progress: Callable[[float, str], None]
    staging_table: str
    store: Path
    folder: Path
    kept: Path

    def staging(self, columns: tuple[tuple[str, str], ...], srid: int, part: str = "") -> Staging:
        """The run's own table for rows in the making, created empty; the runner drops it.

        part: tells several tables of one run apart.
        """
        name = f"{self.staging_table}_{part}" if part else self.staging_table
        made = Staging(name, columns, srid)
        made.create(self.database)
        return made


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario in the making, and the query of the features that a layer has there besides.

    `rows` selects the layer's columns, `geom` and `valid_from`: from when on each is there.
    """

    name: str
    title: str
    rows: sql.Composable


@dataclass(frozen=True, slots=True)
class NewLayer:
    """A new layer in the making: its shape, and the query that gives its rows.

    `rows` selects the columns by name and `geom`, in the order that numbers the features, and if
    `dated` also `valid_from`, else each is true always. The titles tell what it is among several
    outputs.
    """

    geometry_type: str
    srid: int
    columns: tuple[Column, ...]
    rows: sql.Composable
    title_zh: str = ""
    title_en: str = ""
    dated: bool = False
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class NewRaster:
    """A new raster in the making: GeoTIFF files of the run's folder, each true in its period."""

    states: tuple[tuple[Path, Period], ...]
    title_zh: str = ""
    title_en: str = ""
    vertical_datum: str | None = None
    style: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Path, **told: Any) -> "NewRaster":
        """Of one file, true always."""
        return cls(((file, ALWAYS),), **told)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A document of the result, such as a printable page: kept with its job, whole."""

    name: str
    content: bytes
    media_type: str
    title_zh: str = ""
    title_en: str = ""


type Output = NewLayer | NewRaster | NewFile


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. Of the outputs the first layer or raster takes the name that the job
    was given; each other layer or raster has that name and its own key.
    """

    outputs: Mapping[str, Output]
    certificate: Certificate
    summary: dict[str, Any] = field(default_factory=dict)
