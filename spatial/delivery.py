"""The changes of a layer between two cursors, told to another city and repeated there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import pyarrow as pa
from psycopg import sql

from spatial import catalogue, table
from spatial.database import Pg, Transaction
from spatial.errors import Conflict
from spatial.evolve import evolution, evolve
from spatial.grant import Grant, rule
from spatial.layer import Layer, LayerSpec
from spatial.query import names
from spatial.revision import Revision, drop
from spatial.rows import cells, copy_in
from spatial.sql import statement

_ARRIVED = sql.Identifier("arrived")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A change of the main line, as its own city logged it."""

    cursor: int
    at: datetime
    author: str
    action: str


def identity(pg: Pg) -> UUID:
    """Which city this is; made when it is first asked."""
    pg.execute("LOCK TABLE city.identity IN EXCLUSIVE MODE")
    row = pg.execute("SELECT id FROM city.identity").fetchone()
    if row is None:
        row = pg.execute(
            "INSERT INTO city.identity (id) VALUES (%s) RETURNING id", [uuid4()]
        ).fetchone()
    assert row is not None
    known: UUID = row[0]
    return known


def deliverable(pg: Pg, layer: Layer, since: int, until: int) -> list[Delivered]:
    """The main line's changes of a layer within (since, until], in the order of commits."""
    rows = pg.execute(
        "SELECT cursor, at, author, action FROM city.change WHERE layer_id = %s AND scenario = 0"
        " AND cursor > %s AND cursor <= %s AND opened + closed > 0 ORDER BY cursor",
        [layer.id, since, until],
    ).fetchall()
    return [Delivered(*row) for row in rows]


def begins_after(pg: Pg, layer: Layer, cursor: int) -> bool:
    """Whether a layer had no change yet at a cursor."""
    query = "SELECT 1 FROM city.change WHERE layer_id = %s AND cursor <= %s LIMIT 1"
    return pg.execute(query, [layer.id, cursor]).fetchone() is None


def rows_of(layer: Layer, grant: Grant, changes: Sequence[Delivered]) -> sql.Composed:
    """What the changes closed and opened, of the rows that a grant may see.

    Columns: cursor, opening, fid, start, stop, changed_by, the attributes, geom as EWKB.
    """
    return statement("delivery").format(
        table=layer.table,
        columns=names(layer.column_names),
        permitted=rule(grant, layer),
        cursors=[change.cursor for change in changes],
        moments=[change.at for change in changes],
    )


def create(tx: Transaction, spec: LayerSpec, origin: UUID, title: str) -> Layer:
    """An empty layer that is another city's; raises Conflict where the name is taken."""
    layer = catalogue.create(tx, spec)
    table.index_bounded(tx.pg, spec.name)
    table.finish(tx.pg, spec.name)
    tx.pg.execute(
        "INSERT INTO city.subscription (layer_id, origin, title, cursor) VALUES (%s, %s, %s, 0)",
        [layer.id, origin, title],
    )
    return layer


def subscribed(pg: Pg, layer: Layer) -> tuple[UUID, int] | None:
    """Whose a layer is, and up to which of their cursors we have it; None where it is our own."""
    return pg.execute(
        "SELECT origin, cursor FROM city.subscription WHERE layer_id = %s FOR UPDATE", [layer.id]
    ).fetchone()


class Arrival:
    """Rows of another city's changes, staged to be repeated one change after another."""

    def __init__(self, pg: Pg, layer: Layer, spec: LayerSpec) -> None:
        self._pg = pg
        evolve(pg, layer, evolution(pg, layer, spec.columns))
        self.layer = catalogue.find(pg, layer.name)
        self._columns = spec.columns
        drop(pg, ["arrived"])
        pg.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE arrived ON COMMIT DROP AS SELECT 0::bigint AS cursor,"
                " true AS opening, fid, now() AS start, now() AS stop, changed_by, {}"
                " FROM {} WITH NO DATA"
            ).format(names([*self.layer.column_names, "geom"]), self.layer.table)
        )

    def write(self, batch: pa.Table) -> None:
        """Stage rows as `rows_of` gives them."""
        fixed = {
            "cursor": "bigint", "opening": "boolean", "fid": "bigint",
            "start": "timestamptz", "stop": "timestamptz", "changed_by": "text",
        }  # fmt: skip
        rows = {name: (kind, batch.column(name)) for name, kind in fixed.items()}
        copy_in(self._pg, _ARRIVED, rows | cells(self._columns, batch))

    def repeat(self, changes: Sequence[Delivered], origin: UUID, until: int) -> list[int]:
        """Make each change ours, in its order; returns our cursors.

        Raises Conflict where the layer is no longer as the other city knew it.
        """
        self._pg.execute("CREATE INDEX ON arrived (cursor)")
        self._pg.execute("ANALYZE arrived")
        ours = []
        for change in changes:
            cursor = self._repeat(change)
            if cursor is not None:
                ours.append(cursor)
                self._pg.execute(
                    "INSERT INTO city.received (cursor, origin, origin_cursor, recorded, action)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    [cursor, origin, change.cursor, change.at, change.action],
                )
        self._pg.execute(
            sql.SQL(
                "SELECT setval(pg_get_serial_sequence({}, 'fid'), greatest(max(fid), 1)) FROM {}"
            ).format(self.layer.table.as_string(self._pg), self.layer.table)
        )
        self._pg.execute(
            "UPDATE city.subscription SET cursor = %s, applied_at = clock_timestamp()"
            " WHERE layer_id = %s",
            [until, self.layer.id],
        )
        return ours

    def _repeat(self, change: Delivered) -> int | None:
        revision = Revision(self._pg, self.layer.name, change.author)
        revision.start()
        checked = self._pg.execute(
            statement("arrive").format(
                table=self.layer.table, columns=revision.columns, cursor=change.cursor
            )
        )
        checked.nextset()
        row = checked.fetchone()
        if row and row[0]:
            raise Conflict(
                f"'{self.layer.name}' was changed here (feature {row[0]}), and so their change"
                f" {change.cursor} does not fit: revert what was changed here"
            )
        return revision.finish("apply")
