"""Readings into the database: one transaction, of which the receipt is given after the commit.

Batches are written one at a time, under the lock of the change log: so the order of their stamps
and cursors is that of their commits, and what was known at a moment never changes afterwards.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spatial import changes, moment
from spatial.asof import AsOf
from spatial.database import Database, Pg
from spatial.errors import Conflict, Invalid
from spatial.grant import Grant, Scope
from twin_model import cells, log, packed, partitions, quarantine, roll, window
from twin_model.cells import Cells
from twin_model.identity import fingerprints, fresh
from twin_model.packed import Column
from twin_model.permit import refuse_unwritable
from twin_model.readings import Readings, joined
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
        if receipt := _stored(tx.pg, grant, key, content):
            return receipt
        at = moment.resolve(tx.pg, AsOf(scenario=scenario))
        said = _Said(at.scenario_id, grant.subject, key, content, held)
        (receipt,) = _store(tx.pg, readings, grant, at, said, [len(readings)])
        return receipt


def store_parts(
    database: Database, parts: Sequence[Readings], grant: Grant, *, scenario: str = "main"
) -> list[Receipt]:
    """Store several posts of one caller in one transaction, with a receipt for each.

    It is as if they had been one batch: of readings of one series and moment the last counts.
    """
    grant.require(Scope.WRITE)
    with database.begin() as tx:
        at = moment.resolve(tx.pg, AsOf(scenario=scenario))
        said = _Said(at.scenario_id, grant.subject)
        return _store(tx.pg, joined(parts), grant, at, said, [len(part) for part in parts])


def _store(
    pg: Pg, readings: Readings, grant: Grant, at: moment.Moment, said: "_Said", sizes: Sequence[int]
) -> list[Receipt]:
    """Receipts of the parts of these sizes, of which the readings consist."""
    packed.register(pg)
    moment.require_open(pg, at.scenario)
    known = roll.roll(pg)
    resolved = _resolve(pg, readings, known, at, grant)
    marks = fingerprints(readings, at.scenario_id)
    changes.lock_log(pg)
    if receipt := _stored(pg, grant, said.key, said.content):
        return [receipt]
    if roll.edition(pg) != known.edition:
        known = roll.roll(pg)
        resolved = _resolve(pg, readings, known, at, grant)
    if resolved.missing:
        make_series(pg, known, resolved, at.scenario_id)
        resolved = _resolve(pg, readings, roll.read(pg), at, grant)
    return _write(pg, readings, resolved, marks, said, sizes)


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
    key: str | None = None
    content: str | None = None
    held: Sequence[int] = ()


def _write(
    pg: Pg,
    readings: Readings,
    resolved: Resolved,
    marks: Column | None,
    said: _Said,
    sizes: Sequence[int],
) -> list[Receipt]:
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
    rows = cells.last_of_each(rows, series, at)
    found = Cells(
        series[rows],
        at[rows],
        _values(pg, readings, resolved, rows),
        readings.y[rows],
        readings.quality[rows].astype(np.int16),
    )
    late = found.at < now - window.LATE_US
    cells.append(pg, "late", found.at_rows(late), now)
    partitions.ensure(pg, found.at[~late])
    cells.append(pg, "observation", found.at_rows(~late), now)
    cells.keep_latest(pg, found, now)
    if said.held:
        quarantine.release(pg, [one for n, one in enumerate(said.held) if n not in refused])
    else:
        quarantine.put(pg, readings, refused, said.scenario, said.subject, stamp)
    cursor = log.enter(pg, stamp)
    pg.execute(
        "INSERT INTO city.batch VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            cursor, stamp, said.scenario, said.subject, said.key, said.content,
            len(rows), len(wanted) - len(rows), len(refused), int(late.sum()),
            packed.moment(int(found.at.min())) if len(rows) else None,
            packed.moment(int(found.at.max())) if len(rows) else None,
        ],
    )  # fmt: skip
    accepted, taken, barred = (
        _by_part(found, sizes) for found in (rows, wanted, np.array(list(refused), np.int64))
    )
    return [
        Receipt(new, all_taken - new, none, cursor)
        for new, all_taken, none in zip(accepted, taken, barred, strict=True)
    ]


def _by_part(rows: Column, sizes: Sequence[int]) -> list[int]:
    """How many of these rows are in each part."""
    ends = np.cumsum(sizes)
    counted: list[int] = np.bincount(
        np.searchsorted(ends, rows, side="right"), minlength=len(sizes)
    ).tolist()
    return counted


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
