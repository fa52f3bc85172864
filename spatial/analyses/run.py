"""What an analysis is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from spatial.analyses.staging import Staging
from spatial.asof import AsOf
from spatial.certificate import Certificate
from spatial.database import Database
from spatial.grant import Grant
from spatial.layer import Column
from spatial.parallel import Parallel


@dataclass(frozen=True, slots=True)
class Run:
    """One run: at which explicit AsOf it reads, for whom, and where its parts are worked on.

    `progress` is told the share that is done (0 to 1) and what is being done.
    """

    database: Database
    asof: AsOf
    grant: Grant
    parallel: Parallel
    progress: Callable[[float, str], None]
    staging_table: str

    def staging(self, columns: tuple[tuple[str, str], ...], srid: int) -> Staging:
        """The run's own table for rows in the making, created empty; the runner drops it."""
        made = Staging(self.staging_table, columns, srid)
        made.create(self.database)
        return made


@dataclass(frozen=True, slots=True)
class Outcome:
    """A new layer in the making: its shape, and the query that gives its rows.

    `rows` selects the columns by name and `geom`, in the order that numbers the features.
    """

    geometry_type: str
    srid: int
    columns: tuple[Column, ...]
    rows: sql.Composable
    certificate: Certificate
    summary: dict[str, Any] = field(default_factory=dict)
