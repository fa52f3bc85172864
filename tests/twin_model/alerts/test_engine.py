"""The live engine against the back-test: late data, corrections, restarts, several at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from spatial.asof import DEFAULT_ZONE
from spatial.database import Database
from spatial.errors import Denied, Invalid, NotFound
from spatial.grant import ANONYMOUS, OWNER
from twin_model import packed
from twin_model.alerts import rules
from twin_model.alerts.back_test import back_test
from twin_model.alerts.engine import Engine
from twin_model.alerts.readings import between
from twin_model.alerts.rule import parse
from twin_model.decode import JSON, decode
from twin_model.roll import roll
from twin_model.store import store

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
RULE = {
    "kind": "threshold", "property": "level", "hysteresis": 0.2, "for_s": 60, "hold_s": 120,
    "limits": {"blue": 1, "yellow": 2, "orange": 3, "red": 4},
}  # fmt: skip


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def send(database: Database, rows: list[tuple[str, float, float]], **more: Any) -> None:
    import orjson

    body = [
        {"asset": asset, "property": "level", "at": at(t).isoformat(), "value": v} | more
        for asset, t, v in rows
    ]
    receipt = store(database, decode(orjson.dumps(body), JSON, DEFAULT_ZONE), OWNER)
    assert receipt.quarantined == 0


def events(database: Database, rule: str = "flood") -> list[tuple[str, float, int, int]]:
    """What is believed: asset, second, before, after; and no alert contradicts its events."""
    with database.begin() as tx:
        rows = tx.pg.execute(
            "SELECT s.name, e.at, e.before, e.after FROM city.alert_event e"
            " JOIN city.alert a ON a.id = e.alert_id JOIN city.asset s ON s.id = a.asset_id"
            " WHERE upper_inf(e.recorded) AND a.undone IS NULL AND a.rule = %s"
            " ORDER BY s.name, e.at, e.id",
            [rule],
        ).fetchall()
        wrong = tx.pg.execute(
            "SELECT count(*) FROM city.alert a WHERE undone IS NULL AND (opened_at, peak) <> "
            "(SELECT min(at), max(after) FROM city.alert_event e WHERE e.alert_id = a.id"
            " AND upper_inf(e.recorded))"
        ).fetchone()
    assert wrong == (0,)
    return [(name, (when - START).total_seconds(), b, a) for name, when, b, a in rows]


def expected(database: Database, document: dict[str, Any], until: float) -> list[Any]:
    """The same by the back-test over what is stored now."""
    with database.begin() as tx:
        known = roll(tx.pg)
        row = tx.pg.execute("SELECT last_recorded FROM city.twin").fetchone()
        assert row is not None
        since, end = packed.micros(START), packed.micros(at(until))
        ids = np.array([one.id for one in known.by_id if one.property == "level"])
        read = between(tx.pg, ids, since, end, row[0])
    tested = back_test(
        parse(document), read.series, read.at, read.x, read.y, since=since, until=end,
        zone=DEFAULT_ZONE, wanted=ids,
    )  # fmt: skip
    names = {one.id: known.names[one.asset] for one in known.by_id}
    rows = zip(*(column.tolist() for column in tested.events), strict=True)
    return sorted(
        (names[int(tested.series[w])], (when - packed.micros(START)) / 1e6, b, a)
        for w, when, b, a, _ in rows
    )


@pytest.fixture
def flood(database: Database, gauges: list[str]) -> Database:
    del gauges
    rules.put(database, OWNER, "flood", RULE, START)
    return database


def test_live_is_the_back_test_to_the_event_with_late_readings_and_restarts(
    flood: Database,
) -> None:
    rng = np.random.default_rng(4)
    rows = [
        (f"c{n}", float(t), round(float(abs(rng.normal(0, 1.8)) + 2 * np.sin(t / 500)), 2))
        for n in range(4)
        for t in range(0, 6000, 50)
    ]
    late = rng.random(len(rows)) < 0.08
    waiting = [row for row, is_late in zip(rows, late, strict=True) if is_late]
    engine = Engine(flood)
    for part in range(10):
        until = 600 * (part + 1)
        send(
            flood,
            [r for r, is_late in zip(rows, late, strict=True)
             if not is_late and until - 600 <= r[1] < until],
        )  # fmt: skip
        engine.cycle(at(until))
        if part % 3 == 2:
            due = [row for row in waiting if row[1] < until]
            waiting = [row for row in waiting if row[1] >= until]
            send(flood, due)
            engine = Engine(flood)  # a restart: what it knew is in the database
            engine.cycle(at(until))
            assert events(flood) == expected(flood, RULE, until)
    send(flood, [(a, t, v + 1) for a, t, v in rows[7::40]])  # corrections
    send(flood, [(a, t, v) for a, t, v in rows[9::40]], quality="bad")
    engine.cycle(at(6000))
    assert events(flood) == expected(flood, RULE, 6000)
    assert len(events(flood)) > 40
    again = engine.cycle(at(6000))
    assert (again.readings, again.alerts) == (0, [])


def test_a_correction_undoes_an_alert_and_what_was_believed_stays(flood: Database) -> None:
    send(flood, [("c0", 0, 5), ("c0", 100, 5), ("c1", 0, 5), ("c1", 100, 5)])
    engine = Engine(flood)
    assert len(engine.cycle(at(200)).alerts) == 2
    send(flood, [("c0", 0, 0), ("c0", 100, 0)])
    (changed,) = engine.cycle(at(200)).alerts
    assert events(flood) == [("c1", 60, 0, 4)]
    with flood.begin() as tx:
        row = tx.pg.execute(
            "SELECT undone IS NOT NULL, peak FROM city.alert WHERE id = %s", [changed]
        ).fetchone()
        kept = tx.pg.execute(
            "SELECT count(*) FROM city.alert_event WHERE alert_id = %s", [changed]
        ).fetchone()
    assert (row, kept) == ((True, 4), (1,))
    # and a further one brings the same alert back, with what people had said of it
    send(flood, [("c0", 0, 5), ("c0", 100, 5)])
    assert engine.cycle(at(200)).alerts == [changed]
    assert events(flood) == [("c0", 60, 0, 4), ("c1", 60, 0, 4)]


def test_many_at_once_leave_one_open_alert(flood: Database) -> None:
    def one(n: int) -> None:
        send(flood, [("c0", n, 5.0)])
        Engine(flood).cycle(at(300))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(8)))
    with flood.begin() as tx:
        row = tx.pg.execute(
            "SELECT count(*), count(*) FILTER (WHERE closed_at IS NULL AND undone IS NULL)"
            " FROM city.alert"
        ).fetchone()
        assert row == (1, 1)
        with pytest.raises(Exception, match="alert_open"):
            tx.pg.execute(
                "INSERT INTO city.alert (rule, rule_id, asset_id, level, peak, opened_at,"
                " changed_at, recorded) SELECT rule, rule_id, asset_id, level, peak, opened_at,"
                " changed_at, recorded FROM city.alert"
            )


def test_a_new_version_ends_the_alerts_of_the_old_and_judges_for_itself(flood: Database) -> None:
    send(flood, [("c0", t, 2.5) for t in range(0, 1000, 50)])
    engine = Engine(flood)
    engine.cycle(at(500))
    rules.put(flood, OWNER, "flood", RULE | {"limits": {"orange": 2.4}}, at(600))
    engine.cycle(at(1000))
    assert events(flood) == [("c0", 60, 0, 2), ("c0", 600, 2, 0), ("c0", 660, 0, 3)]
    rules.end(flood, OWNER, "flood", at(900))
    engine.cycle(at(1000))
    assert events(flood)[-1] == ("c0", 900, 3, 0)
    with flood.begin() as tx:
        assert len(rules.history(tx.pg, "flood")) == 4
        assert rules.current(tx.pg, "flood", at(950)) is None


def test_rules_are_combined(flood: Database) -> None:
    quick = {"kind": "rate", "property": "level", "over_s": 60, "limits": {"yellow": 30}}
    rules.put(flood, OWNER, "rising", quick, START)
    rules.put(flood, OWNER, "both", {"kind": "all", "of": ["flood", "rising"]}, START)
    engine = Engine(flood)
    values = [0, 1, 2, 3, 4, 4, 4, 4, 0, 0, 0]
    send(flood, [("c0", 60.0 * n, v) for n, v in enumerate(values)])
    engine.cycle(at(700))
    # rising 60 an hour from 60 s until 300 s; flood blue at 120, yellow at 180, orange at 240, …
    assert events(flood, "rising") == [("c0", 60, 0, 2), ("c0", 300, 2, 0)]
    assert events(flood, "both") == [("c0", 120, 0, 1), ("c0", 180, 1, 2), ("c0", 300, 2, 0)]


def test_silence_is_noticed_and_undone_by_late_readings(flood: Database) -> None:
    rules.put(
        flood, OWNER, "silent",
        {"kind": "silence", "property": "level", "limits": {"blue": 300}}, START,
    )  # fmt: skip
    send(flood, [("c0", 0, 0)])
    engine = Engine(flood)
    engine.cycle(at(400))
    assert events(flood, "silent") == [("c0", 300, 0, 1)]
    send(flood, [("c0", 250, 0)])
    engine.cycle(at(400))
    assert events(flood, "silent") == []


def test_who_may_make_rules_and_which(flood: Database) -> None:
    with pytest.raises(Denied):
        rules.put(flood, ANONYMOUS, "mine", RULE)
    with pytest.raises(Invalid, match="could be combined"):
        rules.put(flood, OWNER, "mine", {"kind": "any", "of": ["flood", "nothing"]})
    with pytest.raises(Invalid, match="start later"):
        rules.put(flood, OWNER, "flood", RULE, START - timedelta(hours=1))
    with pytest.raises(NotFound):
        rules.end(flood, OWNER, "nothing")
