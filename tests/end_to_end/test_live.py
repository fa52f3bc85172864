"""/live in two real web workers: every event once through cuts and restarts, and to whom."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from listening import Listener
from service import Service, environment, running_service
from worlds import make_layer

from citytwin.service import KILL_AFTER_S
from spatial.database import Database
from tests.end_to_end.conftest import joined
from twin_model import assets
from twin_model.events import MOST_READINGS
from twin_model.state_binary import decode

WIDTH = 40
SQUARE = "120.29,31.47,120.31,31.52"  # around all that make_layer makes


@pytest.fixture(scope="module")
def quiet() -> Iterator[Service]:
    """A city in which only these tests happen."""
    with running_service("--no-sample", mortal=True) as running:
        yield running


@pytest.fixture(scope="module")
def live_books(quiet: Service) -> Iterator[Database]:
    with joined(quiet) as database:
        make_layer(database, "gauges", WIDTH)
        make_layer(database, "secret", 3, access="restricted")
        with database.begin() as tx:
            tx.pg.execute("UPDATE layers.secret SET code = 's' || code")
        assets.register(database, "gauges", {"id": "code", "class": "code"})
        assets.register(database, "secret", {"id": "code"})
        yield database


@pytest.fixture(scope="module")
def writer(quiet: Service, live_books: Database) -> dict[str, str]:
    token = quiet.token("write", "--class", "restricted")
    return {"Authorization": f"Bearer {token}"}


_numbers = count(1)


def send(city: Service, writer: dict[str, str], rows: list[tuple[str, str, Any]]) -> int:
    """Post readings of (asset, property, value), each a microsecond after the last; the cursor."""
    began = time.time() - 30
    body = [
        {"asset": asset, "property": name, "value": value,
         "at": datetime.fromtimestamp(began + next(_numbers) / 1e4, UTC).isoformat()}
        for asset, name, value in rows
    ]  # fmt: skip
    answer = httpx.post(f"{city.url}twin/observations", json=body, headers=writer)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["accepted"] == len(rows), told
    return int(told["cursor"])


def spread(n: int) -> list[tuple[str, str, Any]]:
    return [(f"c{k}", "level", float(n)) for k in range(WIDTH)]


def test_cut_and_resumed_everywhere_each_reading_comes_once(
    quiet: Service, writer: dict[str, str]
) -> None:
    first = send(quiet, writer, spread(0))
    listeners = [Listener(f"{quiet.url}live", {"since": first}) for _ in range(6)]
    sent = 0
    for n in range(1, 9):
        # connections fall to either worker; half of them are cut between two batches
        for listener in listeners[n % 2 :: 2]:
            with listener.connected():
                cursor = send(quiet, writer, spread(n))
                sent += 1
                if n > 6:
                    listener.until(cursor)
    for listener in listeners:
        with listener.connected():
            listener.until(cursor)
    expected = held(quiet)
    for listener in listeners:
        assert len(listener.values()) == len(set(listener.values())) == sent * WIDTH
        assert {s: x for s, (_, x) in listener.state().items()} == expected


def held(city: Service, **params: str) -> dict[int, float]:
    """The state that the service tells, by series."""
    body = httpx.get(f"{city.url}twin/state", params={"f": "bin"} | params).content
    found = decode(body).values
    return dict(zip(found.series.tolist(), found.x.tolist(), strict=True))


def stop(city: Service) -> None:
    """Tell the service to stop, and wait until it has."""
    state = city.data_dir / "service.json"
    os.kill(json.loads(state.read_text())["pid"], signal.SIGTERM)
    while state.exists():
        time.sleep(0.05)


def test_a_restart_leaves_no_gap(quiet: Service, writer: dict[str, str]) -> None:
    listener = Listener(f"{quiet.url}live", {"since": send(quiet, writer, spread(20))})
    with listener.connected():
        listener.until(send(quiet, writer, spread(21)))
        began = time.monotonic()
        stop(quiet)
        # an open stream ends by itself, before the server would cut it off
        assert time.monotonic() - began < KILL_AFTER_S
    with joined(quiet):
        port = str(urlsplit(quiet.url).port)
        start = ["up", "--detach", "--no-sample", "--port", port, "--data", str(quiet.data_dir)]
        subprocess.run([sys.executable, "-m", "citytwin", *start], env=environment(), check=True)
        cursor = send(quiet, writer, spread(22))
        with listener.connected():
            listener.until(cursor)
    assert len(listener.values()) == len(set(listener.values())) == 2 * WIDTH


def test_too_long_a_gap_is_a_keyframe(quiet: Service, writer: dict[str, str]) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    rows = "".join(
        f"c{n % WIDTH},level,{n},{(began + timedelta(microseconds=n)).isoformat()}\n"
        for n in range(MOST_READINGS + 1)
    )
    before = send(quiet, writer, spread(30))
    answer = httpx.post(
        f"{quiet.url}twin/observations", content="asset,property,value,at\n" + rows,
        headers=writer | {"Content-Type": "text/csv"}, timeout=60,
    )  # fmt: skip
    cursor = answer.json()["cursor"]
    listener = Listener(f"{quiet.url}live", {"since": before})
    with listener.connected():
        listener.until(cursor)
    assert [told.kind for told in listener.told] == ["keyframe"]
    assert {s: x for s, (_, x) in listener.state().items()} == held(quiet)


def test_filters_and_grants_hold(
    quiet: Service, writer: dict[str, str], live_books: Database
) -> None:
    url = f"{quiet.url}live"
    since = send(quiet, writer, [("sc1", "level", 1.0), ("c3", "where", [121.0, 30.0])])
    everyone = Listener(url, {"since": since})
    staff = Listener(url, {"since": since}, writer)
    made = httpx.post(f"{url}/session", headers=writer)
    cookie = made.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/live"} <= set(cookie.split("; "))
    browser = Listener(url, {"since": since}, {"Cookie": cookie.partition(";")[0]})
    stale = Listener(url, {"since": since}, {"Cookie": "citytwin=ct_nobody"})
    fives = Listener(url, {"since": since, "class": "c5,c7", "property": "level"})
    here = Listener(url, {"since": since, "bbox": SQUARE})
    everywhere = [everyone, staff, fives, here, browser, stale]
    with ExitStack() as connections:
        for listener in everywhere:
            connections.enter_context(listener.connected())
        send(quiet, writer, [("sc1", "level", 2.0), ("c5", "level", 3.0), ("c5", "flow", 4.0)])
        send(quiet, writer, [("c3", "where", [121.0, 30.1]), ("c3", "level", 5.0)])
        send(quiet, writer, [("c3", "where", [120.3, 31.5])])
        for layer in ("secret", "gauges"):
            url, body = f"{quiet.url}collections/{layer}/items/1", {"properties": {"height": 9}}
            assert httpx.patch(url, json=body, headers=writer).status_code < 300
        last = send(quiet, writer, [("c0", "level", 6.0), ("c5", "level", 6.0)])
        for listener in everywhere:
            listener.until(last)
    assert sorted(x for _, _, x in everyone.values()) == [3, 4, 5, 6, 6, 120.3, 121]
    assert sorted(x for _, _, x in staff.values()) == [2, 3, 4, 5, 6, 6, 120.3, 121]
    assert sorted(x for _, _, x in fives.values()) == [3, 6]
    assert sorted(x for _, _, x in here.values()) == [3, 4, 6, 6, 120.3]
    assert browser.values() == staff.values()
    assert stale.values() == everyone.values()
    changed = [
        [told.data["layer"] for told in one.told if told.kind == "change"] for one in everywhere[:4]
    ]
    assert changed == [["gauges"], ["secret", "gauges"], [], ["gauges"]]


def test_questions_that_have_no_answer_are_refused(quiet: Service) -> None:
    for query in ("since=now", "datetime=2020", "scenario=plan", "colour=red"):
        assert httpx.get(f"{quiet.url}live?{query}").status_code == 400
    assert httpx.post(f"{quiet.url}live/session").status_code == 401
    headers = {"Authorization": "Bearer ct_nobody"}
    assert httpx.get(f"{quiet.url}live", headers=headers).status_code in (401, 403)
