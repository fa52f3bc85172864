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
from spatial.matching import TEMPORARY, Offer, by_content, by_key, by_period
from spatial.period import instant
from spatial.pgcopy import ranges
from spatial.revision import Revision, drop
from spatial.rows import Cells, cells, copy_in

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
    """A layer's next state, being staged; `dated` where each row has a period of its own."""

    def __init__(
        self,
        pg: Pg,
        layer: Layer,
        columns: Sequence[Column],
        passing: Collection[str | None],
        dated: bool,
    ) -> None:
        self._pg = pg
        self._passing = passing
        self._dated = dated
        self.layer = layer
        self.evolution: Evolution = evolution(pg, layer, columns)
        self.rows = 0
        self.counts: Counts | None = None
        self._offered = [one for one in self.evolution.columns if one.name not in self._absent]
        self._spared: list[Any] = []
        drop(pg, ("staged", *TEMPORARY))
        attributes = (
            sql.SQL("{} {}, ").format(sql.Identifier(column.name), sql.SQL(column.type))
            for column in self.evolution.columns
        )
        pg.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE staged (_row bigint PRIMARY KEY, {}geom geometry({}, {}),"
                " valid tstzrange) ON COMMIT DROP"
            ).format(
                sql.SQL("").join(attributes), sql.SQL(layer.geometry_type), sql.Literal(layer.srid)
            )
        )

    @property
    def _absent(self) -> frozenset[str]:
        return frozenset(self.evolution.absent)

    def write(self, batch: pa.Table) -> None:
        """Stage rows: the offered columns in their types, `geom` as WKB in the layer's CRS.

        Dated ones with `valid_from` and `valid_to`, null for open.
        """
        first, self.rows = self.rows, self.rows + batch.num_rows
        rows: Cells = {"_row": ("bigint", pa.array(range(first, self.rows)))}
        rows |= cells(self._offered, batch)
        if self._dated:
            bounds = (batch.column("valid_from"), batch.column("valid_to"))
            rows["valid"] = ("tstzrange", ranges(*bounds))
        copy_in(self._pg, STAGED, rows)

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
        offer = Offer(pg, revision, self._passing, self._spared, instant(at or revision.stamp))
        if key is None:
            by_content(offer)
        elif self._dated:
            by_period(offer, key)
        else:
            by_key(offer, key)
        fates = dict(pg.execute("SELECT fate, count(*) FROM matching GROUP BY fate").fetchall())
        added, changed, removed, equal = (fates.get(fate, 0) for fate in FATES)
        self.counts = Counts(added, changed, removed, equal, revision.finish("reload"))


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
    dated: bool = False,
) -> Iterator[Reload]:
    """Stage what a source says of a layer, and make it the main line's state from `at` on.

    columns: the source's; where only `passing` ones differ, nothing has changed. Rows with the
    value of the column `key` are states of the feature that has it, or had it last; without a key
    a row is the feature that says exactly the same, and what is left is new. With `dated` each row
    holds in its own period, and needs a key: from a feature's first row on, its rows are all that
    is so; before that the books stay, and what has no row ends now. Raises Conflict where the
    columns or the key do not fit the layer, or two rows of a feature overlap, Rejected where
    nothing was staged.
    """
    staging = Reload(tx.pg, layer, columns, passing, dated)
    try:
        with resting():
            yield staging
        staging._finish(key, at, author)
    except psycopg.DataError as error:
        raise Invalid(f"a value does not fit its column: {error.diag.message_primary}") from None
