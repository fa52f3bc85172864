"""Readings for rules: those that count, by series and moment."""

from datetime import datetime, timedelta

import numpy as np

from spatial.asof import Interval
from spatial.database import Pg
from twin_model import packed, series
from twin_model.delta import Recorded
from twin_model.kinds import Quality
from twin_model.packed import Column
from twin_model.series import Readings


def between(pg: Pg, ids: Column, since: int, until: int, known_at: datetime) -> Readings:
    """What counts of some series from one moment to another, as known; microseconds."""
    found = series.read(
        pg, ids.tolist(), Interval(packed.moment(since), packed.moment(until)), known_at
    )
    good = found.quality < Quality.bad
    return Readings(
        found.series[good].astype(np.int64), found.at[good], found.x[good], found.y[good],
        found.quality[good],
    )  # fmt: skip


def before(pg: Pg, ids: Column, since: datetime, weeks: int) -> Readings:
    """What counts of the weeks before a moment, as known now."""
    until = packed.micros(since) - 1
    span = timedelta(weeks=weeks) // timedelta(microseconds=1)
    row = pg.execute("SELECT last_recorded FROM city.twin").fetchone()
    assert row is not None
    return between(pg, ids, until - span, until, row[0])


def newest(found: Recorded) -> Recorded:
    """Of readings of one series and moment the last recorded, by series and moment."""
    order = np.lexsort((found.recorded, found.at, found.series))
    series, at = found.series[order], found.at[order]
    follows = (series[1:] == series[:-1]) & (at[1:] == at[:-1])
    kept = order[~np.append(follows, False)] if len(order) else order
    return Recorded(
        found.series[kept], found.at[kept], found.recorded[kept], found.x[kept], found.y[kept],
        found.quality[kept],
    )  # fmt: skip
