"""What a rule would have said of a past: its events, its episodes, and how often and how long."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from twin_model.alerts import machine
from twin_model.alerts.judge import Judge, Usual
from twin_model.alerts.machine import Events
from twin_model.alerts.rule import LEVELS, Rule
from twin_model.packed import Column


@dataclass(frozen=True, slots=True)
class Tested:
    """Events of a rule over series; `watch` in the events is a row of `series`.

    episodes: watch, start, end (NEVER while it lasts) and peak, one row each.
    """

    series: Column
    events: Events
    episodes: tuple[Column, Column, Column, Column]
    readings: int

    def counts(self, until: int) -> dict[str, Any]:
        """How often each level was the peak and for how many seconds each level held."""
        watch, start, end, peak = self.episodes
        length = np.where(end == machine.NEVER, until, end) - start
        held = held_seconds(self.events, until)
        return {
            "readings": self.readings,
            "series": len(self.series),
            "series_with_alerts": len(np.unique(watch)),
            "episodes": len(start),
            "open_at_the_end": int((end == machine.NEVER).sum()),
            "peaks": {name: int((peak == n + 1).sum()) for n, name in enumerate(LEVELS)},
            "seconds": {name: float(held[n + 1]) for n, name in enumerate(LEVELS)},
            "median_length_s": float(np.median(length)) / 1e6 if len(length) else None,
            "longest_s": float(length.max()) / 1e6 if len(length) else None,
        }


def back_test(
    rule: Rule, series: Column, at: Column, x: Column, y: Column, *,
    since: int, until: int, zone: ZoneInfo, wanted: Column | None = None,
    usual: Usual | None = None,
) -> Tested:  # fmt: skip
    """Judge all readings from `since` to `until` as the live engine would have.

    series: int64, ascending; at: microseconds since 1970, ascending within a series, one a moment;
    x, y: float64; wanted: series that are judged though they may have no reading (silence).
    """
    ids = np.unique(series if wanted is None else wanted)
    judge = Judge.of([rule], zone, {} if usual is None else {0: usual})
    states = machine.begin(
        np.zeros(len(ids), np.int64), judge.limits.kind, np.full(len(ids), since)
    )
    watch = np.searchsorted(ids, series)
    events = judge.advance(states, watch, series, at, x, y, until)
    return Tested(ids, events, episodes(events), len(at))


def episodes(events: Events) -> tuple[Column, Column, Column, Column]:
    """From a rise out of no level to the fall back: watch, start, end or NEVER, peak."""
    starts = np.flatnonzero(events.before == 0)
    if not len(starts):
        nothing = np.empty(0, np.int64)
        return nothing, nothing, nothing, nothing
    last = np.append(starts[1:], len(events.at)) - 1
    end = np.where(events.after[last] == 0, events.at[last], machine.NEVER)
    peak = np.maximum.reduceat(events.after, starts)
    return events.watch[starts], events.at[starts], end, peak


def held_seconds(events: Events, until: int) -> Column:
    """For how many seconds each level, none to red, held from its rise; those of none are 0."""
    total = np.zeros(machine.LEVELS + 1)
    if len(events.at):
        follows = np.append(events.watch[1:] == events.watch[:-1], False)
        end = np.where(follows, np.append(events.at[1:], until), until)
        np.add.at(total, events.after, np.maximum(end - events.at, 0) / 1e6)
    total[0] = 0.0
    return total
