"""What people do about alerts, and who sees and may do what."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from spatial.asof import DEFAULT_ZONE, AsOf
from spatial.database import Database
from spatial.errors import Denied, Invalid, NotFound
from spatial.grant import ANONYMOUS, OWNER, Access, Grant, Scope
from spatial.moment import resolve
from spatial.query import snapshot
from twin_model.alerts import notes, rules
from twin_model.alerts.engine import Engine
from twin_model.alerts.listing import alert, alerts
from twin_model.alerts.rule import Level
from twin_model.decode import JSON, decode
from twin_model.store import store

NOW = datetime.now(UTC).replace(microsecond=0)
RULE = {
    "kind": "threshold", "property": "level", "limits": {"blue": 1, "orange": 3},
    "escalate": [
        {"after_min": 10, "to": "district"}, {"after_min": 20, "to": "city", "least": "orange"},
    ],
}  # fmt: skip


def told(database: Database, grant: Grant = OWNER, **asof: datetime) -> list[dict[str, object]]:
    with snapshot(database) as pg:
        return alerts(pg, grant, resolve(pg, AsOf(**asof)), closed=True)


@pytest.fixture
def two(database: Database, gauges: list[str]) -> Database:
    """An alert that went up to orange and one of blue, open since 30 minutes."""
    del gauges
    start = NOW - timedelta(minutes=30)
    rules.put(database, OWNER, "flood", RULE, start)
    body = [
        {"asset": asset, "property": "level", "value": value,
         "at": (start + timedelta(minutes=t)).isoformat()}
        for asset, t, value in (("c0", 0, 1.5), ("c0", 5, 3.5), ("c1", 0, 1.5))
    ]  # fmt: skip
    store(database, decode(orjson.dumps(body), JSON, DEFAULT_ZONE), OWNER)
    Engine(database).cycle()
    return database


def test_alerts_are_told_as_of_any_moment(two: Database) -> None:
    first, second = told(two)
    assert (first["asset"], first["level"], first["peak"]) == ("c0", "orange", "orange")
    assert (second["asset"], second["level_zh"], second["closed"]) == ("c1", "蓝", None)
    before = told(two, valid_at=NOW - timedelta(minutes=27))
    assert {one["level"] for one in before} == {"blue"}
    assert told(two, valid_at=NOW - timedelta(minutes=31)) == []
    assert told(two, known_at=NOW - timedelta(days=1)) == []
    with snapshot(two) as pg:
        now = resolve(pg, AsOf())
        worst = alerts(pg, OWNER, now, least=Level.orange)
        whole = alert(pg, OWNER, now, worst[0]["id"])
    assert [(one["before"], one["after"]) for one in whole["events"]] == [
        ("none", "blue"), ("blue", "orange"),
    ]  # fmt: skip
    assert whole["place"][0] == pytest.approx(120.3, abs=0.1)


def test_an_alert_that_nobody_acknowledges_goes_up_once_a_step(two: Database) -> None:
    (orange, blue) = (one["id"] for one in told(two))
    assert notes.escalate(two, NOW - timedelta(minutes=25)) == []
    assert notes.escalate(two, NOW - timedelta(minutes=15)) == [
        (orange, "district"), (blue, "district"),
    ]  # fmt: skip
    notes.note(two, OWNER, blue, "acknowledge")
    assert notes.escalate(two, NOW) == [(orange, "city")]
    assert notes.escalate(two, NOW) == []
    first, second = told(two)
    assert (first["tier"], second["tier"], second["acknowledged"]) == ("city", "district", "owner")


def test_a_shelf_has_an_end_and_keeps_alerts_from_going_up(two: Database) -> None:
    (orange, _) = (one["id"] for one in told(two))
    notes.note(two, OWNER, orange, "shelve", "known", NOW + timedelta(hours=1))
    assert orange not in [id for id, _ in notes.escalate(two, NOW)]
    assert told(two)[0]["shelved_until"] is not None
    assert orange in [id for id, _ in notes.escalate(two, NOW + timedelta(hours=2))]
    notes.note(two, OWNER, orange, "unshelve")
    assert told(two)[0]["shelved_until"] is None
    with pytest.raises(Invalid, match="seven days"):
        notes.note(two, OWNER, orange, "shelve")
    with pytest.raises(Invalid, match="one of"):
        notes.note(two, OWNER, orange, "forget")


def test_who_does_not_see_an_asset_does_not_see_its_alerts(two: Database) -> None:
    (orange, _) = (one["id"] for one in told(two))
    with two.begin() as tx:
        tx.pg.execute("UPDATE city.layer SET access = 'restricted'")
    assert told(two, ANONYMOUS) == []
    writer = Grant("somebody", Scope.WRITE, frozenset({Access.SHARED}), authenticated=True)
    with pytest.raises(NotFound):
        notes.note(two, writer, orange, "acknowledge")
    with pytest.raises(Denied):
        notes.note(two, ANONYMOUS, orange, "acknowledge")
    with two.begin() as tx:
        tx.pg.execute("UPDATE city.layer SET access = 'public', area = '320205'")
    elsewhere = Grant(
        "x", Scope.WRITE, frozenset({Access.SHARED}), areas=("320206",), authenticated=True
    )
    with pytest.raises(Denied, match="may not write"):
        notes.note(two, elsewhere, orange, "acknowledge")
