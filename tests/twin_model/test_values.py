"""State by keyframes is state by brute force, in whatever order readings come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from spatial.database import Database, Pg
from twin_model import packed, partitions
from twin_model.delta import recorded_between
from twin_model.keyframes import fill, make
from twin_model.values import Values, merge, values
from twin_model.window import LATE

START = datetime(2026, 3, 1, tzinfo=UTC)
SERIES = 4

# (seconds after the start that it was recorded, its age in seconds, its series, its value)
READING = st.tuples(
    st.integers(0, 3000),
    st.one_of(st.integers(-200, 299), st.integers(300, 3000)),
    st.integers(1, SERIES),
    st.floats(-5, 5, width=16),
)
MOMENT = st.integers(-100, 4000)


def clear(pg: Pg) -> None:
    pg.execute("DELETE FROM city.keyframe")
    pg.execute("DELETE FROM city.late")
    pg.execute("DELETE FROM city.observation")


def put(pg: Pg, recorded: datetime, age: int, series: int, x: float) -> None:
    """A reading as the write path stores it."""
    at = recorded - timedelta(seconds=age)
    late = at < recorded - LATE
    if not late:
        partitions.make(pg, packed.micros(at) // partitions.DAY_US)
    table = sql.Identifier("city", "late" if late else "observation")
    row = [at, recorded, x, series]
    pg.execute(sql.SQL("INSERT INTO {} VALUES (%s, %s, %s, NULL, %s, 0)").format(table), row)
    pg.execute("UPDATE city.twin SET last_recorded = %s", [recorded])


def brute(rows: list[tuple[Any, ...]], at: datetime, known_at: datetime) -> dict[int, Any]:
    """The newest value of each series, by looking at every reading."""
    found: dict[int, Any] = {}
    for recorded, age, series, x in rows:
        then = recorded - timedelta(seconds=age)
        if then <= at and recorded <= known_at:
            one = (then, recorded, x)
            found[series] = max(found.get(series, one), one)
    return {series: (then, x) for series, (then, _, x) in found.items()}


def told(of: Values) -> dict[int, Any]:
    return {
        int(series): (packed.moment(int(at)), float(x))
        for series, at, x in zip(of.series, of.at, of.x, strict=True)
    }


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.one_of(READING, st.just("keyframe")), min_size=1, max_size=40),
    st.lists(st.tuples(MOMENT, MOMENT), min_size=1, max_size=8),
    st.booleans(),
)
def test_state_by_keyframes_is_state_by_brute_force(
    database: Database, story: list[Any], questions: list[tuple[int, int]], filled: bool
) -> None:
    with database.begin() as tx:
        clear(tx.pg)
        rows: list[tuple[Any, ...]] = []
        stamp = START
        for event in story:
            if event == "keyframe":
                if rows:
                    make(tx.pg)
                continue
            seconds, age, series, x = event
            # stamps only grow, whatever the clock does
            stamp = max(START + timedelta(seconds=seconds), stamp + timedelta(microseconds=1))
            rows.append((stamp, age, series, x))
            put(tx.pg, *rows[-1])
        if filled and rows:
            fill(tx.pg, START - timedelta(seconds=2000), size=3)
        for at, known in questions:
            when, then = START + timedelta(seconds=at), START + timedelta(seconds=known)
            assert told(values(tx.pg, when, then)) == brute(rows, when, then)
            only = np.array([2, 3])
            expected = {k: v for k, v in brute(rows, when, then).items() if k in (2, 3)}
            assert told(values(tx.pg, when, then, only)) == expected
        # what was recorded since, applied to a state, gives the state of today
        if rows:
            middle, far = rows[len(rows) // 2][0], START + timedelta(days=1)
            since = recorded_between(tx.pg, middle, stamp)
            columns = (since.series, since.at, since.recorded, since.x, since.y, since.quality)
            before = values(tx.pg, far, middle)
            assert told(merge(before, *columns)) == brute(rows, far, stamp)
