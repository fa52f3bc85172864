"""The change log: one row for each changed layer, in the order of commits.

The rows are written just before commit under one global lock, so a reader that has seen cursor n
never meets a later commit with a smaller one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from spatial.cells import cells_of
from spatial.database import Pg
from spatial.layer import Box, Layer
from spatial.period import instant
from spatial.sql import statement

CHANNEL = "city_change"
_LOCK = 0x637479_02
_LAYER_LOCK = 0x6379
CLOCK = "clock"
# of layers, rasters and readings; null before the first of any
LAST_STAMP = """
SELECT nullif(greatest((SELECT max(last_recorded) FROM city.layer),
                       (SELECT max(last_recorded) FROM city.raster),
                       (SELECT last_recorded FROM city.twin)), '-infinity')
"""


@dataclass(slots=True)
class Tally:
    """What one transaction did to one layer. Boxes are in degrees, x first."""

    opened: int = 0
    closed: int = 0
    current: int = 0
    boxes: list[Box] = field(default_factory=list)
    bounds: list[datetime] = field(default_factory=list)
    earliest: datetime | None = None


def lock_layer(pg: Pg, layer: Layer) -> datetime:
    """Become the layer's only writer until commit; returns this transaction's stamp.

    The stamp is later than any before it, whatever the clock does.
    """
    pg.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LAYER_LOCK, layer.id])
    row = pg.execute(
        "SELECT greatest(clock_timestamp(), last_recorded + interval '1 microsecond')"
        " FROM city.layer WHERE id = %s",
        [layer.id],
    ).fetchone()
    assert row is not None
    stamp: datetime = row[0]
    return stamp


def lock_log(pg: Pg) -> None:
    """Be the only one who commits changes, until this transaction ends."""
    pg.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def next_cursor(pg: Pg) -> int:
    """The cursor of a change that is kept elsewhere than in this log; it must hold the lock."""
    row = pg.execute("SELECT nextval(pg_get_serial_sequence('city.change', 'cursor'))").fetchone()
    assert row is not None
    return int(row[0])


def record(
    pg: Pg,
    layer: Layer,
    stamp: datetime,
    tally: Tally,
    *,
    author: str,
    action: str,
    scenario: int = 0,
) -> datetime:
    """Write the change-log row of a transaction; nothing may follow but the commit.

    Returns the stamp that its rows carry in the end.
    """
    lock_log(pg)
    stamp = _after_the_last(pg, layer, stamp)
    row = pg.execute(
        "INSERT INTO city.change (layer_id, scenario, at, author, action, opened, closed, cells)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING cursor",
        [
            layer.id,
            scenario,
            stamp,
            author,
            action,
            tally.opened,
            tally.closed,
            cells_of(tally.boxes),
        ],
    ).fetchone()
    assert row is not None
    future = [bound for bound in tally.bounds if bound > stamp]
    pg.execute(
        """
        UPDATE city.layer SET cursor = %(cursor)s, last_recorded = %(stamp)s,
            current = current + %(current)s,
            next_bound = least(next_bound, %(bound)s),
            valid_from = least(valid_from, %(earliest)s),
            extent = ST_MakeEnvelope(
                least(ST_XMin(extent), %(x0)s::float8), least(ST_YMin(extent), %(y0)s::float8),
                greatest(ST_XMax(extent), %(x1)s::float8),
                greatest(ST_YMax(extent), %(y1)s::float8), 4326)
        WHERE id = %(id)s
        """,
        {
            "cursor": row[0],
            "stamp": stamp,
            "current": tally.current,
            "bound": min(future, default=None),
            "earliest": tally.earliest,
            "id": layer.id,
        }
        | dict(zip(("x0", "y0", "x1", "y1"), hull(tally.boxes), strict=True)),
    )
    pg.execute(f"NOTIFY {CHANNEL}")
    return stamp


def _after_the_last(pg: Pg, layer: Layer, stamp: datetime) -> datetime:
    """A stamp later than every committed one, so that no edition of the books changes afterwards.

    A layer that nobody has seen yet may keep an older stamp: there is no earlier edition of it.
    """
    row = pg.execute(f"SELECT ({LAST_STAMP}) + interval '1 microsecond'".encode()).fetchone()
    assert row is not None
    later: datetime | None = row[0]
    if layer.cursor == 0 or later is None or stamp >= later:
        return stamp
    pg.execute(
        statement("restamp").format(table=layer.table, stamp=instant(stamp), later=instant(later))
    )
    return later


def hull(boxes: Sequence[Box]) -> tuple[float | None, float | None, float | None, float | None]:
    """The box around all boxes; four Nones where there is none."""
    if not boxes:
        return None, None, None, None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def latest(pg: Pg) -> int:
    """The last committed cursor; 0 before the first change."""
    row = pg.execute(
        "SELECT greatest((SELECT max(cursor) FROM city.change), (SELECT cursor FROM city.twin))"
    ).fetchone()
    assert row is not None
    cursor: int = row[0]
    return cursor
