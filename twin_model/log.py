"""The twin's entries in the change log: stamps that only grow, cursors in the order of commits."""

from datetime import datetime

from spatial import changes
from spatial.database import Pg

_STAMP = f"SELECT greatest(clock_timestamp(), ({changes.LAST_STAMP}) + interval '1 microsecond')"


def stamp(pg: Pg) -> datetime:
    """A moment later than every committed one; waits to be the only one who commits changes."""
    changes.lock_log(pg)
    row = pg.execute(_STAMP.encode()).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def enter(pg: Pg, at: datetime) -> int:
    """The cursor of what this transaction records at a stamp, just before its commit."""
    cursor = changes.next_cursor(pg)
    pg.execute("UPDATE city.twin SET cursor = %s, last_recorded = %s", [cursor, at])
    pg.execute(f"NOTIFY {changes.CHANNEL}")
    return cursor
