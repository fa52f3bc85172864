"""A new layer filled by binary COPY, inside the caller's transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
import pyarrow as pa
from psycopg import sql

from spatial import catalogue, changes, crs, table
from spatial.collector import resting
from spatial.database import Transaction
from spatial.errors import Conflict, Invalid, Rejected
from spatial.layer import Box, Layer, LayerSpec
from spatial.period import Period, tstzrange
from spatial.pgcopy import Arrow, ranges
from spatial.rows import cells, copy_in

LON, LAT = 180.001, 90.001  # a projection's own edge may round to a little more


class Load:
    """A new layer being filled inside a transaction."""

    def __init__(self, tx: Transaction, layer: Layer) -> None:
        self._pg = tx.pg
        self.layer = layer
        self.rows = 0
        self._keyed = self._bounds_indexed = False

    def write(self, batch: pa.Table) -> None:
        """Append rows by binary COPY.

        batch: the layer's columns, `geom` as WKB in the layer's CRS and type, and where known
        `fid` (int64) and `valid_from`, `valid_to` (timestamps with a zone, null for open).
        """
        dated = not {"valid_from", "valid_to"}.isdisjoint(batch.column_names)
        if not dated and not self._bounds_indexed:
            self._index_bounded()
        rows = cells(self.layer.columns, batch)
        if "fid" in batch.column_names:
            self._keyed = True
            rows["fid"] = ("bigint", batch.column("fid"))
        if dated:
            rows["valid"] = (
                "tstzrange",
                ranges(_times(batch, "valid_from"), _times(batch, "valid_to")),
            )
        copy_in(self._pg, self.layer.table, rows)
        self.rows += batch.num_rows

    def _finish(self, stamp: datetime, author: str) -> None:
        pg, target = self._pg, self.layer.table
        for column in ("recorded", "changed_by"):
            pg.execute(
                sql.SQL("ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT").format(
                    target, sql.Identifier(column)
                )
            )
        if not self._bounds_indexed:
            self._index_bounded()
        table.finish(pg, self.layer.name, self.rows)
        if self._keyed:
            self._refuse_overlap()
            pg.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, 'fid'), max(fid)) FROM {}"
                ).format(target.as_string(pg), target)
            )
        changes.record(pg, self.layer, stamp, self._tally(), author=author, action="load")

    def _index_bounded(self) -> None:
        table.index_bounded(self._pg, self.layer.name)
        self._bounds_indexed = True

    def _refuse_overlap(self) -> None:
        row = self._pg.execute(
            sql.SQL(
                "SELECT fid FROM (SELECT fid, valid, lag(valid) OVER (PARTITION BY fid ORDER BY"
                " valid) AS before FROM {}) state WHERE valid && before LIMIT 1"
            ).format(self.layer.table)
        ).fetchone()
        if row:
            raise Conflict(f"two states of feature {row[0]} hold at the same time")

    def _tally(self) -> changes.Tally:
        row = self._pg.execute(
            sql.SQL(
                "SELECT opened, current, earliest, start, stop,"
                " ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT count(*) AS opened,"
                " count(*) FILTER (WHERE upper_inf(valid)) AS current,"
                " min(lower(valid)) AS earliest,"
                " min(lower(valid)) FILTER (WHERE lower(valid) > now()) AS start,"
                " min(upper(valid)) FILTER (WHERE upper(valid) > now()) AS stop,"
                " ST_Extent(geom) AS e FROM {table}) loaded"
            ).format(table=self.layer.table)
        ).fetchone()
        assert row is not None
        opened, current, earliest, start, end, *box = row
        tally = changes.Tally(opened=opened, current=current, earliest=earliest)
        tally.bounds = [bound for bound in (start, end) if bound]
        if box[0] is not None:
            tally.boxes = [degrees((box[0], box[1], box[2], box[3]), self.layer.srid)]
        return tally


def degrees(box: Box, srid: int) -> Box:
    """A box of stored coordinates in degrees; raises Rejected where it is no place on the Earth."""
    west, south, east, north = crs.transform_bounds(box, srid, crs.WGS84)
    if not (-LON <= west <= east <= LON and -LAT <= south <= north <= LAT):
        raise Rejected(f"the coordinates lie outside of EPSG:{srid}: name the true one by --crs")
    return west, south, east, north


@contextmanager
def load(tx: Transaction, spec: LayerSpec, *, author: str) -> Iterator[Load]:
    """Create a layer and fill it within the caller's transaction: all of it or nothing.

    Raises Conflict where the name is taken.
    """
    layer = catalogue.create(tx, spec)
    stamp = changes.lock_layer(tx.pg, layer)
    tx.pg.execute(
        sql.SQL(
            "ALTER TABLE {} ALTER recorded SET DEFAULT {}, ALTER changed_by SET DEFAULT {}"
        ).format(layer.table, tstzrange(Period(stamp)), author)
    )
    filling = Load(tx, layer)
    try:
        with resting():
            yield filling
        filling._finish(stamp, author)
    except psycopg.DataError as error:
        raise Invalid(f"a value does not fit its column: {error.diag.message_primary}") from None


def _times(batch: pa.Table, name: str) -> Arrow:
    if name in batch.column_names:
        return batch.column(name)
    return pa.nulls(batch.num_rows, pa.timestamp("us", "UTC"))
