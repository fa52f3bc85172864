"""How long readings are kept as they came, series by series.

A policy says after how many days the readings of its series are summed up, and over which
stretches. What an audit needs stays as it came: corrected readings with their corrections, those
that are not good, the batches (who wrote what when), and keyframes, which tell every past state.
"""

from datetime import datetime

from psycopg import sql

from spatial.database import Database, Pg
from spatial.errors import Invalid, NotFound
from spatial.period import instant
from twin_model.kinds import Quality

_SUM_UP = """
WITH of_policy AS (SELECT id::int4 AS id FROM city.series WHERE policy = {policy}),
corrected AS (
    SELECT series, at FROM (
        SELECT series, at FROM city.observation WHERE at < {before}
        UNION ALL SELECT series, at FROM city.late WHERE at < {before}
    ) reading WHERE series IN (SELECT id FROM of_policy) GROUP BY 1, 2 HAVING count(*) > 1
),
in_time AS (
    DELETE FROM city.observation WHERE at < {before} AND quality = {good}
        AND series IN (SELECT id FROM of_policy)
        AND (series, at) NOT IN (SELECT series, at FROM corrected) RETURNING series, at, x, y
),
late AS (
    DELETE FROM city.late WHERE at < {before} AND quality = {good}
        AND series IN (SELECT id FROM of_policy)
        AND (series, at) NOT IN (SELECT series, at FROM corrected) RETURNING series, at, x, y
)
INSERT INTO city.summary AS old
    (series, at, every_s, count, mean, least, greatest, last_at, last, last_y)
SELECT series, date_bin(make_interval(secs => {every}), at, '2000-01-01T00:00:00Z'), {every},
    count(*), avg(x), min(x), max(x), max(at),
    (array_agg(x ORDER BY at DESC))[1], (array_agg(y ORDER BY at DESC))[1]
FROM (SELECT * FROM in_time UNION ALL SELECT * FROM late) gone GROUP BY 1, 2
ON CONFLICT (series, at) DO UPDATE SET
    count = old.count + excluded.count,
    mean = (old.mean * old.count + excluded.mean * excluded.count)
        / (old.count + excluded.count),
    least = least(old.least, excluded.least),
    greatest = greatest(old.greatest, excluded.greatest),
    last_at = greatest(old.last_at, excluded.last_at),
    last = CASE WHEN excluded.last_at > old.last_at THEN excluded.last ELSE old.last END,
    last_y = CASE WHEN excluded.last_at > old.last_at THEN excluded.last_y ELSE old.last_y END
"""


def set_policy(
    database: Database,
    name: str,
    *,
    raw_days: int,
    every_s: int,
    properties: list[str],
) -> int:
    """Make a policy, or change it, and give it to every series of these properties.

    Returns how many series have it. Raises NotFound where no series has such a property.
    """
    if raw_days < 1 or every_s < 1 or 86_400 % every_s:
        raise Invalid("readings stay for a day or more; a day is a whole number of stretches")
    with database.begin() as tx:
        tx.pg.execute(
            "INSERT INTO city.policy VALUES (%(name)s, %(days)s, %(every)s) ON CONFLICT (name)"
            " DO UPDATE SET raw_days = %(days)s, every_s = %(every)s",
            {"name": name, "days": raw_days, "every": every_s},
        )
        given = tx.pg.execute(
            "UPDATE city.series SET policy = %s WHERE property = ANY(%s)", [name, properties]
        ).rowcount
        if not given:
            raise NotFound(f"no series has the property {', '.join(properties)}")
        return given


def retain(database: Database, now: datetime | None = None) -> int:
    """Sum up what has been kept for long enough; returns how many summaries were written."""
    with database.begin() as tx:
        policies = tx.pg.execute("SELECT name, raw_days, every_s FROM city.policy").fetchall()
    return sum(_sum_up(database, name, days, every_s, now) for name, days, every_s in policies)


def _sum_up(database: Database, name: str, days: int, every_s: int, now: datetime | None) -> int:
    with database.begin() as tx:
        before = boundary(tx.pg, days, now)
        if before is None:
            return 0
        return tx.pg.execute(
            sql.SQL(_SUM_UP).format(
                policy=name, every=every_s, before=instant(before), good=int(Quality.good)
            )
        ).rowcount


def boundary(pg: Pg, days: int, now: datetime | None) -> datetime | None:
    """The last keyframe of before the days to be kept: every later state is told without what is
    older than it. None where there is none, or nothing to sum up.
    """
    row = pg.execute(
        "SELECT max(at) FROM city.keyframe"
        " WHERE at <= coalesce(%s, clock_timestamp()) - make_interval(days => %s)",
        [now, days],
    ).fetchone()
    found: datetime | None = row[0] if row else None
    return found
