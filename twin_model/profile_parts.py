"""One part of the usual week: some series, read a stretch of days at a time."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from psycopg import sql

from spatial.analyses.staging import Staging
from spatial.database import Pg
from spatial.parallel import database_here
from spatial.period import instant
from spatial.pgcopy import Arrow
from spatial.query import snapshot
from twin_model import packed
from twin_model.kinds import Quality
from twin_model.packed import Column
from twin_model.profile import HOUR_US, Profile, profile, stretches

STAGED = (
    ("series", "bigint"),
    ("hour", "integer"),
    ("stretches", "bigint"),
    ("readings", "bigint"),
    *((f"p{n}", "double precision") for n in (10, 25, 50, 75, 90)),
    ("spread", "double precision"),
)
#: What becomes of a reading.
FATES = ("used", "bad", "outside", "superseded", "coarse")
DAY_US = 24 * HOUR_US
SLICE = 2_000_000  # readings at once, of some 50 bytes each

_WITHIN = "series = ANY({series}::int4[]) AND at >= {start} AND at <= {end}"
_STORED = f"""
SELECT series, at, recorded, x, quality FROM city.observation
WHERE {_WITHIN} AND recorded <= {{known}}
UNION ALL SELECT series, at, recorded, x, quality FROM city.late
WHERE {_WITHIN} AND recorded <= {{known}}
"""
_COUNTS = f"""
SELECT series, sum(n)::int8 FROM (
    SELECT series, count(*) AS n FROM city.observation
    WHERE {_WITHIN} AND recorded <= {{known}} GROUP BY 1
    UNION ALL SELECT series, count(*) FROM city.late
    WHERE {_WITHIN} AND recorded <= {{known}} GROUP BY 1
    UNION ALL SELECT series, sum(count) FROM city.summary WHERE {_WITHIN} GROUP BY 1
) part GROUP BY 1
"""
_SUMMED = f"""
SELECT series, at, count, mean, least, greatest, every_s FROM city.summary WHERE {_WITHIN}
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which readings: from one microsecond since 1970 to another, both included."""

    start_us: int
    end_us: int
    known_at: datetime

    def count(self, pg: Pg, series: Column) -> dict[int, int]:
        """How many readings of each series there are, superseded ones too."""
        query = sql.SQL(_COUNTS).format(**self.named(series, self.start_us, self.end_us))
        return dict(pg.execute(query).fetchall())

    def narrowed(self, pg: Pg) -> "Chosen":
        """The same readings, from the first batch's first to the last one's last."""
        row = pg.execute("SELECT min(first_at), max(last_at) FROM city.batch").fetchone()
        if row is None or row[0] is None:
            return self
        first, last = row
        return replace(
            self,
            start_us=max(self.start_us, packed.micros(first)),
            end_us=min(self.end_us, packed.micros(last)),
        )

    def named(self, series: Column, start_us: int, end_us: int) -> dict[str, sql.Composable]:
        """The words of the queries."""
        return {
            "series": sql.Literal(series.tolist()),
            "start": instant(packed.moment(start_us)),
            "end": instant(packed.moment(end_us)),
            "known": instant(self.known_at),
        }


@dataclass(frozen=True, slots=True)
class Profiler:
    """Profiles the series of a part, in memory that its slices of time bound."""

    conninfo: str = field(repr=False)
    chosen: Chosen
    every_us: int
    zone: str
    least: float
    greatest: float
    staging: Staging

    def __call__(self, part: tuple[Column, int]) -> tuple[int, Column, Column]:
        """Read and profile series, in so many slices of time.

        Returns the batch in which the profile was staged, the series, and (series, FATES) counts.
        """
        series, slices = part
        fates = np.zeros((len(series), len(FATES)), np.int64)
        columns: list[list[Column]] = []
        database = database_here(self.conninfo)
        with snapshot(database) as pg:
            for start, end in self._slices(slices):
                for sums in (self._readings, self._summaries):
                    found = sums(pg, series, start, end, fates)
                    part_of = stretches(*found, self.every_us, ZoneInfo(self.zone))
                    columns.append([part_of.series, part_of.start, part_of.total, part_of.count])
        ids, at, total, count = (np.concatenate(column) for column in zip(*columns, strict=True))
        usual = profile(stretches(ids, at, total, count, self.every_us, ZoneInfo(self.zone)))
        nowhere = pa.nulls(len(usual.hour), pa.binary())
        return self.staging.write(database, _arrow(usual), nowhere), series, fates

    def _slices(self, count: int) -> list[tuple[int, int]]:
        """Whole days, so that no partition is read twice."""
        first, last = self.chosen.start_us // DAY_US, self.chosen.end_us // DAY_US
        days = -(-(last - first + 1) // count)
        starts = [max(self.chosen.start_us, day * DAY_US) for day in range(first, last + 1, days)]
        ends = [start - 1 for start in starts[1:]] + [self.chosen.end_us]
        return list(zip(starts, ends, strict=True))

    def _readings(
        self, pg: Pg, series: Column, start: int, end: int, fates: Column
    ) -> tuple[Column, Column, Column, Column]:
        query = sql.SQL(_STORED).format(**self.chosen.named(series, start, end))
        ids, at, recorded, x, quality = packed.select_packed(
            pg, query, ("int4", "timestamptz", "timestamptz", "float8", "int2")
        )
        order = np.lexsort((recorded, at, ids))
        ids, at = ids[order].astype(np.int64), at[order]
        x, bad = x[order], quality[order] >= Quality.bad
        superseded = np.zeros(len(ids), bool)
        superseded[:-1] = (ids[1:] == ids[:-1]) & (at[1:] == at[:-1])
        outside = ~((x >= self.least) & (x <= self.greatest))
        fate = np.select([superseded, bad, outside], [3, 1, 2], 0)
        np.add.at(fates, (np.searchsorted(series, ids), fate), 1)
        used = fate == 0
        return ids[used], at[used], x[used], np.ones(int(used.sum()), np.int64)

    def _summaries(
        self, pg: Pg, series: Column, start: int, end: int, fates: Column
    ) -> tuple[Column, Column, Column, Column]:
        """What retention has summed up; where one of a stretch was outside, all of it is."""
        query = sql.SQL(_SUMMED).format(**self.chosen.named(series, start, end))
        ids, at, count, mean, least, greatest, length = packed.select_packed(
            pg, query, ("int4", "timestamptz", "int8", "float8", "float8", "float8", "int8")
        )
        ids = ids.astype(np.int64)
        outside = ~((least >= self.least) & (greatest <= self.greatest))
        coarse = length * 1_000_000 > self.every_us
        fate = np.select([coarse, outside], [4, 2], 0)
        np.add.at(fates, (np.searchsorted(series, ids), fate), count)
        used = fate == 0
        return ids[used], at[used], (mean * count)[used], count[used]


def _arrow(of: Profile) -> list[Arrow]:
    return [
        pa.array(of.series, pa.int64()),
        pa.array(of.hour, pa.int32()),
        pa.array(of.stretches, pa.int64()),
        pa.array(of.readings, pa.int64()),
        *(pa.array(column, pa.float64()) for column in of.quantiles.T),
        pa.array(of.spread, pa.float64()),
    ]
