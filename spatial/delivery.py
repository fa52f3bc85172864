"""The changes of a layer between two cursors, told to another city and repeated there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa
from psycopg import sql

from spatial import catalogue, table
from spatial.audit import CLASSIFY
from spatial.changes import lock_layer
from spatial.database import Pg, Transaction
from spatial.describe import classify
from spatial.erase import blank
from spatial.errors import Conflict
from spatial.evolve import evolution, evolve
from spatial.grant import Access, Grant, rule
from spatial.layer import Layer, LayerSpec
from spatial.query import names
from spatial.revision import Revision, drop
from spatial.rows import cells, copy_in
from spatial.sql import statement

_ARRIVED = sql.Identifier("arrived")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A change of the main line, as its own city logged it.

    detail: of an erasure the columns and fids, of a new class the class; else empty.
    """

    cursor: int
    at: datetime
    author: str
    action: str
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


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
        "SELECT c.cursor, c.at, c.author, c.action, coalesce(a.reason, ''),"
        " coalesce(a.detail - 'cursor' - 'versions', '{}') FROM city.change c"
        " LEFT JOIN city.audit a ON a.subject = %s AND a.action = c.action"
        " AND (a.detail ->> 'cursor')::bigint = c.cursor"
        " WHERE c.layer_id = %s AND c.scenario = 0 AND c.cursor > %s AND c.cursor <= %s"
        " AND (c.opened + c.closed > 0 OR a.id IS NOT NULL) ORDER BY c.cursor",
        [layer.name, layer.id, since, until],
    ).fetchall()
    return [Delivered(*row) for row in rows]


def begins_after(pg: Pg, layer: Layer, cursor: int) -> bool:
    """Whether a layer had no change yet at a cursor."""
    query = "SELECT 1 FROM city.change WHERE layer_id = %s AND cursor <= %s LIMIT 1"
    return pg.execute(query, [layer.id, cursor]).fetchone() is None


def rows_of(layer: Layer, grant: Grant, changes: Sequence[Delivered]) -> sql.Composed:
    """What the changes closed and opened, of the rows that a grant may see.

    Columns: _cursor, _opening, fid, _start, _stop, changed_by, the attributes, geom as EWKB.
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
                "CREATE TEMPORARY TABLE arrived ON COMMIT DROP AS SELECT 0::bigint AS _cursor,"
                " true AS _opening, fid, now() AS _start, now() AS _stop, changed_by, {}"
                " FROM {} WITH NO DATA"
            ).format(names([*self.layer.column_names, "geom"]), self.layer.table)
        )

    def write(self, batch: pa.Table) -> None:
        """Stage rows as `rows_of` gives them."""
        fixed = {
            "_cursor": "bigint", "_opening": "boolean", "fid": "bigint",
            "_start": "timestamptz", "_stop": "timestamptz", "changed_by": "text",
        }  # fmt: skip
        rows = {name: (kind, batch.column(name)) for name, kind in fixed.items()}
        copy_in(self._pg, _ARRIVED, rows | cells(self._columns, batch))

    def repeat(self, changes: Sequence[Delivered], origin: UUID, until: int) -> list[int]:
        """Make each change ours, in its order; returns our cursors.

        Raises Conflict where the layer is no longer as the other city knew it.
        """
        self._pg.execute("CREATE INDEX ON arrived (_cursor)")
        self._pg.execute("ANALYZE arrived")
        ours = []
        for change in changes:
            cursor = self._act(change) if change.detail else self._repeat(change)
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

    def _act(self, change: Delivered) -> int | None:
        """Erase what they erased, and open or close the layer as they did."""
        layer = catalogue.find(self._pg, self.layer.name)
        if change.action == CLASSIFY:
            wanted = Access(change.detail["class"])
            if wanted == layer.access:
                return None
            return classify(self._pg, layer, wanted, author=change.author)
        stamp = lock_layer(self._pg, layer)
        versions, cursor = blank(
            self._pg, layer, stamp, change.detail["columns"], change.detail["fids"],
            author=change.author, reason=change.reason,
        )  # fmt: skip
        return cursor if versions else None

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
