"""Alerts fold into incidents; tasks are acknowledged; the log cannot be edited; warnings."""

from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import psycopg
import pytest

from spatial.asof import DEFAULT_ZONE, AsOf
from spatial.database import Database
from spatial.errors import Conflict, Denied, Invalid, NotFound
from spatial.grant import ANONYMOUS, OWNER
from spatial.moment import resolve
from spatial.query import snapshot
from twin_model.alerts import rules
from twin_model.alerts.engine import Engine
from twin_model.decode import JSON, decode
from twin_model.incidents import incidents, warnings
from twin_model.incidents.fold import fold
from twin_model.incidents.folding import groups
from twin_model.store import store

NOW = datetime.now(UTC).replace(microsecond=0)


def test_groups_are_near_in_place_and_time() -> None:
    # 0.01 degrees of longitude at 31.5° are 948 m
    lonlat = np.array(
        [[120.30, 31.5], [120.31, 31.5], [120.32, 31.5], [120.40, 31.5], [120.31, 31.5]]
    )
    at = np.array([0, 600, 1200, 600, 9999], np.int64) * 1_000_000
    one = groups(lonlat, at, 1000, 900)
    assert one[0] == one[1] == one[2]
    assert len({*one.tolist()}) == 3
    assert len({*groups(lonlat, at, 900, 900).tolist()}) == 5
    joined = groups(lonlat, at, 900, 900, [(0, 3)])
    assert joined[0] == joined[3]


@pytest.fixture
def storm(database: Database, gauges: list[str]) -> Database:
    """Two yellow alerts 10 m apart."""
    del gauges
    start = NOW - timedelta(minutes=30)
    rule = {"kind": "threshold", "property": "level", "limits": {"yellow": 1, "red": 3}}
    rules.put(database, OWNER, "flood", rule, start)
    send(database, ("c0", 0, 1.5), ("c1", 5, 1.5))
    Engine(database).cycle()
    return database


def send(database: Database, *rows: tuple[str, float, float]) -> None:
    body = [
        {"asset": asset, "property": "level", "value": value,
         "at": (NOW - timedelta(minutes=30 - t)).isoformat()}
        for asset, t, value in rows
    ]  # fmt: skip
    store(database, decode(orjson.dumps(body), JSON, DEFAULT_ZONE), OWNER)


def test_alerts_fold_into_one_incident_that_grows(storm: Database) -> None:
    (id,) = fold(storm)
    assert fold(storm) == []
    send(storm, ("c2", 10, 4))
    Engine(storm).cycle()
    assert fold(storm) == [id]
    with snapshot(storm) as pg:
        found = incidents.incident(pg, ANONYMOUS, id)  # of public assets
        assert [one["id"] for one in incidents.incidents(pg, ANONYMOUS, datetime.now(UTC))] == [id]
    assert [one["ref"] for one in found["items"]] == ["1", "2", "3"]
    assert [one["kind"] for one in found["log"]] == ["open", "gather", "gather"]


def test_tasks_are_acknowledged_and_done_and_all_is_logged(storm: Database) -> None:
    (id,) = fold(storm)
    incidents.act(storm, OWNER, id, "task", {"department": "water", "text": "开泵"})
    with snapshot(storm) as pg:
        (task,) = incidents.incident(pg, OWNER, id)["tasks"]
    for action in ("acknowledge", "done"):
        incidents.act(storm, OWNER, id, action, {"task": task["id"]})
        with pytest.raises(Conflict):
            incidents.act(storm, OWNER, id, action, {"task": task["id"]})
    incidents.act(storm, OWNER, id, "gather", {"kind": "case", "refs": [7]})
    incidents.act(storm, OWNER, id, "escalate", {"to": "city"})
    with pytest.raises(Invalid, match="no further"):
        incidents.act(storm, OWNER, id, "escalate", {"to": "district"})
    incidents.act(storm, OWNER, id, "close", {})
    with pytest.raises(Conflict):
        incidents.act(storm, OWNER, id, "close", {})
    with pytest.raises(NotFound):
        incidents.act(storm, OWNER, 99, "close", {})
    with pytest.raises(Denied):
        incidents.act(storm, ANONYMOUS, id, "comment", {"text": "x"})
    with snapshot(storm) as pg:
        found = incidents.incident(pg, OWNER, id)
    assert [one["kind"] for one in found["log"]] == [
        "open", "gather", "task", "acknowledge", "done", "gather", "escalate", "close",
    ]  # fmt: skip
    for edit in ("UPDATE city.incident_log SET text = ''", "DELETE FROM city.incident_log",
                 "TRUNCATE city.incident_log"):  # fmt: skip
        with (
            pytest.raises(psycopg.errors.RaiseException, match="only added to"),
            storm.begin() as tx,
        ):
            tx.pg.execute(edit.encode())


def test_warnings_are_as_known_and_responses_as_set(database: Database) -> None:
    said = {"number": "2026-7", "kind": "rainstorm", "issuer": "无锡市气象台"}
    start = NOW - timedelta(hours=3)
    warnings.issue(database, OWNER, level="yellow", start=start, **said)
    with snapshot(database) as pg:
        then = resolve(pg, AsOf(NOW)).known_at
    warnings.issue(database, OWNER, level="red", start=start, end=NOW - timedelta(hours=1), **said)
    with snapshot(database) as pg:
        (before,) = warnings.warnings(pg, ANONYMOUS, resolve(pg, AsOf(NOW, then)))
        assert warnings.warnings(pg, ANONYMOUS, resolve(pg, AsOf(NOW))) == []
        (after,) = warnings.warnings(pg, ANONYMOUS, resolve(pg, AsOf(NOW - timedelta(hours=2))))
    assert (before["level"], after["level_zh"]) == ("yellow", "红")
    warnings.respond(database, OWNER, "flood", 4, "rain")
    warnings.respond(database, OWNER, "flood", 2, "more rain")
    with snapshot(database) as pg:
        (one,) = warnings.responses(pg, ANONYMOUS, datetime.now(UTC))
    assert (one["roman"], one["author"]) == ("Ⅱ", "owner")
    warnings.respond(database, OWNER, "flood", 0, "over")
    with snapshot(database) as pg:
        assert warnings.responses(pg, ANONYMOUS, datetime.now(UTC)) == []
    with pytest.raises(Invalid):
        warnings.respond(database, OWNER, "flood", 5, "x")
    with pytest.raises(Denied):
        warnings.respond(database, ANONYMOUS, "flood", 4, "x")
    with pytest.raises(Invalid, match="ends after"):
        warnings.issue(database, OWNER, level="red", start=NOW, end=NOW, **said)
