"""Readings into the database: one transaction, of which the receipt is given after the commit.

Batches are written one at a time, under the lock of the change log: so the order of their stamps
and cursors is that of their commits, and what was known at a moment never changes afterwards.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from spatial import changes, moment
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.errors import Conflict, Invalid
from spatial.grant import Grant, Scope
from twin_model import log, packed, partitions, quarantine, roll, window
from twin_model.identity import fingerprints, fresh
from twin_model.packed import Column, Packed
from twin_model.permit import refuse_unwritable
from twin_model.readings import Readings
from twin_model.resolve import NO_SERIES, Resolved, check_new_units, make_series, resolve
from twin_model.times import UNREADABLE

LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch. A duplicate is stored already, or superseded within its batch."""

    accepted: int
    duplicates: int
    quarantined: int
    cursor: int

    def document(self) -> dict[str, int]:
        return asdict(self)


def store(
    database: Database,
    readings: Readings,
    grant: Grant,
    *,
    scenario: str = "main",
    key: str | None = None,
    content: str | None = None,
    held: Sequence[int] = (),
) -> Receipt:
    """Store readings; what cannot be taken goes to quarantine.

    key: of a batch of this caller; one that was stored before is not stored again. content: the
    digest of the batch as it came, by which a key that is used for two batches is found out.
    held: where the readings come from quarantine, their ids there; those that are taken leave it.
    Raises Denied without the scope to write, NotFound, Gone or Closed for the scenario, and
    Conflict for a key that was another batch's.
    """
    grant.require(Scope.WRITE)
    if key is not None and not (key.isprintable() and 0 < len(key) <= LONGEST_KEY):
        raise Invalid(f"a batch key has 1 to {LONGEST_KEY} printable characters")
    with database.begin() as tx:
        pg = tx.pg
        packed.register(pg)
        if receipt := _stored(pg, grant, key, content):
            return receipt
        at = moment.resolve(pg, AsOf(scenario=scenario))
        moment.require_open(pg, scenario)
        known = roll.roll(pg)
        resolved = _resolve(pg, readings, known, at, grant)
        marks = fingerprints(readings, at.scenario_id)
        changes.lock_log(pg)
        if receipt := _stored(pg, grant, key, content):
            return receipt
        if roll.edition(pg) != known.edition:
            known = roll.roll(pg)
            resolved = _resolve(pg, readings, known, at, grant)
        if resolved.missing:
            make_series(pg, known, resolved, at.scenario_id)
            resolved = _resolve(pg, readings, roll.read(pg), at, grant)
        said = _Said(at.scenario_id, grant.subject, key, content, held)
        return _write(pg, readings, resolved, marks, said)


def _stored(pg: Pg, grant: Grant, key: str | None, content: str | None) -> Receipt | None:
    """The receipt of a batch that came before; all of it is here already."""
    if key is None:
        return None
    row = pg.execute(
        "SELECT accepted + duplicates, quarantined, cursor, content FROM city.batch"
        " WHERE subject = %s AND key = %s",
        [grant.subject, key],
    ).fetchone()
    if row and row[3] != content:
        raise Conflict(f"the batch key '{key}' was used for other readings: choose another")
    return Receipt(0, row[0], row[1], row[2]) if row else None


def _resolve(
    pg: Pg, readings: Readings, known: roll.Roll, at: moment.Moment, grant: Grant
) -> Resolved:
    resolved = resolve(readings, known, at.scenario_id)
    if resolved.missing:
        check_new_units(readings)
        resolved = resolve(readings, known, at.scenario_id)
    return refuse_unwritable(pg, resolved, known, at, grant)


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of a whole batch."""

    scenario: int
    subject: str
    key: str | None
    content: str | None
    held: Sequence[int]


def _write(
    pg: Pg, readings: Readings, resolved: Resolved, marks: Column | None, said: _Said
) -> Receipt:
    stamp = log.stamp(pg)
    now = packed.micros(stamp)
    refused = dict(resolved.refused)
    series, at = resolved.series.copy(), readings.at
    untimely = (at < window.EARLIEST_US) | (at > now + window.AHEAD_US)
    for row in np.flatnonzero(untimely & (series != NO_SERIES)).tolist():
        refused[row] = (
            "the time cannot be read: write 2026-06-01T08:00:00Z"
            if at[row] == UNREADABLE
            else "the time is before 2001, or ahead of the clock: the sensor's own is wrong"
        )
    series[untimely] = NO_SERIES
    wanted = np.flatnonzero(series != NO_SERIES)
    rows = wanted
    if marks is not None:
        rows = rows[fresh(pg, marks[rows], stamp)]
    rows = _last_of_each(rows, series, at)
    cells = _Cells(
        series[rows],
        at[rows],
        _values(pg, readings, resolved, rows),
        readings.y[rows],
        readings.quality[rows].astype(np.int16),
    )
    late = cells.at < now - window.LATE_US
    _copy(pg, sql.Identifier("city", "late"), cells.at_rows(late), now)
    partitions.ensure(pg, cells.at[~late])
    _copy(pg, sql.Identifier("city", "observation"), cells.at_rows(~late), now)
    _keep_latest(pg, cells, now)
    if said.held:
        quarantine.release(pg, [one for n, one in enumerate(said.held) if n not in refused])
    else:
        quarantine.put(pg, readings, refused, said.scenario, said.subject, stamp)
    cursor = log.enter(pg, stamp)
    receipt = Receipt(len(rows), len(wanted) - len(rows), len(refused), cursor)
    pg.execute(
        "INSERT INTO city.batch VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            cursor, stamp, said.scenario, said.subject, said.key, said.content,
            receipt.accepted, receipt.duplicates, receipt.quarantined, int(late.sum()),
            packed.moment(int(cells.at.min())) if len(rows) else None,
            packed.moment(int(cells.at.max())) if len(rows) else None,
        ],
    )  # fmt: skip
    return receipt


def _last_of_each(rows: Column, series: Column, at: Column) -> Column:
    """Of rows of one series and moment the last; in the order of moments, which BRIN likes."""
    order = np.lexsort((rows, series[rows], at[rows]))
    rows = rows[order]
    follows = (at[rows[1:]] == at[rows[:-1]]) & (series[rows[1:]] == series[rows[:-1]])
    return rows[~np.append(follows, False)] if len(rows) else rows


def _values(pg: Pg, readings: Readings, resolved: Resolved, rows: Column) -> Column:
    """x of the rows, with the ids of words where these are words."""
    x = resolved.x[rows].copy()
    if readings.words is None:
        return x
    words = readings.words.cast(pa.string()).take(pa.array(rows))
    distinct = [word for word in pc.unique(words).to_pylist() if word is not None]
    pg.execute(
        "INSERT INTO city.category (name) SELECT w FROM unnest(%(words)s::text[]) w"
        " WHERE NOT EXISTS (SELECT FROM city.category WHERE name = w)",
        {"words": distinct},
    )
    ids = dict(
        pg.execute("SELECT name, id FROM city.category WHERE name = ANY(%s)", [distinct]).fetchall()
    )
    encoded = words.dictionary_encode()
    lookup = np.array([ids[word] for word in encoded.dictionary.to_pylist()], float)
    said = ~words.is_null().to_numpy(zero_copy_only=False)
    x[said] = lookup[encoded.indices.drop_null().to_numpy(zero_copy_only=False)]
    return x


@dataclass(frozen=True, slots=True)
class _Cells:
    """What is stored of readings."""

    series: Column
    at: Column
    x: Column
    y: Column
    quality: Column

    def at_rows(self, rows: Column) -> "_Cells":
        return _Cells(
            self.series[rows], self.at[rows], self.x[rows], self.y[rows], self.quality[rows]
        )


def _copy(pg: Pg, table: sql.Composable, cells: _Cells, now: int) -> None:
    """Append to a table; those that have no y leave it null."""
    flat = np.isnan(cells.y)
    for part, placed in ((cells.at_rows(flat), False), (cells.at_rows(~flat), True)):
        if not len(part.at):
            continue
        columns = {
            "at": ("timestamptz", part.at),
            "recorded": ("timestamptz", np.full(len(part.at), now)),
            "x": ("float8", part.x),
            "series": ("int4", part.series),
            "quality": ("int2", part.quality),
        }
        if placed:
            columns["y"] = ("float8", part.y)
        packed.copy_in(pg, table, columns)


def _keep_latest(pg: Pg, cells: _Cells, now: int) -> None:
    """Bring `latest` up to date, series in order so that pages are met once."""
    order = np.lexsort((cells.at, cells.series))
    ends = order[np.append(np.diff(cells.series[order]) != 0, True)] if len(order) else order
    last = cells.at_rows(ends)
    pg.execute(
        "INSERT INTO city.latest AS old (series, at, recorded, x, y, quality)"
        " SELECT s, at, %(now)s, x, nullif(y, 'NaN'), q FROM unnest(%(series)s::int4[],"
        " %(at)s::timestamptz[], %(x)s::float8[], %(y)s::float8[], %(quality)s::int2[])"
        " AS new (s, at, x, y, q)"
        " ON CONFLICT (series) DO UPDATE SET at = excluded.at, recorded = excluded.recorded,"
        " x = excluded.x, y = excluded.y, quality = excluded.quality WHERE excluded.at >= old.at",
        {
            "now": packed.moment(now),
            "series": Packed("int4", last.series),
            "at": Packed("timestamptz", last.at),
            "x": Packed("float8", last.x),
            "y": Packed("float8", last.y),
            "quality": Packed("int2", last.quality),
        },
    )
