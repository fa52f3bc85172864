"""Edits of one layer: nothing is updated in place, nothing is deleted.

Every edit is one rewriting: over a period, the believed state of a feature becomes something
else, or nothing. What was believed is closed, what lies outside the period is opened again with
the old values, and what lies inside is opened with the new ones.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from shapely.geometry.base import BaseGeometry

from spatial import catalogue, changes
from spatial.asof import MAIN, AsOf, Interval, When
from spatial.database import Database, Pg
from spatial.errors import Conflict, Denied, Gone, Invalid, NotFound, Rejected
from spatial.grant import EVERYBODY, OWNER, Grant, Scope, rule
from spatial.history import State, life
from spatial.layer import Layer
from spatial.moment import Moment, require_open, resolve
from spatial.period import ALWAYS, Period, instant, tstzrange
from spatial.query import Reading, names
from spatial.sql import statement
from spatial.values import values_of

_TICK = timedelta(microseconds=1)


@contextmanager
def edit(
    database: Database,
    name: str,
    *,
    author: str,
    scenario: str = MAIN,
    grant: Grant = OWNER,
    action: str = "edit",
) -> Iterator["Editor"]:
    """One transaction of edits to one layer, in main or in a scenario.

    Raises NotFound, Denied without the scope to write, and Conflict when another editor changed a
    row first. Nothing is kept unless all is.
    """
    with database.begin() as tx:
        layer = catalogue.find_visible(tx.pg, name, grant)
        grant.require(Scope.WRITE)
        stamp = changes.lock_layer(tx.pg, layer)
        layer = catalogue.find(tx.pg, name)  # as the writer before us left it
        require_open(tx.pg, scenario)
        moment = replace(resolve(tx.pg, AsOf(scenario=scenario)), known_at=stamp)
        editor = Editor(tx.pg, layer, moment, stamp, author, grant)
        try:
            yield editor
        except psycopg.DataError as error:
            reason = error.diag.message_primary or error
            raise Invalid(f"a value does not fit its column: {reason}") from None
        if editor.tally.opened or editor.tally.closed:
            editor.stamp = changes.record(
                tx.pg,
                layer,
                stamp,
                editor.tally,
                author=author,
                action=action,
                scenario=editor.scenario,
            )


class Editor:
    """The writer of one layer in one transaction. All its rows carry one stamp."""

    def __init__(
        self,
        pg: Pg,
        layer: Layer,
        moment: Moment,
        stamp: datetime,
        author: str,
        grant: Grant,
    ) -> None:
        self._pg = pg
        self._grant = grant
        self._seen = rule(grant, layer)
        self._writable = rule(grant, layer, writing=True)
        self.layer = layer
        self.moment = moment
        self.scenario = moment.scenario_id
        self.stamp = stamp
        self.author = author
        self.tally = changes.Tally()

    def insert(
        self,
        properties: Mapping[str, Any],
        geometry: BaseGeometry | None,
        srid: int,
        period: Period | None = None,
    ) -> int:
        """A new feature, true from now on unless a period is given. Returns its fid."""
        if geometry is None:
            raise Rejected("the feature has no geometry")
        return self._open(
            values_of(self.layer, properties, geometry, srid), period or Period(self.stamp)
        )

    def put(
        self,
        fid: int,
        period: Period,
        properties: Mapping[str, Any],
        geometry: BaseGeometry,
        srid: int = 4326,
    ) -> None:
        """Within a period the feature was, is or will be so, also where it was not there before.

        So a life is extended, and what was removed lives again; what is outside stays as believed.
        """
        if not self.life(fid):
            raise self._absence(fid)
        hits = self._believed(fid, period)
        if len(hits) < len(self._believed(fid, period, EVERYBODY)):
            raise Denied("within that period the feature is outside the area of the token")
        if hits:
            self._rewrite(fid, period, None)
        values = values_of(self.layer, properties, geometry, srid)
        self._open({"fid": sql.Literal(fid)} | values, period)

    def _open(self, values: Mapping[str, sql.Composable], period: Period) -> int:
        columns = [sql.Identifier(name) for name in values]
        rows = self._pg.execute(
            sql.SQL(
                "INSERT INTO {} ({}valid, recorded, scenario, changed_by) VALUES ({}{}, {}, {}, {})"
                " RETURNING fid, version, valid, geom"
            ).format(
                self.layer.table,
                sql.SQL("").join(sql.SQL("{}, ").format(column) for column in columns),
                sql.SQL("").join(sql.SQL("{}, ").format(value) for value in values.values()),
                tstzrange(period),
                self._recorded(),
                self.scenario,
                self.author,
            )
        ).fetchall()
        self._count([row[1] for row in rows], opened=True)
        return int(rows[0][0])

    def update(
        self,
        fid: int,
        properties: Mapping[str, Any],
        geometry: BaseGeometry | None = None,
        srid: int = 4326,
        *,
        at: datetime | None = None,
        expect: int | None = None,
    ) -> None:
        """From an instant on, to the end of the state that held then, the values are these.

        expect: the version that the writer saw; another one raises Conflict.
        """
        at = at or self.stamp
        end = self._end_of_state(fid, at)
        self.correct(fid, Period(at, end), properties, geometry, srid, expect=expect)

    def correct(
        self,
        fid: int,
        period: Period,
        properties: Mapping[str, Any],
        geometry: BaseGeometry | None = None,
        srid: int = 4326,
        *,
        expect: int | None = None,
    ) -> None:
        """Within a period the values were, are or will be these; the rest stays as believed."""
        self._expect(fid, period, expect)
        self._copy_from_main(fid, period)
        self._rewrite(fid, period, values_of(self.layer, properties, geometry, srid))

    def remove(self, fid: int, *, at: datetime | None = None, expect: int | None = None) -> None:
        """From an instant on the feature is no more."""
        at = at or self.stamp
        period = Period(at)
        self._expect(fid, Period(at, at + _TICK), expect)
        self._copy_from_main(fid, period)
        self._rewrite(fid, period, None, tombstone=self._is_in_main(fid))

    def correct_away(self, fid: int, period: Period = ALWAYS, *, expect: int | None = None) -> None:
        """It was never so: the belief is closed and nothing takes its place.

        In a scenario this takes the scenario's own word back, and main shows again.
        """
        self._expect(fid, period, expect)
        self._rewrite(fid, period, None)

    def seen(self, fid: int, when: datetime | Period) -> list[int]:
        """The versions of a feature that its writer sees at an instant, or within a period.

        Raises NotFound where it never was, Gone where it is not there then.
        """
        within: When = when if isinstance(when, datetime) else _interval(when)
        rows = self._pg.execute(self._view(fid, within).select(sql.SQL("version"))).fetchall()
        if not rows:
            raise self._absence(fid)
        return [row[0] for row in rows]

    def life(self, fid: int) -> list[State]:
        """The states that a feature goes through, as its writer sees them."""
        return life(self._pg, self._view(fid, Interval()))

    def _expect(self, fid: int, period: Period, version: int | None) -> None:
        """Raise Conflict where the writer saw another version than the one that is there."""
        if version is not None and version not in self.seen(fid, period):
            raise Conflict(f"feature {fid} was changed by somebody else: read it again")

    def _view(self, fid: int, when: When) -> Reading:
        moment = replace(self.moment, valid_at=when)
        return Reading(self.layer, moment, self._grant).where(sql.SQL("fid = {}").format(fid))

    def _rewrite(
        self,
        fid: int,
        period: Period,
        values: Mapping[str, sql.Composable] | None,
        *,
        tombstone: bool = False,
    ) -> None:
        hits = self._believed(fid, period)
        if not hits:
            raise self._absence(fid)
        self._count(hits, opened=False)
        columns = (*self.layer.column_names, "geom")
        fresh = [(values or {}).get(name, sql.Identifier(name)) for name in columns]
        renewed = "NOT removed" if values is not None else "true" if tombstone else "false"
        row = self._pg.execute(
            statement("rewrite").format(
                table=self.layer.table,
                columns=names(columns),
                hits=hits,
                period=tstzrange(period),
                fresh=sql.SQL(", ").join(fresh),
                renewed=sql.SQL(renewed),
                tombstone=tombstone,
                stamp=instant(self.stamp),
                scenario=self.scenario,
                author=self.author,
            )
        ).fetchone()
        assert row is not None
        if row[0] != len(hits):
            raise Conflict(f"feature {fid} was changed by somebody else: read it again")
        self._count(row[1] or [], opened=True)

    def _copy_from_main(self, fid: int, period: Period) -> None:
        """Bring main's states of a feature into the scenario where it has no word of its own."""
        if not self.scenario:
            return
        rows = self._pg.execute(
            statement("branch").format(
                table=self.layer.table,
                columns=names([*self.layer.column_names, "geom"]),
                period=tstzrange(period),
                fid=fid,
                scenario=self.scenario,
                stamp=instant(self.stamp),
                author=self.author,
                base=instant(self.moment.main_known_at),
            )
        ).fetchall()
        self._count([row[0] for row in rows], opened=True)

    def _believed(
        self, fid: int, period: Period, permitted: sql.Composable | None = None
    ) -> list[int]:
        rows = self._pg.execute(
            sql.SQL(
                "SELECT version FROM {} WHERE fid = {} AND scenario = {}"
                " AND upper_inf(recorded) IS TRUE AND valid && {} AND {}"
            ).format(
                self.layer.table, fid, self.scenario, tstzrange(period), permitted or self._seen
            )
        ).fetchall()
        return [row[0] for row in rows]

    def _end_of_state(self, fid: int, at: datetime) -> datetime | None:
        """Until when the state at an instant holds, as this scenario sees it."""
        row = self._pg.execute(self._view(fid, at).select(sql.SQL("upper(valid)"))).fetchone()
        if row is None:
            raise self._absence(fid)
        end: datetime | None = row[0]
        return end

    def _is_in_main(self, fid: int) -> bool:
        if not self.scenario:
            return False
        return bool(
            self._pg.execute(
                sql.SQL(
                    "SELECT 1 FROM {} WHERE fid = {} AND scenario = 0 AND NOT removed"
                    " AND recorded @> {} LIMIT 1"
                ).format(self.layer.table, fid, instant(self.moment.main_known_at))
            ).fetchone()
        )

    def _absence(self, fid: int) -> NotFound | Gone:
        known = self._pg.execute(self._view(fid, Interval()).count()).fetchone()
        if known and known[0]:
            return Gone(f"feature {fid} of '{self.layer.name}' is not there in that period")
        return NotFound(f"there is no feature {fid} in '{self.layer.name}'")

    def _recorded(self) -> sql.Composed:
        return tstzrange(Period(self.stamp))

    def _count(self, versions: list[int], *, opened: bool) -> None:
        """Enter rows just opened, or about to be closed, into the tally."""
        if not versions:
            return
        rows = self._pg.execute(
            sql.SQL(
                "SELECT scenario = 0 AND NOT removed AND upper_inf(valid), lower(valid),"
                " upper(valid), {}, ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b)"
                " FROM {}, LATERAL (SELECT ST_Transform(ST_Envelope(geom), 4326) AS b) box"
                " WHERE version = ANY({})"
            ).format(self._writable, self.layer.table, versions)
        ).fetchall()
        sign = 1 if opened else -1
        for current, start, end, permitted, *box in rows:
            if not permitted:
                raise Denied("this lies outside the area that the token may write")
            self.tally.current += sign * bool(current)
            if box[0] is not None:
                self.tally.boxes.append((box[0], box[1], box[2], box[3]))
            if opened:
                self.tally.bounds += [bound for bound in (start, end) if bound]
                if start and (self.tally.earliest is None or start < self.tally.earliest):
                    self.tally.earliest = start
        if opened:
            self.tally.opened += len(rows)
        else:
            self.tally.closed += len(rows)


def _interval(period: Period) -> Interval:
    return Interval(period.start, period.end and period.end - _TICK)
