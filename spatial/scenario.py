"""Scenarios: a plan is a branch of the books that holds only what it changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import sql

from spatial import catalogue, changes
from spatial.asof import MAIN, AsOf
from spatial.database import Database, Pg
from spatial.errors import Conflict, Invalid, NotFound
from spatial.grant import OWNER, Grant, Scope, rule
from spatial.layer import Layer, check_name
from spatial.moment import Moment, last_stamp, require_open, resolve
from spatial.period import instant
from spatial.query import names, snapshot
from spatial.sql import statement

type Keep = Literal["scenario", "main"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A branch, and by which edition of the books main is read under it."""

    name: str
    title: str
    base_known_at: datetime
    state: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One feature that a scenario says something else of."""

    layer: str
    fid: int
    kind: Literal["added", "changed", "removed"]
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class Clash:
    """A feature that both the scenario and, since its base, main have changed."""

    layer: str
    fid: int


def create(
    database: Database,
    name: str,
    *,
    author: str,
    title: str = "",
    base: datetime | None = None,
    grant: Grant = OWNER,
) -> Scenario:
    """Branch from the books as they stand, or as they stood at a past moment.

    Raises Conflict where the name is taken, Invalid for a base in the future.
    """
    grant.require(Scope.WRITE)
    if check_name(name) == MAIN:
        raise Invalid("the main line is called 'main': choose another name")
    with database.begin() as tx:
        last = last_stamp(tx.pg)
        if base is not None and base > last:
            base = last
        row = tx.pg.execute(
            "INSERT INTO city.scenario (name, title, base_known_at, created_by)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            [name, title, base or last, author],
        ).fetchone()
        if row is None:
            raise Conflict(f"the scenario '{name}' exists: choose another name")
        return _find(tx.pg, name)


def scenarios(database: Database) -> list[Scenario]:
    """Every scenario that was not discarded, by name."""
    with snapshot(database) as pg:
        rows = pg.execute(
            f"{_COLUMNS} WHERE state <> 'discarded' ORDER BY name".encode()
        ).fetchall()
    return [Scenario(*row) for row in rows]


def diff(database: Database, name: str, grant: Grant = OWNER) -> list[Difference]:
    """What the scenario says otherwise than main, feature by feature, as believed now."""
    found = []
    with snapshot(database) as pg:
        moment = resolve(pg, AsOf(scenario=name))
        for layer in catalogue.layers(pg, grant):
            rows = pg.execute(
                sql.SQL(
                    "SELECT fid, CASE WHEN removed THEN 'removed' WHEN EXISTS (SELECT 1 FROM"
                    " {table} m WHERE m.fid = {table}.fid AND m.scenario = 0 AND NOT m.removed"
                    " AND m.recorded @> {base}) THEN 'changed' ELSE 'added' END,"
                    " lower(valid), upper(valid) FROM {table}"
                    " WHERE scenario <> 0 AND scenario = {scenario} AND upper_inf(recorded)"
                    " AND {rule} ORDER BY fid, lower(valid)"
                ).format(
                    table=layer.table,
                    base=instant(moment.main_known_at),
                    scenario=moment.scenario_id,
                    rule=rule(grant, layer),
                )
            ).fetchall()
            found += [Difference(layer.name, *row) for row in rows]
    return found


def discard(database: Database, name: str, *, author: str, grant: Grant = OWNER) -> None:
    """Close all that the scenario believes; its history stays readable by `known_at`."""
    grant.require(Scope.WRITE)
    with database.begin() as tx:
        moment = resolve(tx.pg, AsOf(scenario=name))
        for layer in _touched(tx.pg, moment):
            with _writing(tx.pg, layer, moment, author, "discard") as (stamp, tally):
                tally.closed = _close_branch(tx.pg, layer, moment, stamp)
        tx.pg.execute("UPDATE city.scenario SET state = 'discarded' WHERE name = %s", [name])


def conflicts(database: Database, name: str) -> list[Clash]:
    """Features that main has changed since the scenario's base and the scenario changes too."""
    with snapshot(database) as pg:
        moment = resolve(pg, AsOf(scenario=name))
        return [clash for layer in _touched(pg, moment) for clash in _clashes(pg, layer, moment)]


def rebase(
    database: Database,
    name: str,
    *,
    author: str,
    keep: Keep | None = None,
    grant: Grant = OWNER,
) -> list[Clash]:
    """Read main as it is known now under the scenario. Returns the clashes that were settled.

    Raises Conflict that lists the clashes, unless `keep` says whose word holds.
    """
    grant.require(Scope.WRITE)
    with database.begin() as tx:
        moment, clashes = _settle(tx.pg, name, author, keep, "rebase")
        tx.pg.execute(
            "UPDATE city.scenario SET base_known_at = %s WHERE id = %s",
            [last_stamp(tx.pg), moment.scenario_id],
        )
    return clashes


def adopt(
    database: Database,
    name: str,
    *,
    author: str,
    keep: Keep | None = None,
    grant: Grant = OWNER,
) -> list[Clash]:
    """The plan becomes the city: main takes over all that the scenario says.

    Raises Conflict that lists the clashes, unless `keep` says whose word holds.
    """
    grant.require(Scope.WRITE)
    with database.begin() as tx:
        moment, clashes = _settle(tx.pg, name, author, keep, "adopt")
        for layer in _touched(tx.pg, moment):
            with _writing(tx.pg, layer, moment, author, "adopt", main=True) as (stamp, tally):
                _take_over(tx.pg, layer, moment, stamp, author, tally)
        tx.pg.execute(
            "UPDATE city.scenario SET state = 'adopted' WHERE id = %s", [moment.scenario_id]
        )
    return clashes


_COLUMNS = "SELECT name, title, base_known_at, state, created_by, created_at FROM city.scenario"


def _find(pg: Pg, name: str) -> Scenario:
    row = pg.execute(f"{_COLUMNS} WHERE name = %s".encode(), [name]).fetchone()
    if row is None:
        raise NotFound(f"there is no scenario '{name}'")
    return Scenario(*row)


def _touched(pg: Pg, moment: Moment) -> list[Layer]:
    """Layers in which the scenario believes anything."""
    return [
        layer
        for layer in catalogue.layers(pg, OWNER)
        if pg.execute(
            sql.SQL(
                "SELECT 1 FROM {} WHERE scenario <> 0 AND scenario = {}"
                " AND upper_inf(recorded) LIMIT 1"
            ).format(layer.table, moment.scenario_id)
        ).fetchone()
    ]


@contextmanager
def _writing(
    pg: Pg,
    layer: Layer,
    moment: Moment,
    author: str,
    action: str,
    *,
    main: bool = False,
) -> Iterator[tuple[datetime, changes.Tally]]:
    stamp = changes.lock_layer(pg, layer)
    tally = changes.Tally()
    yield stamp, tally
    if tally.opened or tally.closed:
        if layer.extent:
            tally.boxes.append(layer.extent)
        number = 0 if main else moment.scenario_id
        changes.record(pg, layer, stamp, tally, author=author, action=action, scenario=number)


def _clashes(pg: Pg, layer: Layer, moment: Moment) -> list[Clash]:
    rows = pg.execute(
        sql.SQL(
            "SELECT DISTINCT b.fid FROM {table} b JOIN {table} m USING (fid)"
            " WHERE b.scenario <> 0 AND b.scenario = {scenario} AND upper_inf(b.recorded)"
            " AND m.scenario = 0 AND m.valid && b.valid"
            " AND (lower(m.recorded) > {base} OR upper(m.recorded) > {base}) ORDER BY b.fid"
        ).format(table=layer.table, scenario=moment.scenario_id, base=instant(moment.main_known_at))
    ).fetchall()
    return [Clash(layer.name, row[0]) for row in rows]


def _settle(
    pg: Pg, name: str, author: str, keep: Keep | None, action: str
) -> tuple[Moment, list[Clash]]:
    moment = resolve(pg, AsOf(scenario=name))
    require_open(pg, name)
    found = []
    for layer in _touched(pg, moment):
        with _writing(pg, layer, moment, author, action) as (stamp, tally):
            clashes = _clashes(pg, layer, moment)
            found += clashes
            if keep == "main" and clashes:
                fids = [clash.fid for clash in clashes]
                tally.closed = _close_branch(pg, layer, moment, stamp, fids)
    if found and keep is None:
        listed = ", ".join(f"{clash.layer}/{clash.fid}" for clash in found[:20])
        more = f" and {len(found) - 20} more" if len(found) > 20 else ""
        raise Conflict(
            f"main has changed {len(found)} features since that '{name}' changes too: "
            f"{listed}{more}; say whose word holds: keep scenario or keep main"
        )
    return moment, found


def _close_branch(
    pg: Pg,
    layer: Layer,
    moment: Moment,
    stamp: datetime,
    fids: list[int] | None = None,
) -> int:
    only = sql.SQL("") if fids is None else sql.SQL(" AND fid = ANY({})").format(fids)
    cursor = pg.execute(
        sql.SQL(
            "UPDATE {} SET recorded = tstzrange(lower(recorded), {}) WHERE scenario <> 0"
            " AND scenario = {} AND upper_inf(recorded){}"
        ).format(layer.table, instant(stamp), moment.scenario_id, only)
    )
    return cursor.rowcount


def _take_over(
    pg: Pg,
    layer: Layer,
    moment: Moment,
    stamp: datetime,
    author: str,
    tally: changes.Tally,
) -> None:
    """Write the scenario's word over main's, layer by layer, in one statement."""
    row = pg.execute(
        statement("adopt").format(
            table=layer.table,
            scenario=moment.scenario_id,
            stamp=instant(stamp),
            columns=names([*layer.column_names, "geom"]),
            author=author,
        )
    ).fetchone()
    assert row is not None
    closed, closed_now, opened, opened_now, starts, stops = row
    tally.closed, tally.opened = closed, opened
    tally.current = opened_now - closed_now
    tally.bounds = [bound for bound in [*(starts or []), *(stops or [])] if bound]
    tally.earliest = min((start for start in starts or [] if start), default=None)
