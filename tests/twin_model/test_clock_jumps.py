"""The server's own clock jumps, ahead and back: nothing is lost, and no past changes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from psycopg import sql

from spatial.database import Database, Pg
from spatial.grant import OWNER
from spatial.query import snapshot
from tests.twin_model.test_store import ZONE, put
from twin_model import events, keyframes, log, packed
from twin_model.replay import replay_all
from twin_model.values import values

HOUR = timedelta(hours=1)
_BRUTE = """
SELECT DISTINCT ON (series) series, at, x FROM (
    SELECT series, at, recorded, x FROM city.observation
    UNION ALL SELECT series, at, recorded, x FROM city.late) reading
WHERE at <= {at} AND recorded <= {known} ORDER BY series, at DESC, recorded DESC
"""


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the database's clock so far ahead."""
    usual = log._STAMP

    def by(how_far: timedelta) -> None:
        shifted = f"clock_timestamp() + interval '{how_far.total_seconds()} seconds'"
        monkeypatch.setattr(log, "_STAMP", usual.replace("clock_timestamp()", shifted))

    return by


def told(pg: Pg, at: datetime, known: datetime) -> list[Any]:
    found = values(pg, at, known)
    return [column.tolist() for column in (found.series, found.at, found.x)]


def brute(pg: Pg, at: datetime, known: datetime) -> list[Any]:
    query = sql.SQL(_BRUTE).format(at=sql.Literal(at), known=sql.Literal(known))
    return [column.tolist() for column in packed.select_packed(pg, query, KINDS)]


KINDS = ("int4", "timestamptz", "float8")


@pytest.mark.parametrize("first", [HOUR, -HOUR])
def test_states_are_what_was_recorded_however_the_clock_jumps(
    database: Database, gauges: list[str], jump: Any, first: timedelta
) -> None:
    moments: list[datetime] = []
    for n, shift in enumerate((timedelta(), first, timedelta(), -first, timedelta())):
        jump(shift)
        for k, asset in enumerate(gauges):
            # right sensors, beside one that goes with the server's clock
            at = datetime.now(UTC) - timedelta(seconds=90 * k) + (shift if k == 4 else 0 * HOUR)
            row = {"asset": asset, "property": "level", "value": 10.0 * n + k, "at": at.isoformat()}
            receipt = put(database, [row])
            assert receipt.accepted + receipt.quarantined == 1
            moments.append(at)
        with database.begin() as tx:
            keyframes.make(tx.pg)
    with snapshot(database) as pg:
        log_of = pg.execute("SELECT cursor, recorded FROM city.batch ORDER BY cursor").fetchall()
        assert all(a < b for (_, a), (_, b) in pairwise(log_of))
        for known in [log_of[n][1] for n in (4, 9, 14, 19, -1)]:
            for at in moments:
                assert told(pg, at, known) == brute(pg, at, known)
        # who listens is told of each once, in the order of commits
        heard = events.read(pg, 0)
        assert heard is not None
        x = np.concatenate([one.values.x for one in heard if isinstance(one, events.Delta)])
        stored = pg.execute(
            "SELECT sum(accepted)::int, sum(quarantined)::int FROM city.batch"
        ).fetchone()
    assert stored is not None
    assert len(x) == len(set(x.tolist())) == stored[0]
    assert sum(stored) == 25
    # keyframes are of the present, so that its state needs not read a jump's length of readings
    with database.begin() as tx:
        row = tx.pg.execute("SELECT max(at) < clock_timestamp() FROM city.keyframe").fetchone()
    assert row == (True,)


def test_what_a_slow_clock_kept_out_is_taken_when_it_is_right(
    database: Database, gauges: list[str], jump: Any
) -> None:
    """The server's clock is ten minutes behind a sensor that is right."""
    at = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    receipt = put(database, [{"asset": "c0", "property": "level", "value": 1.0, "at": at}])
    assert receipt.quarantined == 1
    jump(timedelta(minutes=10))
    assert replay_all(database, OWNER, ZONE).accepted == 1
