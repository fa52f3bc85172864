"""Rules over series, judged over readings: the same for the live engine and for back-tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from twin_model.alerts import machine, signals
from twin_model.alerts.machine import Events, Limits, States
from twin_model.alerts.rule import Kind, Rule
from twin_model.packed import Column
from twin_model.profile import HOURS, profile, stretches

_MACHINE = {
    Kind.rate: machine.RATE, Kind.silence: machine.SILENCE, Kind.total: machine.TOTAL
}  # fmt: skip
_EVERY_US = 60_000_000


class Usual(NamedTuple):
    """The usual week of some series: median and spread, (n, 168) in the order of `series`."""

    series: Column
    median: Column
    spread: Column


@dataclass(frozen=True, slots=True)
class Judge:
    """Rules that are not combinations, ready to judge; `usual` by the row of a rule."""

    rules: Sequence[Rule]
    zone: ZoneInfo
    limits: Limits
    usual: Mapping[int, Usual]

    @classmethod
    def of(cls, rules: Sequence[Rule], zone: ZoneInfo, usual: Mapping[int, Usual]) -> "Judge":
        return cls(rules, zone, limits_of(rules), usual)

    def advance(
        self, states: States, watch: Column, series: Column, at: Column, x: Column, y: Column,
        until: int,
    ) -> Events:  # fmt: skip
        """Judge readings by ascending watch and moment, and what is due by `until`.

        series: int64 ids; at, until: microseconds since 1970; x, y: as `series.Readings` has them.
        """
        signal = x.copy()
        rule = states.rule[watch]
        for row, one in enumerate(self.rules):
            if one.kind not in (Kind.fence, Kind.deviation):
                continue
            mine = np.flatnonzero(rule == row)
            if one.kind is Kind.fence:
                signal[mine] = signals.inside(one.shape(), x[mine], y[mine], one.side == "outside")
            else:
                usual = self.usual[row]
                place = np.searchsorted(usual.series, series[mine])
                signal[mine] = signals.deviation(
                    at[mine], x[mine], place, usual.median, usual.spread, one.least_spread,
                    self.zone,
                )  # fmt: skip
        return machine.advance(states, self.limits, watch, at, signal, until)


def limits_of(rules: Sequence[Rule]) -> Limits:
    """The rules as arrays."""
    kind = np.array([_MACHINE.get(one.kind, machine.VALUE) for one in rules], np.int64)
    limits = np.array([one.bounds() for one in rules], float).reshape(-1, machine.LEVELS)
    limits[kind == machine.SILENCE] *= 1e6
    # below a limit and scores are made larger-is-worse; scores already are
    sign = np.array([1.0 if one.kind is Kind.deviation else one.sign for one in rules], float)

    def micros(name: str) -> Column:
        return np.array([getattr(one, name) * 1e6 for one in rules]).astype(np.int64)

    return Limits(
        kind, limits, np.array([one.hysteresis for one in rules], float),
        micros("for_s"), micros("hold_s"), micros("gap_s"), micros("over_s"), sign,
    )  # fmt: skip


def learn(wanted: Column, series: Column, at: Column, x: Column, zone: ZoneInfo) -> Usual:
    """The usual week of the wanted series, from readings of theirs; NaN for hours without any.

    Readings are averaged over minutes first; the median and the scaled median absolute deviation
    are `profile.profile`'s.
    """
    ids = np.unique(wanted)
    median, spread = (np.full((len(ids), HOURS), np.nan) for _ in range(2))
    found = profile(
        stretches(series, at, x, np.ones(len(x), np.int64), _EVERY_US, zone)
    ) if len(x) else None  # fmt: skip
    if found is not None:
        row = np.searchsorted(ids, found.series)
        median[row, found.hour], spread[row, found.hour] = found.quantiles[:, 2], found.spread
    return Usual(ids, median, spread)
