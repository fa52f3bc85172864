"""Which rule watches which series, and how what they remember is kept through a restart."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from io import BytesIO
from zoneinfo import ZoneInfo

import numpy as np

from spatial.database import Pg
from twin_model import packed
from twin_model.alerts import machine
from twin_model.alerts.judge import Judge, Usual, learn
from twin_model.alerts.machine import States
from twin_model.alerts.readings import before
from twin_model.alerts.rule import COMBINED, Kind
from twin_model.alerts.rules import Version
from twin_model.kinds import Kind as ValueKind
from twin_model.packed import Column
from twin_model.roll import Roll


@dataclass(frozen=True)
class Watches:
    """Versions of rules over series, by ascending series; columns of one length.

    series: ids; asset: the ids of their assets; rule: rows in `versions`.
    """

    versions: Sequence[Version]
    judge: Judge
    series: Column
    asset: Column
    rule: Column

    @cached_property
    def since(self) -> Column:
        """From when on each is judged, microseconds."""
        return np.array([packed.micros(one.since) for one in self.versions], np.int64)[self.rule]

    @cached_property
    def end(self) -> Column:
        """Until when each is judged, microseconds."""
        ends = [
            np.iinfo(np.int64).max if one.end is None else packed.micros(one.end)
            for one in self.versions
        ]
        return np.array(ends, np.int64)[self.rule]

    @cached_property
    def keys(self) -> Column:
        """What a watch is known by through restarts: (version, series)."""
        ids = np.array([one.id for one in self.versions], np.int64)[self.rule]
        return ids << 32 | self.series

    def begin(self, rows: Column) -> States:
        """These watches, before they saw anything."""
        return machine.begin(self.rule[rows], self.judge.limits.kind, self.since[rows])

    def of_series(self, series: Column) -> tuple[Column, Column]:
        """For readings of series, the watches that see them: rows of readings, and watches."""
        low = np.searchsorted(self.series, series, side="left")
        count = np.searchsorted(self.series, series, side="right") - low
        row = np.repeat(np.arange(len(series)), count)
        within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        return row, np.repeat(low, count) + within


def watch(pg: Pg, versions: Sequence[Version], roll: Roll, zone: ZoneInfo) -> Watches:
    """The watches of the rules that are no combinations."""
    single = [one for one in versions if one.rule.kind not in COMBINED]
    layers = dict(pg.execute("SELECT name, id FROM city.layer").fetchall())
    named_by: dict[str, list[int]] = {}
    for n, one in enumerate(roll.by_id):
        if one.scenario == 0:
            named_by.setdefault(one.property, []).append(n)
    by_property = {name: np.array(found, np.int64) for name, found in named_by.items()}
    places, rules = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for row, version in enumerate(single):
        rule = version.rule
        place = by_property.get(rule.observed or "", np.empty(0, np.int64))
        if rule.assets is not None:
            named = [roll.place[name] for name in rule.assets if name in roll.place]
            code = roll.properties.get(rule.observed or "", -1)
            place = roll.find(np.array(named, np.int64), np.full(len(named), code), 0)
            place = np.unique(place[place >= 0])
        asset = roll.series_asset[place]
        fits = roll.series_kind[place] == (
            ValueKind.position if rule.kind is Kind.fence else ValueKind.number
        )
        if rule.kind is Kind.silence:
            fits[:] = True
        if rule.layer is not None:
            fits &= roll.layer_id[asset] == layers.get(rule.layer, -1)
        places.append(place[fits])
        rules.append(np.full(int(fits.sum()), row))
    place, rule_row = np.concatenate(places), np.concatenate(rules)
    order = np.lexsort((rule_row, roll.series_id[place]))
    place, rule_row = place[order], rule_row[order]
    series = roll.series_id[place]
    usual = {
        row: usual_of(pg, version, series[rule_row == row], zone)
        for row, version in enumerate(single)
        if version.rule.kind is Kind.deviation
    }
    return Watches(
        single,
        Judge.of([one.rule for one in single], zone, usual),
        series,
        roll.asset_id[roll.series_asset[place]],
        rule_row,
    )


def usual_of(pg: Pg, version: Version, wanted: Column, zone: ZoneInfo) -> Usual:
    """The usual week that a version measures from, learnt once from the weeks before it."""
    rows = pg.execute(
        "SELECT series, median, spread FROM city.alert_usual WHERE rule_id = %s", [version.id]
    ).fetchall()
    known = {row[0]: row[1:] for row in rows}
    new = np.array([one for one in wanted.tolist() if one not in known], np.int64)
    if len(new):
        read = before(pg, new, version.since, version.rule.weeks)
        learnt = learn(new, read.series, read.at, read.x, zone)
        for one, median, spread in zip(
            learnt.series.tolist(), learnt.median.tolist(), learnt.spread.tolist(), strict=True
        ):
            known[one] = median, spread
            pg.execute(
                "INSERT INTO city.alert_usual VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [version.id, one, median, spread],
            )
    ids = sorted(known)
    table = np.array([known[one] for one in ids], float).reshape(len(ids), 2, -1)
    return Usual(np.array(ids, np.int64), table[:, 0], table[:, 1])


def pack(keys: Column, states: States) -> bytes:
    """What all watches remember."""
    out = BytesIO()
    np.savez(out, keys=keys, **{one.name: getattr(states, one.name) for one in fields(states)})
    return out.getvalue()


def unpack(data: bytes) -> tuple[Column, States] | None:
    """The keys and states that `pack` packed."""
    if not data:
        return None
    with np.load(BytesIO(data)) as kept:
        return kept["keys"], States(**{one.name: kept[one.name] for one in fields(States)})


def carry(old_keys: Column, old: States, new: Watches) -> tuple[States, Column]:
    """What the new watches remember from old ones, and which of them saw nothing yet."""
    states = new.begin(np.arange(len(new.series)))
    order = np.argsort(old_keys)
    if not len(order):
        return states, np.arange(len(new.series))
    at = np.searchsorted(old_keys[order], new.keys).clip(max=len(order) - 1)
    known = old_keys[order][at] == new.keys
    put(states, np.flatnonzero(known), old, order[at[known]])
    return states, np.flatnonzero(~known)


def put(states: States, rows: Column, source: States, of: Column) -> None:
    """Rows of one set of states take what rows of another remember."""
    for name in ("level", "at", "x", "clock", "up", "down"):
        getattr(states, name)[rows] = getattr(source, name)[of]
    rings = states.ring_row[rows]
    mine = rings >= 0
    theirs = source.ring_row[of][mine]
    for name in ("ring_at", "ring_x", "ring_end"):
        getattr(states, name)[rings[mine]] = getattr(source, name)[theirs]
