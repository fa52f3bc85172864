"""Old keyframes are thinned once the readings between them have been summed up.

A keyframe is let go where a later one of the same stretch of the policy stands for it, and the
readings that are left between its neighbours are still few enough to be read for a question. So
states are told as before of what is left, and of what was summed up by the stretch.
"""

from datetime import datetime, timedelta
from itertools import pairwise

from psycopg import sql

from spatial.database import Database, Pg
from spatial.period import instant
from twin_model.keyframes import step
from twin_model.retention import boundary

LOOK_BACK = timedelta(days=7)
_ORIGIN = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
# how many readings are left since the moment of the keyframe before
_FRAMES = """
SELECT at, built, (SELECT count(*) FROM city.observation o WHERE o.at > before AND o.at <= k.at)
    + (SELECT count(*) FROM city.late l WHERE l.at > before AND l.at <= k.at)
FROM (
    SELECT at, built, lag(at, 1, at) OVER (ORDER BY at, built) AS before
    FROM city.keyframe WHERE at > {start} AND at < {end}
) k ORDER BY at, built
"""


def thin(database: Database, now: datetime | None = None) -> int:
    """Let go of keyframes older than every policy keeps readings; returns how many."""
    with database.begin() as tx:
        row = tx.pg.execute("SELECT max(raw_days), min(every_s) FROM city.policy").fetchone()
        if row is None or row[0] is None:
            return 0
        days, every = row
        end = boundary(tx.pg, days, now)
        if end is None:
            return 0
        return _thin(tx.pg, end - LOOK_BACK, end, timedelta(seconds=every))


def _thin(pg: Pg, start: datetime, end: datetime, every: timedelta) -> int:
    frames = pg.execute(sql.SQL(_FRAMES).format(start=instant(start), end=instant(end))).fetchall()
    most, left, gone = step(pg), 0, []
    for (at, built, since), (next_at, next_built, more) in pairwise(frames):
        left += since
        same = (at - _ORIGIN) // every == (next_at - _ORIGIN) // every
        if same and next_built <= built + every and left + more <= most:
            gone.append((at, built))
        else:
            left = 0
    with pg.cursor() as cursor:
        cursor.executemany("DELETE FROM city.keyframe WHERE at = %s AND built = %s", gone)
    return len(gone)
