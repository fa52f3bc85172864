"""Cases from report to assessment; what was known when; hand-over to a system that listens."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from spatial import token
from spatial.asof import AsOf, Interval
from spatial.database import Database
from spatial.errors import Conflict, Denied, Invalid, NotFound
from spatial.grant import ANONYMOUS, OWNER, Access, Grant, Scope
from spatial.moment import resolve
from twin_model.cases import config
from twin_model.cases.hand_over import hand_over
from twin_model.cases.listing import cases, document, duplicates, history
from twin_model.cases.rates import rates
from twin_model.cases.register import act, read, report

MONDAY = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)  # nine o'clock in Wuxi
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def at(hour: float) -> datetime:
    return MONDAY + timedelta(hours=hour)


@pytest.fixture
def town(database: Database) -> Database:
    limit = {"amount": 4, "unit": "working_hours"}
    config.put(
        database, OWNER, "category", "0201", {"title_zh": "道路破损", "limit": limit}, LONG_AGO
    )
    urgent = {"amount": 2, "unit": "emergency_hours"}
    config.put(
        database, OWNER, "category", "0105", {"title_zh": "井盖缺失", "limit": urgent}, LONG_AGO
    )
    for name in ("roads", "water"):
        config.put(database, OWNER, "department", name, {"title_zh": name}, LONG_AGO)
    config.put(database, OWNER, "assignment", "1", {"department": "roads"}, LONG_AGO)
    config.put(
        database, OWNER, "assignment", "2", {"category": "01", "department": "water"}, LONG_AGO
    )
    return database


def closed(town: Database, hours: float, **more: Any) -> int:
    """A case of Monday nine, closed so many hours later."""
    case = report(town, OWNER, "路面坑洞", category="0201", at=at(0), **more)
    for action in ("dispatch", "answer", "close"):
        act(town, OWNER, case["id"], action, at=at(hours))
    return int(case["id"])


def test_a_case_goes_its_way(town: Database) -> None:
    case = report(town, OWNER, "井盖不见了", source="citizen", place=(120.3, 31.5), at=at(0))
    assert (case["stage"], case["due_at"]) == ("collected", None)
    id = case["id"]
    case = act(town, OWNER, id, "file", category="0201", at=at(1))
    assert case["due_at"] == at(7)  # ten to twelve, two to four
    case = act(town, OWNER, id, "dispatch", at=at(1.5))
    assert case["department"] == "roads"
    case = act(town, OWNER, id, "refuse", note="not ours", at=at(1.6))
    assert (case["stage"], case["department"], case["dispatched_at"]) == ("filed", None, None)
    act(town, OWNER, id, "dispatch", department="water", at=at(1.7))
    act(town, OWNER, id, "accept", at=at(2))
    act(town, OWNER, id, "pause", at=at(2))
    assert read_due(town, id) is None
    act(town, OWNER, id, "resume", at=at(5))
    assert read_due(town, id) == at(8)
    assert act(town, OWNER, id, "postpone", amount=1, at=at(6))["due_at"] == at(9)
    act(town, OWNER, id, "answer", at=at(7))
    case = act(town, OWNER, id, "return", at=at(7.5))
    assert (case["stage"], case["returns"], case["handled_at"]) == ("handling", 1, None)
    act(town, OWNER, id, "answer", at=at(8))
    act(town, OWNER, id, "close", at=at(8.5))
    case = act(town, OWNER, id, "assess", mark=4, at=at(30))
    assert document(case)["stage_zh"] == "综合评价"
    with town.begin() as tx:
        told = [one["action"] for one in history(tx.pg, OWNER, id)]
    assert told == [
        "report", "file", "dispatch", "refuse", "dispatch", "accept", "pause", "resume",
        "postpone", "answer", "return", "answer", "close", "assess",
    ]  # fmt: skip


def read_due(town: Database, id: int) -> datetime | None:
    with town.begin() as tx:
        due: datetime | None = read(tx.pg, OWNER, id)["due_at"]
    return due


def test_what_cannot_be_is_refused(town: Database) -> None:
    id = closed(town, 1)
    with pytest.raises(Conflict, match="closed"):
        act(town, OWNER, id, "answer")
    for action, fields, why in (
        ("explode", {}, "one of"), ("correct", {"colour": 1}, "not colour"),
        ("correct", {"closed_at": at(-1)}, "follow one another"),
        ("correct", {"category": "99"}, "no category"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=why):
            act(town, OWNER, id, action, **fields)
    for wrong in (
        {"text": " "},
        {"text": "x", "source": "rumour"},
        {"text": "x", "place": (999, 0)},
    ):
        with pytest.raises(Invalid):
            report(town, OWNER, **wrong)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="credentials"):
        config.put(town, OWNER, "department", "x", {"title_zh": "x", "url": "http://a:b@c/"})


def test_the_rate_as_reported_then_and_as_known_now(town: Database) -> None:
    ids = [closed(town, hours) for hours in (1, 3, 7, 8)]  # due at 15:00, hour six
    with town.begin() as tx:
        then = resolve(tx.pg, AsOf()).known_at
    log = {"dispatched_at": at(1), "handled_at": at(2), "closed_at": at(2)}
    act(town, OWNER, ids[2], "correct", note="the crew's log", **log)
    with town.begin() as tx:
        now = resolve(tx.pg, AsOf()).known_at
        (before,) = rates(tx.pg, OWNER, at(-24), at(24 * 6), then)
        (after,) = rates(tx.pg, OWNER, at(-24), at(24 * 6), now)
        (nothing,) = rates(tx.pg, OWNER, at(-99), at(-98), now)
        by = rates(tx.pg, OWNER, at(-24), at(24), now, by="department")
    assert (before.due, before.document()["on_time_rate"]) == (4, 0.5)
    assert after.document()["on_time_rate"] == 0.75
    assert after.document()["closing_rate"] == 1.0
    assert nothing.document()["on_time_rate"] is None
    assert [(one.group, one.in_time) for one in by] == [("roads", 3)]


def test_rates_are_what_a_count_by_hand_says(town: Database) -> None:
    rng = np.random.default_rng(5)
    n = 3000
    reported = at(0) + np.array([timedelta(hours=float(h)) for h in rng.uniform(0, 2000, n)])
    due = reported + np.array([timedelta(hours=float(h)) for h in rng.uniform(1, 100, n)])
    done = reported + np.array([timedelta(hours=float(h)) for h in rng.uniform(1, 120, n)])
    is_open, returns = rng.random(n) < 0.1, rng.integers(0, 2, n)
    with town.begin() as tx, tx.pg.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO city.case_record (id, recorded, action, changed_by, stage, source, text,"
            " reported_at, filed_at, due_at, closed_at, returns, access)"
            " VALUES (%s, '[2020-01-01,)', 'load', 'x', %s, 'patrol', 'x', %s, %s, %s, %s, %s,"
            " 'shared')",
            [
                (i, "filed" if is_open[i] else "closed", reported[i], reported[i], due[i],
                 None if is_open[i] else done[i], int(returns[i]))
                for i in range(n)
            ],
        )  # fmt: skip
        start, end, known = at(500), at(900), at(3000)
        (found,) = rates(tx.pg, OWNER, start, end, known)
    mine = [i for i in range(n) if start <= due[i] < end]
    ended = [i for i in range(n) if not is_open[i] and start <= done[i] < end]
    assert found.due == len(mine)
    assert found.in_time == sum(not is_open[i] and done[i] <= due[i] for i in mine)
    assert found.closed_of_due == sum(not is_open[i] for i in mine)
    assert found.reported == sum(start <= one < end for one in reported)
    assert (found.closed, found.returned) == (len(ended), sum(int(returns[i]) for i in ended))


def test_duplicates_are_near_in_place_and_time(town: Database) -> None:
    first = report(town, OWNER, "人民路井盖缺失", place=(120.3, 31.5), at=at(0))
    report(town, OWNER, "人民路井盖缺失", place=(120.31, 31.5), at=at(0))  # 950 m away
    report(town, OWNER, "人民路井盖缺失", place=(120.3, 31.5), at=at(-72))
    other = report(town, OWNER, "人民路 井盖缺失了", place=(120.3003, 31.5), at=at(2))
    with town.begin() as tx:
        (found,) = duplicates(tx.pg, OWNER, read(tx.pg, OWNER, other["id"]))
    assert found["id"] == first["id"]
    assert found["metres"] == pytest.approx(28.4, abs=0.2)
    assert found["score"] > 0.7


def test_who_sees_and_writes_which_cases(town: Database) -> None:
    id = report(town, OWNER, "here", area="320205001")["id"]
    shared = frozenset({Access.SHARED})
    here = Grant("a", Scope.WRITE, shared, areas=("320205",), authenticated=True)
    there = Grant("b", Scope.WRITE, shared, areas=("320206",), authenticated=True)
    assert act(town, here, id, "comment", note="seen")["changed_by"] == "a"
    for grant in (there, ANONYMOUS):
        with town.begin() as tx:
            assert cases(tx.pg, grant, resolve(tx.pg, AsOf(Interval()))) == []
    with pytest.raises(NotFound):
        act(town, there, id, "comment")
    with pytest.raises(Denied):
        report(town, there, "not mine", area="320205001")
    with pytest.raises(Denied):
        act(town, ANONYMOUS, id, "comment")


@pytest.fixture
def bureau() -> Iterator[tuple[str, list[Any]]]:
    """A department's system, that is away at first."""
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            got.append((self.headers["idempotency-key"], body))
            self.send_response(503 if len(got) == 1 else 200)
            self.end_headers()
            self.wfile.write(json.dumps({"number": f"SZ-{body['id']}"}).encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/cases", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_case_is_handed_over_once_and_keeps_their_number(
    town: Database, client: TestClient, bureau: tuple[str, list[Any]]
) -> None:
    url, got = bureau
    config.put(town, OWNER, "department", "water", {"title_zh": "水务局", "url": url}, LONG_AGO)
    id = report(town, OWNER, "井盖", category="0105", at=at(0))["id"]
    act(town, OWNER, id, "dispatch", at=at(0.5))
    assert hand_over(town) == 0
    assert hand_over(town) == 1
    assert hand_over(town) == 0
    assert [key for key, _ in got] == [f"case-{id}"] * 2
    assert got[1][1]["text"] == "井盖"
    # their system finds the case by its own number, and says what becomes of it
    secret = token.create(town, "write", subject="water", classes=["public", "shared"])
    key = {"X-API-Key": secret}
    answer = client.get("/twin/cases", params={"number": f"SZ-{id}"}, headers=key)
    (found,) = answer.json()["cases"]
    assert (found["id"], found["department"]) == (id, "water")
    for action, hour in (("accept", 0.8), ("answer", 1)):
        body = {"at": at(hour).isoformat(), "note": "泵站"}
        answer = client.post(f"/twin/cases/{id}/{action}", json=body, headers=key)
        assert answer.is_success, answer.text
    assert (answer.json()["stage"], answer.json()["foreign_number"]) == ("answered", f"SZ-{id}")
