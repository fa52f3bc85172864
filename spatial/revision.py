"""Many rows of one layer closed and opened at once: what reloads, reverts and bundles come to."""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import sql

from spatial import catalogue, changes
from spatial.bulk import degrees
from spatial.database import Pg
from spatial.errors import Conflict
from spatial.layer import Layer
from spatial.period import instant
from spatial.query import names
from spatial.sql import statement

TEMPORARY = ("closing", "opening")
_TABLES = """
CREATE TEMPORARY TABLE closing (version bigint PRIMARY KEY) ON COMMIT DROP;
CREATE TEMPORARY TABLE opening ON COMMIT DROP AS
    SELECT fid, {columns}, valid, scenario, removed, changed_by FROM {table} WITH NO DATA;
"""


class Revision:
    """The layer's only writer until commit, with two temporary tables to be filled.

    `closing` holds versions; `opening` holds rows: fid, attributes, geom, valid, scenario, removed,
    and changed_by where it is not this revision's author.
    """

    def __init__(self, pg: Pg, name: str, author: str) -> None:
        self._pg = pg
        layer = catalogue.find(pg, name)
        self.stamp: datetime = changes.lock_layer(pg, layer)
        self.layer: Layer = catalogue.find(pg, name)  # as the writer before us left it
        self.author = author

    def start(self) -> None:
        """Make the two tables, empty, with the columns that the layer has by now."""
        self.layer = catalogue.find(self._pg, self.layer.name)
        drop(self._pg, TEMPORARY)
        self._pg.execute(sql.SQL(_TABLES).format(columns=self.columns, table=self.layer.table))

    @property
    def columns(self) -> sql.Composed:
        """The attributes and the geometry."""
        return names([*self.layer.column_names, "geom"])

    def finish(self, action: str, scenario: int = 0) -> int | None:
        """Write it and its row of the change log; returns the cursor, None where nothing changes.

        Raises Conflict where a row to be closed is no longer believed, or where two states of a
        feature would hold at the same time.
        """
        tally = self._tally()
        if not tally.opened and not tally.closed:
            return None
        try:
            closed = self._pg.execute(
                statement("revise").format(
                    table=self.layer.table,
                    columns=self.columns,
                    stamp=instant(self.stamp),
                    author=self.author,
                )
            ).rowcount
        except (psycopg.errors.UniqueViolation, psycopg.errors.ExclusionViolation):
            raise Conflict(
                f"two states of a feature of '{self.layer.name}' would hold at the same time"
            ) from None
        if closed != tally.closed:
            raise Conflict(f"'{self.layer.name}' was changed by somebody else: try again")
        changes.record(
            self._pg, self.layer, self.stamp, tally,
            author=self.author, action=action, scenario=scenario,
        )  # fmt: skip
        return catalogue.find(self._pg, self.layer.name).cursor

    def _tally(self) -> changes.Tally:
        self._pg.execute("ANALYZE closing")
        self._pg.execute("ANALYZE opening")
        row = self._pg.execute(
            statement("touched").format(table=self.layer.table, stamp=instant(self.stamp))
        ).fetchone()
        assert row is not None
        opened, closed, current, earliest, start, end, boxes = row
        return changes.Tally(
            opened=opened,
            closed=closed,
            current=current,
            boxes=[degrees((w, s, e, n), self.layer.srid) for w, s, e, n in boxes or ()],
            bounds=[bound for bound in (start, end) if bound],
            earliest=earliest,
        )


def drop(pg: Pg, tables: Sequence[str]) -> None:
    """Drop temporary tables, where a layer before this one left any in the same transaction."""
    for name in tables:
        pg.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(name)))
