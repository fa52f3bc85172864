"""A file as a new state of a layer: compared set by set, and only what differs is written."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from spatial.collector import resting
from spatial.database import Pg, Transaction
from spatial.errors import Conflict, Invalid, Rejected
from spatial.evolve import Evolution, evolution, evolve
from spatial.layer import Column, Layer
from spatial.period import instant
from spatial.revision import Revision, drop
from spatial.rows import cells, copy_in
from spatial.sql import statement

FATES = ("added", "changed", "removed", "equal")
STAGED = sql.Identifier("staged")


@dataclass(frozen=True, slots=True)
class Counts:
    """What a reload did, in features. `cursor` is None where it changed nothing."""

    added: int
    changed: int
    removed: int
    equal: int
    cursor: int | None


class Reload:
    """A layer's next state, being staged."""

    def __init__(
        self, pg: Pg, layer: Layer, columns: Sequence[Column], passing: Collection[str | None]
    ) -> None:
        self._pg = pg
        self._passing = passing
        self.layer = layer
        self.evolution: Evolution = evolution(pg, layer, columns)
        self.rows = 0
        self.counts: Counts | None = None
        self._offered = [one for one in self.evolution.columns if one.name not in self._absent]
        self._spared: list[Any] = []
        drop(pg, ("staged", "matching"))
        attributes = (
            sql.SQL("{} {}, ").format(sql.Identifier(column.name), sql.SQL(column.type))
            for column in self.evolution.columns
        )
        pg.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE staged (row bigint PRIMARY KEY, {}geom geometry({}, {}))"
                " ON COMMIT DROP"
            ).format(
                sql.SQL("").join(attributes), sql.SQL(layer.geometry_type), sql.Literal(layer.srid)
            )
        )

    @property
    def _absent(self) -> frozenset[str]:
        return frozenset(self.evolution.absent)

    def write(self, batch: pa.Table) -> None:
        """Stage rows: the offered columns in their types, `geom` as WKB in the layer's CRS."""
        first, self.rows = self.rows, self.rows + batch.num_rows
        rows = cells(self._offered, batch)
        copy_in(self._pg, STAGED, {"row": ("bigint", pa.array(range(first, self.rows))), **rows})

    def spare(self, keys: Sequence[Any]) -> None:
        """Leave the features of these keys as they are: the source has them, but not for us."""
        self._spared += keys

    def _finish(self, key: str | None, at: datetime | None, author: str) -> None:
        pg, revision = self._pg, Revision(self._pg, self.layer.name, author)
        if revision.layer.columns != self.layer.columns:
            raise Conflict(f"the columns of '{self.layer.name}' have just changed: load again")
        if self.layer.current and not self.rows:
            raise Rejected(f"no row can be taken, and so '{self.layer.name}' stays as it is")
        evolve(pg, self.layer, self.evolution)
        revision.start()
        pg.execute("ANALYZE staged")
        moment = instant(at or revision.stamp)
        self._match(revision, key, moment)
        fates = dict(pg.execute("SELECT fate, count(*) FROM matching GROUP BY fate").fetchall())
        pg.execute(
            statement("reload_write").format(
                table=revision.layer.table,
                columns=revision.columns,
                staged=_of("staged", [*revision.layer.column_names, "geom"]),
                at=moment,
            )
        )
        added, changed, removed, equal = (fates.get(fate, 0) for fate in FATES)
        self.counts = Counts(added, changed, removed, equal, revision.finish("reload"))

    def _match(self, revision: Revision, key: str | None, at: sql.Composable) -> None:
        layer = revision.layer
        if key is None:
            shape = sql.SQL("geom::bytea")
            content = sql.SQL(", ").join([*map(sql.Identifier, self._compared(layer)), shape])
            offered = sql.SQL(
                "SELECT row, key, row_number() OVER (PARTITION BY key ORDER BY row) AS nth FROM"
                " (SELECT row, hash_record_extended(ROW({}), 0) AS key FROM staged) hashed"
            ).format(content)
            known = statement("known_by_content").format(table=layer.table, content=content, at=at)
            spared: sql.Composable = sql.SQL("false")
        else:
            self._require_key(layer, key, at)
            column = sql.Identifier(key)
            offered = sql.SQL("SELECT row, {} AS key, 1::bigint AS nth FROM staged").format(column)
            known = statement("known_by_key").format(table=layer.table, key=column, at=at)
            spared = sql.SQL("coalesce(known.key::text = ANY({}), false)").format(
                [str(value) for value in self._spared]
            )
        self._pg.execute(
            statement("reload_match").format(
                offered=offered,
                known=known,
                spared=spared,
                table=layer.table,
                held=_of("held", [*self._compared(layer), "geom"]),
                staged=_of("staged", [*self._compared(layer), "geom"]),
                sequence=sql.SQL("pg_get_serial_sequence({}, 'fid')").format(
                    layer.table.as_string(self._pg)
                ),
            )
        )

    def _compared(self, layer: Layer) -> list[str]:
        return [name for name in layer.column_names if name not in self._passing]

    def _require_key(self, layer: Layer, key: str, at: sql.Composable) -> None:
        row = self._pg.execute(
            sql.SQL(
                "SELECT {key}::text, min(fid), max(fid) FROM {table} WHERE scenario = 0"
                " AND NOT removed AND upper_inf(recorded) IS TRUE AND valid @> {at}"
                " AND {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1 LIMIT 1"
            ).format(key=sql.Identifier(key), table=layer.table, at=at)
        ).fetchone()
        if row:
            raise Conflict(
                f"'{key}' is no key of '{layer.name}': features {row[1]} and {row[2]} both have"
                f" '{row[0]}'"
            )


@contextmanager
def reload(
    tx: Transaction,
    layer: Layer,
    columns: Sequence[Column],
    *,
    key: str | None,
    at: datetime | None,
    author: str,
    passing: Collection[str | None] = (),
) -> Iterator[Reload]:
    """Stage what a source says of a layer, and make it the main line's state from `at` on.

    columns: the source's; where only `passing` ones differ, nothing has changed. Rows with the
    value of the column `key` are states of the feature that has it, or had it last; without a key
    a row is the feature that says exactly the same, and what is left is new. Raises Conflict
    where the columns or the key do not fit the layer, Rejected where nothing was staged.
    """
    staging = Reload(tx.pg, layer, columns, passing)
    try:
        with resting():
            yield staging
        staging._finish(key, at, author)
    except psycopg.DataError as error:
        raise Invalid(f"a value does not fit its column: {error.diag.message_primary}") from None


def _of(table: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in columns)
