"""History: the readings of series over a stretch of time, as they came or resampled in SQL.

Of readings of one series and moment the last recorded counts; those marked bad count in no mean.
What retention has summed up is found resampled, not as it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from psycopg import sql

from spatial import catalogue
from spatial.asof import Interval
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.grant import Grant
from spatial.moment import Moment
from spatial.period import instant
from twin_model import packed
from twin_model.kinds import Kind, Quality
from twin_model.packed import Column
from twin_model.presence import Wanted, present
from twin_model.roll import Series, roll

ORIGIN = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
_BELIEVED = """
SELECT DISTINCT ON (series, at) series, at, x, y, quality FROM (
    SELECT * FROM city.observation UNION ALL SELECT * FROM city.late
) reading WHERE series = ANY({series}::int4[]) AND at >= {start} AND at <= {end}
    AND recorded <= {known} ORDER BY series, at, recorded DESC
"""
_RAW = "SELECT series, at, x, coalesce(y, 'NaN'), quality FROM ({believed}) believed"
_RESAMPLED = """
SELECT series, date_bin({every}, at, {origin}) AS bin, sum(n)::int8, sum(mean * n) / sum(n),
    min(least), max(greatest), (array_agg(last ORDER BY last_at DESC))[1],
    coalesce((array_agg(last_y ORDER BY last_at DESC))[1], 'NaN')
FROM (
    SELECT series, at, 1::int8 AS n, x AS mean, x AS least, x AS greatest,
        at AS last_at, x AS last, y AS last_y
    FROM ({believed}) believed WHERE quality < {bad}
    UNION ALL SELECT series, at, count, mean, least, greatest, last_at, last, last_y
    FROM city.summary WHERE series = ANY({series}::int4[]) AND at >= {start} AND at <= {end}
) part GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings by series and then by moment, as columns.

    series: int64; at: int64 microseconds since 1970; x, y: float64 in the series' unit, y NaN for
    all but positions; quality: int16.
    """

    series: Column
    at: Column
    x: Column
    y: Column
    quality: Column


@dataclass(frozen=True, slots=True)
class Resampled:
    """One row a series and stretch that has a reading; `at` is the start of the stretch.

    count, mean, least, greatest: of its readings; last, last_y: the newest of them.
    """

    series: Column
    at: Column
    count: Column
    mean: Column
    least: Column
    greatest: Column
    last: Column
    last_y: Column


def find(
    pg: Pg,
    grant: Grant,
    moment: Moment,
    assets: Sequence[str] | None = None,
    properties: Sequence[str] | None = None,
) -> list[Series]:
    """The series of assets that the grant may see at a moment, or ever in its interval.

    In a scenario also the scenario's own.
    """
    known = roll(pg)
    wanted = Wanted(assets=None if assets is None else tuple(assets))
    layers = catalogue.layers(pg, grant)
    there, _ = present(pg, layers, known, moment, grant, wanted, {}, False)
    seen = set(there.tolist())
    return [
        one
        for one in known.by_id
        if one.asset in seen
        and one.scenario in (0, moment.scenario_id)
        and (properties is None or one.property in properties)
    ]


def read(pg: Pg, series: Sequence[int], span: Interval, known_at: datetime) -> Readings:
    """The readings of some series within a closed span, as known at a moment."""
    query = sql.SQL(_RAW).format(believed=_believed(series, span, known_at))
    ids, at, x, y, quality = packed.select_packed(
        pg, query, ("int4", "timestamptz", "float8", "float8", "int2")
    )
    return Readings(ids.astype(np.int64), at, x, y, quality)


def resample(
    pg: Pg,
    series: Sequence[int],
    span: Interval,
    known_at: datetime,
    every: timedelta,
    origin: datetime = ORIGIN,
) -> Resampled:
    """The readings of some series over equal stretches of time, counted from an origin."""
    if every < timedelta(seconds=1):
        raise Invalid("readings are resampled over a second or more")
    query = sql.SQL(_RESAMPLED).format(
        every=every,
        origin=instant(origin),
        bad=int(Quality.bad),
        believed=_believed(series, span, known_at),
        **_narrowed(series, span),
    )
    columns = packed.select_packed(pg, query, ("int4", "timestamptz", "int8", *["float8"] * 5))
    return Resampled(columns[0].astype(np.int64), *columns[1:])


def words(pg: Pg, found: Sequence[Series], series: Column, x: Column) -> dict[int, str]:
    """The words among these values, by the ids that stand for them."""
    categories = [one.id for one in found if one.kind is Kind.category]
    ids = np.unique(x[np.isin(series, categories)]).astype(np.int64)
    if not len(ids):
        return {}
    rows = pg.execute("SELECT id, name FROM city.category WHERE id = ANY(%s)", [ids.tolist()])
    return dict(rows.fetchall())


def _believed(series: Sequence[int], span: Interval, known_at: datetime) -> sql.Composable:
    return sql.SQL(_BELIEVED).format(known=instant(known_at), **_narrowed(series, span))


def _narrowed(series: Sequence[int], span: Interval) -> dict[str, Any]:
    if span.start is None or span.end is None:
        raise Invalid("a history has a start and an end")
    return {"series": list(series), "start": instant(span.start), "end": instant(span.end)}
