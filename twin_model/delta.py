"""What was recorded between two moments: what live and replay send after a keyframe."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from psycopg import sql

from spatial.database import Pg
from spatial.period import instant
from twin_model import packed
from twin_model.packed import Column
from twin_model.window import AHEAD, LATE

_BETWEEN = """
SELECT series, at, recorded, x, coalesce(y, 'NaN'), quality FROM city.observation
WHERE recorded > {after} AND recorded <= {until} AND at >= {oldest} AND at <= {newest}
UNION ALL SELECT series, at, recorded, x, coalesce(y, 'NaN'), quality FROM city.late
WHERE recorded > {after} AND recorded <= {until}
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Readings as columns, in no order; at, recorded: int64 microseconds since 1970.

    Applied to a state in the order of (at, recorded) they give the later state: `values.merge`.
    """

    series: Column
    at: Column
    recorded: Column
    x: Column
    y: Column
    quality: Column


def recorded_between(pg: Pg, after: datetime, until: datetime) -> Recorded:
    """The readings recorded after one moment and up to another, late ones too."""
    query = sql.SQL(_BETWEEN).format(
        after=instant(after),
        until=instant(until),
        oldest=instant(after - LATE),
        newest=instant(until + AHEAD),
    )
    series, *rest = packed.select_packed(
        pg, query, ("int4", "timestamptz", "timestamptz", "float8", "float8", "int2")
    )
    return Recorded(series.astype(np.int64), *rest)


def stamp_of(pg: Pg, cursor: int) -> datetime | None:
    """When the last batch up to a cursor was recorded; None where none is known."""
    row = pg.execute("SELECT max(recorded) FROM city.batch WHERE cursor <= %s", [cursor]).fetchone()
    found: datetime | None = row[0] if row else None
    return found
