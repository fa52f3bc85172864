"""When keyframes are made, and which are kept.

One is made as soon as as many readings have come as it would hold values: so a question never
reads more readings than there are series, and keyframes never take more room than readings.
"""

from datetime import datetime

from psycopg import sql

from spatial.database import Database, Pg
from spatial.period import instant
from twin_model.values import advance, keyframe, put_keyframe, values

FEWEST = 20_000


def step(pg: Pg) -> int:
    """After how many readings a keyframe is due."""
    row = pg.execute("SELECT count(*) FROM city.latest").fetchone()
    assert row is not None
    return max(int(row[0]), FEWEST)


def due(database: Database) -> bool:
    """Make a keyframe of now, if enough readings have come since the last; whether it did."""
    with database.begin() as tx:
        tx.pg.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        row = tx.pg.execute(
            "SELECT coalesce(sum(accepted), 0) FROM city.batch"
            " WHERE recorded > coalesce((SELECT max(built) FROM city.keyframe), '-infinity')"
        ).fetchone()
        assert row is not None
        if row[0] < step(tx.pg):
            return False
        make(tx.pg)
        return True


def make(pg: Pg, at: datetime | None = None) -> None:
    """Make the keyframe of a moment, or of the last commit, as known by the last commit."""
    built = last_recorded(pg)
    if built is None:
        return
    at = built if at is None else min(at, built)
    put_keyframe(pg, at, built, values(pg, at, built))


def fill(pg: Pg, start: datetime, size: int | None = None) -> int:
    """Make keyframes from a moment on to now, each `size` readings after the one before.

    For history that came late: without them, every question would read all that came since.
    Returns how many.
    """
    built, size = last_recorded(pg), size or step(pg)
    if built is None:
        return 0
    here, made = keyframe(pg, start, built), 0
    at: datetime | None = start
    while at is not None and at < built:
        at = _after(pg, at, size)
        moment = min(at or built, built)
        found = advance(pg, here, moment, built)
        put_keyframe(pg, moment, built, found)
        here = keyframe(pg, moment, built)
        made += 1
    return made


def _after(pg: Pg, at: datetime, size: int) -> datetime | None:
    """The moment by which so many readings have come after a moment; None where fewer have."""
    row = pg.execute(
        sql.SQL(
            "SELECT at FROM (SELECT at FROM city.observation WHERE at > {at} UNION ALL"
            " SELECT at FROM city.late WHERE at > {at}) later ORDER BY at OFFSET {size} LIMIT 1"
        ).format(at=instant(at), size=size)
    ).fetchone()
    return row[0] if row else None


def last_recorded(pg: Pg) -> datetime | None:
    """The stamp of the last batch of readings; None before the first."""
    row = pg.execute("SELECT nullif(last_recorded, '-infinity') FROM city.twin").fetchone()
    found: datetime | None = row[0] if row else None
    return found
