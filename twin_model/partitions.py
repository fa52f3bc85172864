"""Days of readings: each has a partition of its own, made before its first reading."""

from datetime import timedelta

import numpy as np
from psycopg import sql

from spatial.database import Pg
from twin_model.packed import Column, moment

DAY_US = 86_400_000_000
PREFIX = "observation_"


def ensure(pg: Pg, at: Column) -> None:
    """Make the partitions that readings at these moments need; the log's lock must be held."""
    for day in np.unique(at // DAY_US).tolist():
        make(pg, int(day))


def make(pg: Pg, day: int) -> None:
    """Make the partition of a day, counted from 1970, if there is none."""
    start = moment(day * DAY_US)
    name = sql.Identifier("city", f"{PREFIX}{start:%Y%m%d}")
    row = pg.execute("SELECT to_regclass(%s)", [name.as_string(pg)]).fetchone()
    if row != (None,):
        return
    # made apart and attached, so that nobody who reads has to end first
    pg.execute(
        sql.SQL(
            "CREATE TABLE {name} (LIKE city.observation, CHECK (at >= {start} AND at < {end}))"
        ).format(name=name, start=start, end=start + timedelta(days=1))
    )
    pg.execute(
        sql.SQL(
            "ALTER TABLE city.observation ATTACH PARTITION {name}"
            " FOR VALUES FROM ({start}) TO ({end})"
        ).format(name=name, start=start, end=start + timedelta(days=1))
    )


def seal(pg: Pg, day: int) -> int:
    """Index the days before this one by series, for histories; returns how many.

    Nothing comes in time for them any more, so that no reading waits for the index.
    """
    rows = pg.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'city.observation'::regclass AND c.relname < %s AND NOT EXISTS"
        " (SELECT FROM pg_index x JOIN pg_class o ON o.oid = x.indexrelid"
        " JOIN pg_am m ON m.oid = o.relam WHERE x.indrelid = c.oid AND m.amname = 'btree')",
        [f"{PREFIX}{moment(day * DAY_US):%Y%m%d}"],
    ).fetchall()
    for (name,) in rows:
        pg.execute(sql.SQL("CREATE INDEX ON {} (series, at)").format(sql.Identifier("city", name)))
    return len(rows)
