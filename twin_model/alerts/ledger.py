"""The ledger of alerts: what happened is added, and what late readings change is revised."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from spatial.database import Pg
from twin_model.alerts.rules import Version
from twin_model.packed import micros, moment


class Change(NamedTuple):
    """A change of level; at: microseconds since 1970."""

    at: int
    before: int
    after: int
    value: float | None


@dataclass(frozen=True, slots=True)
class Revision:
    """All changes of one rule's version and asset after a moment, as they are seen now."""

    version: Version
    asset: int
    after: int
    changes: Sequence[Change]


@dataclass(slots=True)
class _Episode:
    """An alert from its changes."""

    changes: list[Change]

    @property
    def opened(self) -> int:
        return self.changes[0].at

    @property
    def closed(self) -> int | None:
        return self.changes[-1].at if self.changes[-1].after == 0 else None

    def columns(self) -> list[Any]:
        """level, peak, opened_at, changed_at, closed_at."""
        last = self.changes[-1]
        return [
            last.after, max(one.after for one in self.changes), moment(self.opened),
            moment(last.at), None if self.closed is None else moment(self.closed),
        ]  # fmt: skip


_INSERT = (
    "INSERT INTO city.alert (id, rule, rule_id, asset_id, level, peak, opened_at, changed_at,"
    " closed_at, recorded) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_EVENT = (
    "INSERT INTO city.alert_event (alert_id, at, before, after, value, recorded)"
    " VALUES (%s, %s, %s, %s, %s, tstzrange(%s, NULL))"
)
_UPDATE = (
    "UPDATE city.alert SET level = %s, peak = greatest(peak, %s), changed_at = %s, closed_at = %s"
    " WHERE id = %s"
)
_SET = (
    "UPDATE city.alert SET level = %s, peak = %s, opened_at = %s, changed_at = %s, closed_at = %s,"
    " undone = NULL WHERE id = %s"
)


def append(pg: Pg, stamp: datetime, happened: Sequence[Revision]) -> list[int]:
    """Add changes that follow all that is known; returns the ids of their alerts."""
    assets = [one.asset for one in happened]
    opened = {
        (rule_id, asset): id
        for id, rule_id, asset in pg.execute(
            "SELECT id, rule_id, asset_id FROM city.alert"
            " WHERE closed_at IS NULL AND undone IS NULL AND asset_id = ANY(%s)",
            [assets],
        )
    }
    updates, inserts, events, ids = [], [], [], []
    new = iter(_ids(pg, sum(change.before == 0 for one in happened for change in one.changes)))
    for one in happened:
        for episode in _episodes(one.changes):
            level, peak, start, changed, closed = episode.columns()
            if episode.changes[0].before == 0:
                id = next(new)
                inserts.append(
                    [id, one.version.name, one.version.id, one.asset, level, peak, start, changed,
                     closed, stamp]
                )  # fmt: skip
            else:
                id = opened[one.version.id, one.asset]
                updates.append([level, peak, changed, closed, id])
            ids.append(id)
            events += [_event(id, change, stamp) for change in episode.changes]
    _many(pg, _UPDATE, updates)
    _many(pg, _INSERT, inserts)
    _many(pg, _EVENT, events)
    return ids


def revise(pg: Pg, stamp: datetime, revisions: Sequence[Revision]) -> list[int]:
    """Make the ledger say these changes and no others; returns the ids of alerts that changed."""
    ids: list[int] = []
    known = set(
        pg.execute(
            "SELECT DISTINCT rule_id, asset_id FROM city.alert WHERE rule_id = ANY(%s)",
            [list({one.version.id for one in revisions})],
        ).fetchall()
    )
    for one in revisions:
        if one.changes or (one.version.id, one.asset) in known:
            ids += _revise(pg, stamp, one)
    return ids


def _revise(pg: Pg, stamp: datetime, one: Revision) -> list[int]:
    key = [one.version.id, one.asset, moment(one.after)]
    stored = pg.execute(
        "SELECT e.id, e.alert_id, e.at, e.before, e.after FROM city.alert_event e"
        " JOIN city.alert a ON a.id = e.alert_id WHERE a.rule_id = %s AND a.asset_id = %s"
        " AND e.at > %s AND upper_inf(e.recorded) ORDER BY e.at, e.id",
        key,
    ).fetchall()
    if [(micros(at), *levels) for _, _, at, *levels in stored] == [
        change[:3] for change in one.changes
    ]:
        return []
    alerts = pg.execute(
        "SELECT id, opened_at, closed_at, undone IS NOT NULL FROM city.alert"
        " WHERE rule_id = %s AND asset_id = %s AND opened_at > %s ORDER BY opened_at, id",
        key,
    ).fetchall()
    episodes = list(_episodes(one.changes))
    chosen = _match(episodes, alerts)
    new = iter(_ids(pg, chosen.count(None)))
    made = [next(new) if id is None else id for id in chosen]
    gone = [id for id, _, _, undone in alerts if id not in chosen and not undone]
    pg.execute(
        "UPDATE city.alert SET undone = %s, closed_at = coalesce(closed_at, greatest(opened_at,"
        " changed_at)) WHERE id = ANY(%s)",
        [stamp, gone],
    )
    said = {
        (id, change[:3]): change
        for id, episode in zip(made, episodes, strict=True)
        for change in episode.changes
    }
    kept = {(id, (micros(at), *levels)) for _, id, at, *levels in stored}
    pg.execute(
        "UPDATE city.alert_event SET recorded = tstzrange(lower(recorded), %s) WHERE id = ANY(%s)",
        [stamp, [row[0] for row in stored if (row[1], (micros(row[2]), *row[3:])) not in said]],
    )
    # those that end first: one may be open at a time
    pairs = sorted(zip(made, episodes, strict=True), key=lambda pair: pair[1].closed is None)
    for id, episode in pairs:
        level, peak, start, changed, closed = episode.columns()
        if id in chosen:
            pg.execute(_SET, [level, peak, start, changed, closed, id])
        else:
            pg.execute(
                _INSERT,
                [id, one.version.name, one.version.id, one.asset, level, peak, start, changed,
                 closed, stamp],
            )  # fmt: skip
    _many(
        pg,
        _EVENT,
        [_event(key[0], change, stamp) for key, change in said.items() if key not in kept],
    )
    return [*gone, *made]


def _match(episodes: Sequence[_Episode], alerts: Sequence[Any]) -> list[int | None]:
    """Which known alert each episode is: one that began with it, else one that met it in time."""
    chosen: list[int | None] = [None] * len(episodes)
    for exact in (True, False):
        for n, episode in enumerate(episodes):
            for id, opened, closed, undone in alerts:
                if chosen[n] is not None or id in chosen:
                    continue
                same = micros(opened) == episode.opened
                meets = (episode.closed is None or micros(opened) <= episode.closed) and (
                    closed is None or micros(closed) >= episode.opened
                )
                if same if exact else meets and not undone:
                    chosen[n] = id
    return chosen


def calm(pg: Pg, version: int, asset: int, before: int) -> int | None:
    """When an asset last came back to no level before a moment, as is believed now."""
    row = pg.execute(
        "SELECT max(e.at) FROM city.alert_event e JOIN city.alert a ON a.id = e.alert_id"
        " WHERE a.rule_id = %s AND a.asset_id = %s AND e.after = 0 AND e.at < %s"
        " AND upper_inf(e.recorded)",
        [version, asset, moment(before)],
    ).fetchone()
    return micros(row[0]) if row and row[0] else None


def ends(pg: Pg, over: Sequence[Version]) -> list[Revision]:
    """The ends of alerts that are open by versions that are over."""
    by_id = {one.id: one for one in over}
    rows = pg.execute(
        "SELECT rule_id, asset_id, level, changed_at FROM city.alert"
        " WHERE closed_at IS NULL AND undone IS NULL AND rule_id = ANY(%s)",
        [list(by_id)],
    ).fetchall()
    found = []
    for version, asset, level, changed in rows:
        end = by_id[version].end
        assert end is not None
        at = micros(max(end, changed))
        found.append(Revision(by_id[version], asset, at - 1, [Change(at, level, 0, None)]))
    return found


def told(pg: Pg, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What a notice says of alerts."""
    rows = pg.execute(
        "SELECT id, asset_id, level FROM city.alert WHERE id = ANY(%s) ORDER BY id", [list(ids)]
    )
    return [{"id": id, "asset": asset, "level": level} for id, asset, level in rows]


def _episodes(changes: Sequence[Change]) -> Iterable[_Episode]:
    """Changes parted after each return to no level."""
    part: list[Change] = []
    for change in changes:
        part.append(change)
        if change.after == 0:
            yield _Episode(part)
            part = []
    if part:
        yield _Episode(part)


def _event(id: int, change: Change, stamp: datetime) -> list[Any]:
    return [id, moment(change.at), change.before, change.after, change.value, stamp]


def _ids(pg: Pg, count: int) -> list[int]:
    rows = pg.execute(
        "SELECT nextval(pg_get_serial_sequence('city.alert', 'id')) FROM generate_series(1, %s)",
        [count],
    )
    return [row[0] for row in rows]


def _many(pg: Pg, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        with pg.cursor() as cursor:
            cursor.executemany(statement.encode(), rows)
