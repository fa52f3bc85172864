"""History as SQL: the versions of a feature, a layer's change log, two moments compared.

A part of the query builder: what spatial.query is to one moment, this is to many. The access rule
holds for every row that is read here too.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from psycopg import sql

from spatial.asof import MAIN, Interval
from spatial.database import Pg
from spatial.grant import EVERYBODY, rule
from spatial.period import holds, instant
from spatial.query import Reading
from spatial.sql import statement


@dataclass(frozen=True, slots=True)
class State:
    """A version of a feature, and the half-open period in which it is true."""

    version: int
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change of a layer: how many rows it opened and closed."""

    cursor: int
    at: datetime
    author: str
    action: str
    scenario: str
    opened: int
    closed: int


def life(pg: Pg, view: Reading) -> list[State]:
    """The states that a reading's feature goes through, in the order of valid time."""
    whole = replace(view, moment=replace(view.moment, valid_at=Interval()))
    rows = pg.execute(
        sql.SQL("SELECT * FROM ({}) state ORDER BY 2 NULLS FIRST, 1").format(
            whole.select(sql.SQL("version, lower(valid) AS start, upper(valid) AS stop"))
        )
    ).fetchall()
    return [State(*row) for row in rows]


def versions(
    view: Reading, columns: sql.Composable, fid: int, *, after: int, limit: int
) -> sql.Composed:
    """Every version of a feature that was on the books by the reading's edition, in their order.

    Superseded ones too. Gives version, the columns, when it was recorded and superseded (null
    where it stands), the scenario's name, whether it is a tombstone, and its author. The
    reading's valid time narrows them.
    """
    moment = view.moment
    main = sql.SQL("scenario = 0 AND NOT removed AND lower(recorded) <= {}").format(
        instant(moment.main_known_at)
    )
    arms = [
        sql.SQL("{} AND upper_inf(recorded) IS {}").format(main, belief)
        for belief in (sql.SQL("TRUE"), sql.SQL("FALSE"))  # spelt as the indexes are
    ]
    if moment.scenario_id:
        arms.append(
            sql.SQL("scenario <> 0 AND scenario = {} AND lower(recorded) <= {}").format(
                moment.scenario_id, instant(moment.known_at)
            )
        )
    common = sql.SQL(" AND ").join(
        [
            sql.SQL("fid = {} AND version > {}").format(fid, after),
            holds("valid", moment.valid_at),
            rule(view.grant, view.layer),
            *view.conditions,
        ]
    )
    head = sql.SQL(
        "SELECT version, {columns}, lower(recorded), CASE WHEN upper(recorded) <= {known} THEN"
        " upper(recorded) END, CASE scenario WHEN 0 THEN {main} ELSE {name} END, removed,"
        " changed_by FROM {table} WHERE {common}"
    ).format(
        columns=columns,
        known=instant(moment.known_at),
        main=MAIN,
        name=moment.scenario,
        table=view.layer.table,
        common=common,
    )
    parts = [sql.SQL("({} AND {})").format(head, arm) for arm in arms]
    return sql.SQL("{} ORDER BY 1 LIMIT {}").format(sql.SQL(" UNION ALL ").join(parts), limit)


def changes(
    pg: Pg,
    view: Reading,
    *,
    every_scenario: bool,
    since: int | datetime | None,
    until: int | datetime | None,
    limit: int,
    newest: bool = False,
) -> list[Change]:
    """A layer's change log within (since, until], cursors or moments, in the order of commits.

    With `newest` the last come first. Up to the reading's edition, of its scenario or of all.
    Where rows are hidden from the grant, or the reading is narrowed, only its rows are counted,
    and a change of none is left out.
    """
    layer, moment = view.layer, view.moment
    permitted = rule(view.grant, layer)
    counted: sql.Composable = sql.SQL("city.change")
    if permitted != EVERYBODY or view.conditions:
        permitted = sql.SQL(" AND ").join([permitted, *view.conditions])
        counted = statement("seen_changes").format(
            table=layer.table, layer=layer.id, permitted=permitted
        )
    within = [sql.SQL("c.layer_id = {}").format(layer.id)]
    within.append(sql.SQL("c.at <= {}").format(instant(moment.known_at)))
    if not every_scenario:
        within.append(sql.SQL("c.scenario = {}").format(moment.scenario_id))
    if since is not None:
        within.append(sql.SQL("{} > {}").format(*_bound(since)))
    if until is not None:
        within.append(sql.SQL("{} <= {}").format(*_bound(until)))
    rows = pg.execute(
        sql.SQL(
            "SELECT c.cursor, c.at, c.author, c.action, coalesce(s.name, {main}), c.opened,"
            " c.closed FROM {counted} c LEFT JOIN city.scenario s ON s.id = c.scenario"
            " WHERE {within} ORDER BY c.cursor {order} LIMIT {limit}"
        ).format(
            order=sql.SQL("DESC" if newest else "ASC"),
            main=MAIN,
            counted=counted,
            within=sql.SQL(" AND ").join(within),
            limit=limit,
        )
    ).fetchall()
    return [Change(*row) for row in rows]


def _bound(bound: int | datetime) -> tuple[sql.Composable, sql.Composable]:
    if isinstance(bound, datetime):
        return sql.SQL("c.at"), instant(bound)
    return sql.SQL("c.cursor"), sql.Literal(bound)


def differences(old: Reading, new: Reading) -> sql.Composed:
    """fid, old and new version of every feature that two readings of one layer show unlike.

    null where it is not there. What both read as one version is passed over before anything is
    joined; what was only written again, with the same values, is none.
    """
    columns = [*old.layer.column_names, "geom"]
    keys = sql.SQL("fid, version")
    return statement("differences").format(
        table=old.layer.table,
        old=old.where(sql.SQL("NOT {}").format(new.sees())).select(keys),
        new=new.where(sql.SQL("NOT {}").format(old.sees())).select(keys),
        before=sql.SQL(", ").join(sql.Identifier("before", name) for name in columns),
        later=sql.SQL(", ").join(sql.Identifier("later", name) for name in columns),
    )
