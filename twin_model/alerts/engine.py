"""The live engine: each cycle judges the readings that came since the last, in one transaction.

What it remembers is committed with what it found, so a restart loses and doubles nothing. A
reading that is late for a watch, or corrects one that it judged, makes the watch begin again from
the last calm before it; what it had said otherwise since is undone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

import numpy as np

from spatial.asof import DEFAULT_ZONE
from spatial.database import Database, Pg
from twin_model import log, notices, packed
from twin_model.alerts import combinations, ledger, rules, watches
from twin_model.alerts.ledger import Change, Revision
from twin_model.alerts.machine import NEVER, Events, States
from twin_model.alerts.readings import between, newest
from twin_model.alerts.rule import COMBINED
from twin_model.alerts.watches import Watches
from twin_model.delta import Recorded, recorded_between
from twin_model.kinds import Quality
from twin_model.packed import Column
from twin_model.roll import roll
from twin_model.window import AHEAD_US

NO_READINGS = Recorded(
    *(np.empty(0, kind) for kind in (np.int64, np.int64, np.int64, float, float, np.int16))
)


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle did: readings judged, watches begun again, ids of alerts that changed."""

    readings: int
    again: int
    alerts: list[int]


@dataclass(slots=True)
class _Memory:
    """The watches as of a generation of the engine's row."""

    generation: int
    edition: tuple[int, ...]
    watches: Watches
    states: States


class Engine:
    """Judges what comes; any number may run on one database, one at a time does the work."""

    def __init__(self, database: Database, zone: ZoneInfo = DEFAULT_ZONE) -> None:
        self._database = database
        self._zone = zone
        self._memory: _Memory | None = None

    def cycle(self, now: datetime | None = None) -> Cycle:
        """Judge all readings that are committed, and what is due by `now`."""
        try:
            with self._database.begin() as tx:
                return self._cycle(tx.pg, now or datetime.now(UTC))
        except BaseException:
            self._memory = None  # it may be ahead of what was committed
            raise

    def _cycle(self, pg: Pg, now: datetime) -> Cycle:
        row = pg.execute(
            "SELECT generation, nullif(upto, '-infinity'), (SELECT nullif(last_recorded,"
            " '-infinity') FROM city.twin) FROM city.alert_engine FOR UPDATE"
        ).fetchone()
        assert row is not None
        generation, upto, known_at = row
        known_at = known_at or now
        begun = [one for one in rules.believed(pg) if one.since <= now]
        held = [one for one in begun if one.end is None or one.end > now]
        over = [one for one in begun if one.end is not None and one.end <= now]
        memory, fresh, new = self._remember(pg, generation, held)
        found = NO_READINGS
        if upto is not None and known_at > upto:
            found = newest(recorded_between(pg, upto, known_at))
        happened = ledger.ends(pg, over)
        said, late = self._judge(memory, found, fresh, packed.micros(now))
        happened += said
        again = list(self._again(pg, memory, fresh, late, packed.micros(now), known_at))
        ids: list[int] = []
        touched = {(one.version.name, one.asset) for one in (*happened, *again)}
        if touched or new:
            stamp = log.stamp(pg)
            ids = ledger.append(pg, stamp, happened) + ledger.revise(pg, stamp, again)
            combined = combinations.revisions(pg, held, touched, new)
            ids = sorted({*ids, *ledger.revise(pg, stamp, combined)})
            if ids:
                notices.tell(pg, stamp, "alert", ledger.told(pg, ids))
        if len(found.at) or len(fresh) or ids:
            pg.execute(
                "UPDATE city.alert_engine SET generation = generation + 1,"
                " upto = greatest(upto, %s), state = %b",
                [known_at, watches.pack(memory.watches.keys, memory.states)],
            )
            memory.generation = generation + 1
        return Cycle(len(found.at), len(again), ids)

    def _remember(
        self, pg: Pg, generation: int, held: list[rules.Version]
    ) -> tuple[_Memory, Column, set[int]]:
        """The watches of today with what they remember; those that are new; new combinations."""
        known = roll(pg)
        edition = (known.edition, *(one.id for one in held))
        memory = self._memory
        if memory is not None and (memory.generation, memory.edition) == (generation, edition):
            return memory, np.empty(0, np.int64), set()
        made = watches.watch(pg, held, known, self._zone)
        kept = None
        if memory is not None and memory.generation == generation:
            kept = memory.watches.keys, memory.states
        else:
            row = pg.execute("SELECT state FROM city.alert_engine", binary=True).fetchone()
            kept = watches.unpack(row[0]) if row else None
        nothing = made.begin(np.empty(0, np.int64))
        states, fresh = watches.carry(*(kept or (np.empty(0, np.int64), nothing)), made)
        new = {one.id for one in held if one.rule.kind in COMBINED}
        if memory is not None:
            new -= set(memory.edition[1:])
        self._memory = _Memory(generation, edition, made, states)
        return self._memory, fresh, new

    def _judge(
        self, memory: _Memory, found: Recorded, fresh: Column, until: int
    ) -> tuple[list[Revision], dict[int, int]]:
        """What comes next of most watches; and those that must begin again, with from when."""
        all, states = memory.watches, memory.states
        row, watch = all.of_series(found.series)
        at = found.at[row]
        valid = (at >= all.since[watch]) & (at < all.end[watch])
        row, watch, at = row[valid], watch[valid], at[valid]
        judged = at <= states.clock[watch]
        earliest: dict[int, int] = {}
        for one, when in zip(watch[judged].tolist(), at[judged].tolist(), strict=True):
            earliest[one] = min(when, earliest.get(one, when))
        aside = np.zeros(len(states), bool)
        aside[list(earliest)] = True
        aside[fresh] = True
        next_ = ~aside[watch] & (found.quality[row] < Quality.bad)
        row, watch, at = row[next_], watch[next_], at[next_]
        order = np.lexsort((at, watch))
        row, watch, at = row[order], watch[order], at[order]
        events = all.judge.advance(
            states, watch, found.series[row], at, found.x[row], found.y[row], until
        )
        events = events.rows(~aside[events.watch])
        for one in fresh.tolist():
            earliest.pop(one, None)
        return list(_revisions(all, events, events.watch)), earliest

    def _again(
        self, pg: Pg, memory: _Memory, fresh: Column, late: dict[int, int], until: int,
        known_at: datetime,
    ) -> Iterator[Revision]:  # fmt: skip
        """The watches that saw nothing yet, or what they had not seen in time, from calm on."""
        all = memory.watches
        rows = np.concatenate([fresh, np.array(sorted(late), np.int64)])
        if not len(rows):
            return
        calm = np.full(len(rows), NEVER)
        for n, one in enumerate(rows.tolist()):
            if one in late:
                version = all.versions[int(all.rule[one])]
                calm[n] = ledger.calm(pg, version.id, int(all.asset[one]), late[one]) or NEVER
        rule = all.rule[rows]
        limits = all.judge.limits
        warm = 2 * limits.over_us[rule] + limits.gap_us[rule]
        start = np.maximum(all.since[rows], np.where(calm == NEVER, NEVER, calm - warm))
        read = between(
            pg, np.unique(all.series[rows]), int(start.min()), until + AHEAD_US, known_at
        )
        order = np.argsort(all.series[rows], kind="stable")
        rows, calm, start = rows[order], calm[order], start[order]
        part = replace(all, series=all.series[rows], asset=all.asset[rows], rule=all.rule[rows])
        row, watch = part.of_series(read.series)
        at = read.at[row]
        keep = (at >= start[watch]) & (at < part.end[watch])
        row, watch, at = row[keep], watch[keep], at[keep]
        states = all.begin(rows)
        for warming in (True, False):
            mine = (at <= calm[watch]) == warming
            by = np.lexsort((at[mine], watch[mine]))
            mine_row, mine_watch = row[mine][by], watch[mine][by]
            events = all.judge.advance(
                states, mine_watch, read.series[mine_row], read.at[mine_row], read.x[mine_row],
                read.y[mine_row], NEVER if warming else until,
            )  # fmt: skip
            if warming:
                states.level[:] = 0
                states.clock = np.maximum(states.clock, calm)
        watches.put(memory.states, rows, states, np.arange(len(rows)))
        after = np.where(calm == NEVER, part.since - 1, calm)
        yield from _revisions(part, events, np.arange(len(rows)), after)


def _revisions(
    of: Watches, events: Events, wanted: Column, after: Column | None = None
) -> Iterator[Revision]:
    """Events by watch, for each of the wanted ones; `after` by watch."""
    columns = (column.tolist() for column in events)
    changes = {
        watch: [Change(*one[1:]) for one in mine]
        for watch, mine in groupby(zip(*columns, strict=True), key=itemgetter(0))
    }
    for watch in np.unique(wanted).tolist():
        mine = changes.get(watch, [])
        start = mine[0].at - 1 if after is None else int(after[watch])
        yield Revision(of.versions[int(of.rule[watch])], int(of.asset[watch]), start, mine)
