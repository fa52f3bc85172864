"""From readings to levels: one small state machine a watch, that is, a rule over one series.

Between readings the last value holds, for as long as the rule allows a gap. A level rises once its
limit has been passed for `for_us`, and falls once the signal has been below the limit less the
hysteresis for `hold_us`. Each change is dated when it became due, not when it was noticed: so the
events are a function of the readings alone, however they are cut into cycles.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numba import njit

from twin_model.packed import Column

NEVER, FAR = np.iinfo(np.int64).min, np.iinfo(np.int64).max
VALUE, RATE, SILENCE, TOTAL = 0, 1, 2, 3
LEVELS = 4
ANCHORS = 8  # a rate is measured against one of so many readings in its stretch
RING = 2 * ANCHORS + 2
PARTS = 12  # a total is kept by so many parts of its stretch, and one that it begins within
HOUR_US = 3_600_000_000.0


class Limits(NamedTuple):
    """How each rule judges, one row a rule.

    kind: of VALUE, RATE, SILENCE, TOTAL; limits: (n, 4) in ascending signal, infinite for no such
    level; SILENCE's are in microseconds.
    """

    kind: Column
    limits: Column
    hysteresis: Column
    for_us: Column
    hold_us: Column
    gap_us: Column
    over_us: Column
    sign: Column


@dataclass(slots=True)
class States:
    """What each watch remembers, one row a watch; all that a restart needs.

    rule: its row in Limits; at, x: the last reading; clock: the last moment judged; up, down:
    since when each limit is passed, or is no longer; ring…: earlier readings for rates, sums
    of the parts for totals.
    """

    rule: Column
    level: Column
    at: Column
    x: Column
    clock: Column
    up: Column
    down: Column
    ring_row: Column
    ring_at: Column
    ring_x: Column
    ring_end: Column

    def __len__(self) -> int:
        return len(self.rule)


class Events(NamedTuple):
    """Changes of level, in order within each watch; value: the last reading at that time."""

    watch: Column
    at: Column
    before: Column
    after: Column
    value: Column

    def rows(self, chosen: Column) -> "Events":
        return Events(*(column[chosen] for column in self))


def begin(rule: Column, kind: Column, since: Column) -> States:
    """Watches that have seen nothing yet; silence counts from `since`, microseconds, of each."""
    count = len(rule)
    silent = kind[rule] == SILENCE
    rates = (kind[rule] == RATE) | (kind[rule] == TOTAL)
    ring_row = np.where(rates, np.cumsum(rates) - 1, -1)
    rings = int(rates.sum())
    return States(
        rule=rule.astype(np.int64),
        level=np.zeros(count, np.int64),
        at=np.where(silent, since, NEVER),
        x=np.full(count, np.nan),
        clock=np.where(silent, since, NEVER),
        up=np.full((count, LEVELS), NEVER),
        down=np.full((count, LEVELS), NEVER),
        ring_row=ring_row,
        ring_at=np.full((rings, RING), NEVER),
        ring_x=np.zeros((rings, RING)),
        ring_end=np.zeros(rings, np.int64),
    )


def advance(
    states: States, limits: Limits, watch: Column, at: Column, signal: Column, until: int
) -> Events:
    """Judge readings, and what is due by `until`; changes the states, returns what changed.

    watch: int64 ascending; at: int64 microseconds, ascending within a watch and after its clock;
    signal: float64, of the reading or as `signals` makes it.
    """
    count = np.bincount(watch, minlength=len(states))
    first = np.concatenate([[0], np.cumsum(count)])
    found = _advance(
        first, at, signal.astype(np.float64), until, limits,
        *(getattr(states, one.name) for one in fields(states)),
    )  # fmt: skip
    return Events(*found)


@njit(cache=True, nogil=True)
def _due(w, level, at, up, down, kind, bounds, for_us, hold_us, gap_us):  # type: ignore[no-untyped-def]
    """The next change of a watch as things stand: when, and to which level; FAR for none."""
    now, last = level[w], at[w]
    when, to = FAR, now
    if last == NEVER:
        return when, to
    for k in range(now, LEVELS):
        if kind == SILENCE:
            if not np.isfinite(bounds[k]):
                continue
            due = last + np.int64(bounds[k])
        elif up[w, k] == NEVER or up[w, k] + for_us > last + gap_us:
            continue
        else:
            due = up[w, k] + for_us
        if due < when or (due == when and k + 1 > to):
            when, to = due, k + 1
    if when == FAR and now > 0 and kind != SILENCE and down[w, now - 1] != NEVER:
        due = down[w, now - 1] + hold_us
        if due <= last + gap_us:
            when, to = due, 0
            for j in range(now - 1):
                if np.isfinite(bounds[j]) and (down[w, j] == NEVER or down[w, j] + hold_us > due):
                    to = j + 1
    return when, to


@njit(cache=True, nogil=True)
def _rate(row, t, x, over_us, ring_at, ring_x, ring_end):  # type: ignore[no-untyped-def]
    """The change in an hour against the newest kept reading of at least `over_us` before."""
    found = np.nan
    end = ring_end[row]
    for back in range(1, RING + 1):
        place = (end - back) % RING
        then = ring_at[row, place]
        if then == NEVER or then < t - 2 * over_us:
            break
        if then <= t - over_us:
            found = (x - ring_x[row, place]) / (t - then) * HOUR_US
            break
    newest = ring_at[row, (end - 1) % RING]
    if newest == NEVER or t - newest >= over_us // ANCHORS:
        ring_at[row, end % RING], ring_x[row, end % RING] = t, x
        ring_end[row] = end + 1
    return found


@njit(cache=True, nogil=True)
def _total(row, t, x, over_us, ring_at, ring_x, ring_end):  # type: ignore[no-untyped-def]
    """The sum over the stretch up to now; of the part that it begins within, a share by time."""
    wide = max(over_us // PARTS, 1)
    own = (t - 1) // wide * wide  # a part holds what comes after its start and until its end
    newest = (ring_end[row] - 1) % RING
    if ring_at[row, newest] == own:
        ring_x[row, newest] += x
    else:
        newest = ring_end[row] % RING
        ring_at[row, newest], ring_x[row, newest] = own, x
        ring_end[row] += 1
    found, since = 0.0, t - over_us
    for back in range(RING):
        place = (newest - back) % RING
        start = ring_at[row, place]
        if start == NEVER or start + wide <= since:
            break
        found += ring_x[row, place] * min(1.0, (start + wide - since) / wide)
    return found


@njit(cache=True, nogil=True)
def _advance(  # type: ignore[no-untyped-def]
    first, ats, signals, until, limits,
    rule, level, at, x, clock, up, down, ring_row, ring_at, ring_x, ring_end,
):  # fmt: skip
    size, n = 1024, 0
    e_watch, e_at = np.empty(size, np.int64), np.empty(size, np.int64)
    e_before, e_after = np.empty(size, np.int64), np.empty(size, np.int64)
    e_value = np.empty(size, np.float64)
    for w in range(len(rule)):
        r = rule[w]
        kind, bounds = limits.kind[r], limits.limits[r]
        for_us, hold_us, gap_us = limits.for_us[r], limits.hold_us[r], limits.gap_us[r]
        when, to = _due(w, level, at, up, down, kind, bounds, for_us, hold_us, gap_us)
        for i in range(first[w], first[w + 1] + 1):
            more = i < first[w + 1]
            t = ats[i] if more else until
            # what comes due before this reading is judged by the value that held until then
            for after in range(2 if more else 1):
                # a silence that ends at this very moment has not lasted
                last = t - 1 if kind == SILENCE and more else t
                if after:
                    _take(w, t, signals[i], kind, bounds, limits.sign[r], limits.hysteresis[r],
                          gap_us, limits.over_us[r], at, x, up, down, ring_row, ring_at, ring_x,
                          ring_end)  # fmt: skip
                    if kind == SILENCE and level[w] > 0:
                        when, to, last = t, 0, t
                    else:
                        when, to = _due(
                            w, level, at, up, down, kind, bounds, for_us, hold_us, gap_us
                        )
                while when <= last:
                    if n == size:
                        size *= 2
                        e_watch, e_at = _grown(e_watch, size), _grown(e_at, size)
                        e_before, e_after = _grown(e_before, size), _grown(e_after, size)
                        e_value = _grown(e_value, size)
                    e_watch[n], e_at[n], e_before[n], e_after[n] = w, when, level[w], to
                    e_value[n] = x[w]
                    level[w] = to
                    clock[w] = max(clock[w], when)
                    n += 1
                    when, to = _due(w, level, at, up, down, kind, bounds, for_us, hold_us, gap_us)
            if more:
                clock[w] = max(clock[w], t)
    return e_watch[:n], e_at[:n], e_before[:n], e_after[:n], e_value[:n]


@njit(cache=True, nogil=True)
def _grown(old, size):  # type: ignore[no-untyped-def]
    new = np.empty(size, old.dtype)
    new[: len(old)] = old
    return new


@njit(cache=True, nogil=True)
def _take(  # type: ignore[no-untyped-def]
    w, t, value, kind, bounds, sign, hysteresis, gap_us, over_us,
    at, x, up, down, ring_row, ring_at, ring_x, ring_end,
):  # fmt: skip
    """Let a watch see a reading: since when each limit is passed."""
    s = value
    if kind == RATE:
        s = _rate(ring_row[w], t, value, over_us, ring_at, ring_x, ring_end)
    elif kind == TOTAL:
        s = _total(ring_row[w], t, value, over_us, ring_at, ring_x, ring_end)
    s *= sign
    broken = at[w] == NEVER or t - at[w] > gap_us
    at[w], x[w] = t, value
    for k in range(LEVELS):
        above, below = s >= bounds[k], s < bounds[k] - hysteresis  # neither, where s is no number
        if not above:
            up[w, k] = NEVER
        elif broken or up[w, k] == NEVER:
            up[w, k] = t
        if not below:
            down[w, k] = NEVER
        elif broken or down[w, k] == NEVER:
            down[w, k] = t
