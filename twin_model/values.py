"""The newest value of every series at a moment, as known at another.

A keyframe holds this for some moment `at`, as known at `built`. What a later question adds to it:
on-time readings after `at`, or recorded after `built` (then no older than LATE before `at`, since
they came in time); late ones recorded after `built`, and late ones after `at`. Of readings of one
series and moment the last recorded counts. Measured in benchmarks/twin.py.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from psycopg import sql

from spatial.database import Pg
from spatial.period import instant
from twin_model import packed
from twin_model.packed import Column
from twin_model.window import LATE

_CELLS = ("int4", "timestamptz", "timestamptz", "float8", "float8", "int2")
_SELECT = "SELECT series, at, recorded, x, y, quality FROM city."
# each array costs as much as a third of the scan: those that few readings need are left out
_PACKED = """
SELECT array_send(array_agg(quality::int8 << 32 | series) FILTER (WHERE y IS NULL)),
    array_send(array_agg(at) FILTER (WHERE y IS NULL)),
    array_send(array_agg(x) FILTER (WHERE y IS NULL)),
    array_send(array_agg(quality::int8 << 32 | series) FILTER (WHERE y IS NOT NULL)),
    array_send(array_agg(at) FILTER (WHERE y IS NOT NULL)),
    array_send(array_agg(x) FILTER (WHERE y IS NOT NULL)),
    array_send(array_agg(y) FILTER (WHERE y IS NOT NULL)) FROM ({query}) reading
"""
_WITH_STAMPS = "SELECT series, at, recorded, x, coalesce(y, 'NaN'), quality FROM ({query}) reading"
_WHOLE = _SELECT + "observation WHERE at <= {at} AND recorded <= {known} {only}"
_WHOLE_LATE = _SELECT + "late WHERE at <= {at} AND recorded <= {known} {only}"
_IN_TIME = (
    _SELECT + "observation WHERE at > {from_at} AND at <= {at} AND recorded <= {known} {only}"
)
_SINCE = _SELECT + (
    "observation WHERE at > {late_from} AND at <= {from_at} AND at <= {at}"
    " AND recorded > {built} AND recorded <= {known} {only}"
)
_LATE_SINCE = _SELECT + (
    "late WHERE recorded > {built} AND recorded <= {known} AND at <= {at} {only}"
)
_LATE_AFTER = _SELECT + "late WHERE at > {from_at} AND at <= {at} AND recorded <= {built} {only}"


@dataclass(frozen=True, slots=True)
class Values:
    """Columns of one length, by ascending series id.

    series: int64; at: int64 microseconds since 1970; x, y: float64, y NaN where there is none;
    quality: int16.
    """

    series: Column
    at: Column
    x: Column
    y: Column
    quality: Column

    def __len__(self) -> int:
        return len(self.series)

    def rows(self, chosen: Column) -> "Values":
        """Some of them, by places or by a mask; places must ascend."""
        return Values(
            self.series[chosen], self.at[chosen], self.x[chosen], self.y[chosen],
            self.quality[chosen],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The values of all series at a moment, as known when it was built."""

    at: datetime
    built: datetime
    values: Values


_NEVER = np.iinfo(np.int64).min
NOTHING = Values(*(np.empty(0, t) for t in (np.int64, np.int64, float, float, np.int16)))


def values(pg: Pg, at: datetime, known_at: datetime, series: Column | None = None) -> Values:
    """The newest value of every series, or of these, at `at` as known at `known_at`."""
    start = keyframe(pg, at, known_at)
    return advance(pg, start, at, known_at, series)


def latest(pg: Pg, at: datetime, series: Column | None = None) -> Values | None:
    """The newest value of every series, or of these; None if one of them is of after `at`."""
    only: sql.Composable = sql.SQL("")
    if series is not None:
        only = sql.SQL("WHERE series = ANY({}::int4[])").format(series.tolist())
    found = merge(NOTHING, *_fetch(pg, sql.SQL(_SELECT + "latest {only}").format(only=only)))
    return None if len(found) and found.at.max() > packed.micros(at) else found


def keyframe(pg: Pg, at: datetime, known_at: datetime) -> Keyframe | None:
    """The newest keyframe from which a question can start."""
    newest = "at <= %s AND built <= %s ORDER BY at DESC, built DESC LIMIT 1"
    return _keyframe(pg, newest, at, known_at)


def frame_of(pg: Pg, at: datetime, built: datetime) -> Keyframe:
    """The keyframe of this moment that was built then."""
    found = _keyframe(pg, "at = %s AND built = %s", at, built)
    assert found is not None
    return found


def _keyframe(pg: Pg, which: str, at: datetime, built: datetime) -> Keyframe | None:
    query = f"SELECT at, built, series, ats, x, y, quality FROM city.keyframe WHERE {which}"
    with pg.cursor(binary=True) as cursor:
        row = cursor.execute(query.encode(), [at, built]).fetchone()
    if row is None:
        return None
    columns = (
        np.frombuffer(data, code)
        for data, code in zip(row[2:], ("<i4", "<i8", "<f8", "<f8", "<i2"), strict=True)
    )
    ids, ats, x, y, quality = columns
    full = np.full(len(ids), np.nan)
    if len(y):  # pairs of place and value: few series are positions
        full[y[0::2].astype(np.int64)] = y[1::2]
    return Keyframe(row[0], row[1], Values(ids.astype(np.int64), ats, x, full, quality))


def put_keyframe(pg: Pg, at: datetime, built: datetime, of: Values) -> None:
    """Store a keyframe; one that is there already stays."""
    placed = np.flatnonzero(~np.isnan(of.y))
    y = np.column_stack([placed.astype(float), of.y[placed]])
    pg.execute(
        "INSERT INTO city.keyframe VALUES (%b, %b, %b, %b, %b, %b, %b, %b) ON CONFLICT DO NOTHING",
        [
            at, built, len(of), of.series.astype("<i4").tobytes(), of.at.astype("<i8").tobytes(),
            of.x.astype("<f8").tobytes(), y.astype("<f8").tobytes(),
            of.quality.astype("<i2").tobytes(),
        ],
    )  # fmt: skip


def advance(
    pg: Pg, start: Keyframe | None, at: datetime, known_at: datetime, series: Column | None = None
) -> Values:
    """The values at a moment, from a keyframe and what came since; without one, from all."""
    only: sql.Composable = sql.SQL("")
    if series is not None:
        only = sql.SQL("AND series = ANY({}::int4[])").format(series.tolist())
    named: dict[str, sql.Composable] = {
        "at": instant(at), "known": instant(known_at), "only": only
    }  # fmt: skip
    arms: tuple[str, ...] = (_WHOLE, _WHOLE_LATE)
    base = NOTHING
    if start is not None:
        arms = (_IN_TIME, _SINCE, _LATE_SINCE, _LATE_AFTER)
        named |= {
            "from_at": instant(start.at),
            "late_from": instant(start.at - LATE),
            "built": instant(start.built),
        }
        base = start.values
        if series is not None:
            base = base.rows(np.isin(base.series, series))
    query = sql.SQL(" UNION ALL ").join(sql.SQL(arm).format(**named) for arm in arms)
    return merge(base, *_fetch(pg, query))


def _fetch(pg: Pg, query: sql.Composable) -> list[Column]:
    """series, at, recorded, x, y, quality of some readings; recorded matters only between equals,
    and is 0 where no two are of one series and moment.
    """
    with pg.cursor(binary=True) as cursor:
        row = cursor.execute(sql.SQL(_PACKED).format(query=query)).fetchone()
    assert row is not None
    kinds = ("int8", "timestamptz", "float8")
    flat = [packed.unpack(data, kind) for data, kind in zip(row[:3], kinds, strict=True)]
    placed = [
        packed.unpack(data, kind) for data, kind in zip(row[3:], (*kinds, "float8"), strict=True)
    ]
    key, at, x = (np.concatenate(pair) for pair in zip(flat, placed[:3], strict=True))
    series = key & 0xFFFFFFFF
    if _has_equals(series, at):
        full = sql.SQL(_WITH_STAMPS).format(query=query)
        return packed.select_packed(pg, full, _CELLS)
    y = np.concatenate([np.full(len(flat[0]), np.nan), placed[3]])
    return [series, at, np.zeros(len(at), np.int64), x, y, (key >> 32).astype(np.int16)]


def _has_equals(series: Column, at: Column) -> bool:
    """Whether two of the newest readings are of one series and moment."""
    if not len(series):
        return False
    newest = np.full(1 + int(series.max()), _NEVER)
    np.maximum.at(newest, series, at)
    newest_of = series[at == newest[series]]
    return bool(np.bincount(newest_of).max() > 1)


def merge(
    base: Values,
    series: Column,
    at: Column,
    recorded: Column,
    x: Column,
    y: Column,
    quality: Column,
) -> Values:
    """Values brought forward by readings recorded after them, in any order."""
    if not len(series):
        return base
    # by slots for every id there could be: no sorting, which would take longer than all else
    size = 1 + int(max(series.max(), base.series[-1] if len(base) else 0))
    newest = np.full(size, _NEVER)
    newest[base.series] = base.at
    np.maximum.at(newest, series, at)
    wins = np.flatnonzero(at == newest[series])
    wins = wins[np.argsort(recorded[wins], kind="stable")]  # of one moment the last recorded counts
    there = np.flatnonzero(newest != _NEVER)
    columns = []
    for old, new in ((base.x, x), (base.y, y), (base.quality, quality)):
        slots = np.empty(size, new.dtype)
        slots[base.series] = old
        slots[series[wins]] = new[wins]
        columns.append(slots[there])
    return Values(there, newest[there], *columns)
