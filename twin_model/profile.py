"""The usual week of series: how their values are spread in each hour of the week."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from twin_model.packed import Column

HOURS = 168
HOUR_US = 3_600_000_000
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
#: Scales the median absolute deviation to the standard deviation of a normal distribution.
NORMAL = 1.482602218505602


@dataclass(frozen=True, slots=True)
class Stretches:
    """Means of readings over equal stretches of time, by series and start.

    series: int64; start: int64 microseconds since 1970; hour: int64 hour of the week, 0 on Monday
    at midnight, in local time; total: float64 sum, and count: int64 number of the readings.
    """

    series: Column
    start: Column
    hour: Column
    total: Column
    count: Column


@dataclass(frozen=True, slots=True)
class Profile:
    """One row a series and hour of the week that has a value, by both.

    stretches: how many values, and readings in them; quantiles: (n, 5) at SHARES; spread: the
    median absolute deviation, scaled to be the standard deviation where values are normal.
    """

    series: Column
    hour: Column
    stretches: Column
    readings: Column
    quantiles: Column
    spread: Column


def stretches(
    series: Column, at: Column, total: Column, count: Column, every_us: int, zone: ZoneInfo
) -> Stretches:
    """Sums of readings, or of sums, over the stretches in which they are.

    Stretches are counted from local midnight; every_us: their length in microseconds, that
    divides an hour.
    """
    local = at + _offset(at, zone)
    start = at - local % every_us
    hour = _hour(local)
    order = np.lexsort((start, series))
    series, start, hour = series[order], start[order], hour[order]
    first = _firsts(series, start)
    return Stretches(
        series[first],
        start[first],
        hour[first],
        np.add.reduceat(total[order], first) if len(first) else np.empty(0),
        np.add.reduceat(count[order], first) if len(first) else np.empty(0, np.int64),
    )


def profile(of: Stretches) -> Profile:
    """The spread of the means of stretches in each hour of the week.

    Quantiles are interpolated between order statistics: type 7 of Hyndman and Fan, "Sample
    quantiles in statistical packages", The American Statistician 50 (1996).
    """
    mean = of.total / of.count
    order = np.lexsort((mean, of.hour, of.series))
    series, hour, mean = of.series[order], of.hour[order], mean[order]
    first = _firsts(series, hour)
    size = np.diff(np.append(first, len(series)))
    quantiles = np.column_stack([_quantile(mean, first, size, share) for share in SHARES])
    middle = quantiles[:, SHARES.index(0.5)]
    group = np.repeat(np.arange(len(first)), size)
    apart = np.abs(mean - middle[group])
    apart = apart[np.lexsort((apart, group))]
    return Profile(
        series[first],
        hour[first],
        size,
        np.add.reduceat(of.count[order], first) if len(first) else size,
        quantiles,
        NORMAL * _quantile(apart, first, size, 0.5),
    )


def hour_of_week(at: Column, zone: ZoneInfo) -> Column:
    """0 on Monday at midnight to 167, in local time, of microseconds since 1970."""
    return _hour(at + _offset(at, zone))


def _hour(local: Column) -> Column:
    # 1970 began on a Thursday
    hour: Column = (local // HOUR_US + 3 * 24) % HOURS
    return hour


def _offset(at: Column, zone: ZoneInfo) -> Column:
    """How far local time is ahead, in microseconds; looked up once a quarter of an hour."""
    quarter, place = np.unique(at // (HOUR_US // 4), return_inverse=True)
    instants = pd.to_datetime(quarter * (HOUR_US // 4), unit="us", utc=True).tz_convert(zone)
    wall = instants.tz_localize(None).as_unit("us").asi8
    offset: Column = (wall - quarter * (HOUR_US // 4))[place]
    return offset


def _firsts(*keys: Column) -> Column:
    """Where sorted keys change."""
    changes = np.zeros(len(keys[0]), bool)
    changes[:1] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def _quantile(ordered: Column, first: Column, size: Column, share: float) -> Column:
    place = share * (size - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, size - 1)
    below, above = ordered[first + low], ordered[first + high]
    found: Column = below + (above - below) * (place - low)
    return found
