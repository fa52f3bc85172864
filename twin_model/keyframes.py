"""When keyframes are made, and which are kept.

One is made as soon as half as many readings have come as it would hold values: so a question
never reads more than half as many readings as there are series, and keyframes take less room than
the readings themselves (56 bytes a reading against 84).
"""

from datetime import datetime, timedelta

from psycopg import sql

from spatial.database import Database, Pg
from spatial.period import instant
from twin_model.values import Keyframe, advance, keyframe, put_keyframe, values

LOCK = 0x637479_17  # whoever makes keyframes, or takes something out of them
FEWEST = 20_000
QUIET = timedelta(seconds=20)


def step(pg: Pg) -> int:
    """After how many readings a keyframe is due."""
    row = pg.execute("SELECT count(*) FROM city.latest").fetchone()
    assert row is not None
    return max(int(row[0]) // 2, FEWEST)


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
    """Make the keyframe of a moment, or of now, as known by the last commit.

    Its stamp is later than now where the clock was set back: from the future nobody starts.
    """
    built = last_recorded(pg)
    if built is None:
        return
    (now,) = pg.execute("SELECT clock_timestamp()").fetchone() or (built,)
    at = min(built, now if at is None else at)
    put_keyframe(pg, at, built, values(pg, at, built))


def fill(pg: Pg, start: datetime, size: int | None = None) -> int:
    """Make keyframes from a moment on to now, each `size` readings after the one before.

    For history that came late: without them, every question would read all that came since.
    Returns how many.
    """
    built, size = last_recorded(pg), size or step(pg)
    if built is None:
        return 0
    here = keyframe(pg, start, built)
    moments = [at for at in _moments(pg, start, built, size) if at < built]
    for at in [*moments, built]:
        found = advance(pg, here, at, built)
        put_keyframe(pg, at, built, found)
        here = Keyframe(at, built, found)
    return len(moments) + 1


def _moments(pg: Pg, start: datetime, built: datetime, size: int) -> list[datetime]:
    """The moments after `start` by which each further `size` readings had been taken."""
    rows = pg.execute(
        sql.SQL(
            "SELECT DISTINCT at FROM (SELECT at, row_number() OVER (ORDER BY at) AS n FROM"
            " (SELECT at FROM city.observation WHERE at > {start} AND recorded <= {built}"
            " UNION ALL SELECT at FROM city.late WHERE at > {start} AND recorded <= {built}) r"
            ") counted WHERE n % {size} = 0 ORDER BY at"
        ).format(start=instant(start), built=instant(built), size=size)
    ).fetchall()
    return [row[0] for row in rows]


def backfill(database: Database) -> int:
    """Once much history has come late, and no more of it comes, make its keyframes.

    Returns how many.
    """
    with database.begin() as tx:
        row = tx.pg.execute(
            "SELECT coalesce(sum(late), 0), min(first_at), max(cursor),"
            " max(recorded) < clock_timestamp() - %s FROM city.batch"
            " WHERE late > 0 AND cursor > (SELECT filled FROM city.twin)",
            [QUIET],
        ).fetchone()
        assert row is not None
        late, first, cursor, quiet = row
        if late < step(tx.pg) or not quiet:
            return 0
        tx.pg.execute("UPDATE city.twin SET filled = %s", [cursor])
        return fill(tx.pg, first - timedelta(microseconds=1))


def last_recorded(pg: Pg) -> datetime | None:
    """The stamp of the last batch of readings; None before the first."""
    row = pg.execute("SELECT nullif(last_recorded, '-infinity') FROM city.twin").fetchone()
    found: datetime | None = row[0] if row else None
    return found
