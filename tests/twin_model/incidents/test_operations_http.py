"""A storm by HTTP: rule, readings, red alert, incident, case, closure, the rates that result."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from worlds import bearer

from spatial import changes, token
from spatial.database import Database
from spatial.grant import ANONYMOUS, OWNER
from spatial.query import snapshot
from twin_model import events
from twin_model.alerts.engine import Engine
from twin_model.audience import Audience, Filter
from twin_model.incidents.fold import fold

NOW = datetime.now(UTC).replace(microsecond=0)
RULE = {"kind": "threshold", "property": "level", "limits": {"blue": 1, "red": 4}}


@pytest.fixture
def admin(database: Database, gauges: list[str]) -> dict[str, str]:
    del gauges
    secret = token.create(
        database, "admin", subject="chief", classes=["public", "shared", "restricted"]
    )
    return {"authorization": f"Bearer {secret}"}


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def send(client: TestClient, headers: Any, *rows: tuple[str, float, float]) -> None:
    body = [
        {"asset": asset, "property": "level", "at": ago(minutes), "value": value}
        for asset, minutes, value in rows
    ]
    assert client.post("/twin/observations", json=body, headers=headers).is_success


def ok(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def test_a_storm_is_followed_to_its_indicators(
    client: TestClient, database: Database, admin: dict[str, str]
) -> None:
    with snapshot(database) as pg:
        start = changes.latest(pg)
    ok(client.put("/twin/rules/flood", json=RULE | {"since": ago(60)}, headers=admin))
    send(client, admin, ("c0", 30, 2), ("c0", 20, 5), ("c1", 25, 4.5))
    Engine(database).cycle()
    fold(database)
    found = ok(client.get("/twin/alerts", params={"least": "red"}))["alerts"]
    assert [(one["asset"], one["level"]) for one in found] == [("c0", "red"), ("c1", "red")]
    tested = ok(
        client.post("/twin/back-test", json=RULE | {"from": ago(60), "to": ago(0)}, headers=admin)
    )
    assert (tested["episodes"], tested["peaks"]["red"]) == (2, 2)
    drawn = client.post(
        "/twin/back-test", params={"f": "svg"}, json=RULE | {"from": ago(60)}, headers=admin
    )
    assert drawn.text.startswith("<svg")
    alert = found[0]["id"]
    noted = ok(
        client.post(f"/twin/alerts/{alert}/notes", json={"kind": "acknowledge"}, headers=admin)
    )
    assert noted["acknowledged"] == "chief"
    (incident,) = ok(client.get("/twin/incidents"))["incidents"]

    limit = {"amount": 2, "unit": "emergency_hours"}
    year = {"since": "2020-01-01T00:00:00Z"}
    for kind, name, body in (
        ("category", "0105", {"title_zh": "积水", "limit": limit}),
        ("department", "water", {"title_zh": "水务局"}),
        ("assignment", "all", {"department": "water"}),
    ):
        ok(client.put(f"/twin/settings/{kind}/{name}", json=body | year, headers=admin))
    assert set(ok(client.get("/twin/settings/category"))["category"]) == {"0105"}
    case = ok(
        client.post(
            "/twin/cases",
            json={"text": "路面积水", "source": "alert", "alert": alert, "category": "0105",
                  "place": found[0]["place"], "at": ago(19), "access": "public"},
            headers=admin,
        )
    )  # fmt: skip
    path = f"/twin/cases/{case['id']}"
    for action, minutes in (("dispatch", 18), ("accept", 15), ("answer", 5), ("close", 2)):
        ok(client.post(f"{path}/{action}", json={"at": ago(minutes)}, headers=admin))
    ok(
        client.post(
            f"/twin/incidents/{incident['id']}/gather",
            json={"kind": "case", "refs": [case["id"]]}, headers=admin,
        )
    )  # fmt: skip
    whole = ok(client.post(f"/twin/incidents/{incident['id']}/close", json={}, headers=admin))
    assert {(one["kind"], one["ref"]) for one in whole["items"]} == {
        ("alert", "1"), ("alert", "2"), ("case", str(case["id"])),
    }  # fmt: skip
    (rate,) = ok(client.get("/twin/case-rates", params={"to": ago(-600)}))["rates"]
    assert (rate["reported"], rate["closed"], rate["due"]) == (1, 1, 0)
    assert len(ok(client.get(path))["history"]) == 6
    assert ok(client.get("/twin/cases", params={"stage": "closed"}))["cases"][0]["stage_zh"] == (
        "核查结案"
    )

    with snapshot(database) as pg:
        told = events.read(pg, start)
    notices = [one for one in told or [] if isinstance(one, events.Notice)]
    assert {one.kind for one in notices} >= {"rule", "alert", "incident", "case", "setting"}
    everybody = Audience(database, ANONYMOUS, Filter(), lambda _: "")
    assert all(everybody.told(one) for one in notices if one.kind != "rule")


def test_who_does_not_see_is_not_told(
    client: TestClient, database: Database, admin: dict[str, str]
) -> None:
    ok(client.post("/twin/cases", json={"text": "not for everybody"}, headers=admin))
    assert ok(client.get("/twin/cases"))["cases"] == []
    assert client.get("/twin/cases/1").status_code == 404
    with snapshot(database) as pg:
        (notice,) = [one for one in events.read(pg, 0) or [] if isinstance(one, events.Notice)]
    assert Audience(database, ANONYMOUS, Filter(), lambda _: "").told(notice) == b""
    assert Audience(database, OWNER, Filter(), lambda _: "").told(notice)


def test_warnings_and_responses(client: TestClient, admin: dict[str, str]) -> None:
    body = {"number": "7", "kind": "rainstorm", "level": "orange", "issuer": "无锡市气象台",
            "start": ago(60)}  # fmt: skip
    ok(client.post("/twin/warnings", json=body, headers=admin))
    assert ok(client.get("/twin/warnings"))["warnings"][0]["level_zh"] == "橙"
    ok(
        client.post(
            "/twin/responses", json={"kind": "flood", "level": 3, "reason": "雨"}, headers=admin
        )
    )
    assert ok(client.get("/twin/responses"))["responses"][0]["roman"] == "Ⅲ"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/twin/alerts?least=purple", None),
        ("GET", "/twin/alerts?colour=red", None),
        ("GET", "/twin/alerts/x", None),
        ("PUT", "/twin/rules/a", {"kind": "magic"}),
        ("POST", "/twin/back-test", RULE | {"from": 7}),
        ("POST", "/twin/back-test", RULE | {"from": "2026-02-30"}),
        ("POST", "/twin/cases", {"text": 7}),
        ("POST", "/twin/cases", {"text": "a\0b"}),
        ("POST", "/twin/cases", {"text": "x", "place": ["a", 1]}),
        ("POST", "/twin/cases", {"text": "x", "category": "none"}),
        ("POST", "/twin/cases", {"colour": "red"}),
        ("PUT", "/twin/settings/calendar/city", {"holidays": ["soon"]}),
        ("PUT", "/twin/settings/weather/city", {}),
        ("POST", "/twin/incidents", {"title": ""}),
        ("POST", "/twin/warnings", {"number": "1"}),
        ("POST", "/twin/responses", {"kind": "x", "level": "high", "reason": "y"}),
        ("GET", "/twin/case-rates?by=colour", None),
        ("GET", "/twin/case-rates?from=2026&to=2025", None),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(
    client: TestClient, admin: dict[str, str], method: str, path: str, body: Any
) -> None:
    answer = client.request(method, path, json=body, headers=admin)
    assert answer.status_code == 400, answer.text
    assert answer.json()["description"]


def test_writing_needs_a_token(client: TestClient, database: Database, gauges: list[str]) -> None:
    del gauges
    writer = bearer(database, "clerk")
    assert client.post("/twin/cases", json={"text": "x"}).status_code == 401
    assert client.put("/twin/rules/a", json=RULE, headers=writer).status_code == 403
    assert client.post("/twin/cases", json={"text": "x"}, headers=writer).status_code == 403
    public = {"text": "x", "access": "public"}
    assert client.post("/twin/cases", json=public, headers=writer).status_code == 201


def test_a_wall_is_driven_by_whoever_may_write(
    client: TestClient, database: Database, admin: dict[str, str]
) -> None:
    with snapshot(database) as pg:
        start = changes.latest(pg)
    address, view = "/twin/walls/east", "#map=15/31.5/120.38&time=2010"
    assert ok(client.get(address))["view"] is None
    assert client.post(address, json={"view": view}).status_code == 401
    for bad in ({"view": ""}, {"view": "x" * 5000}, {"views": view}):
        assert client.post(address, json=bad, headers=admin).status_code == 400
    for one in ("#time=2005", view):
        ok(client.post(address, json={"view": one}, headers=admin))
    assert ok(client.get(address))["view"] == view
    assert ok(client.get("/twin/walls/west"))["view"] is None
    with snapshot(database) as pg:
        after = events.read(pg, start) or []
    told = [
        item
        for event in after
        if isinstance(event, events.Notice) and event.kind == "wall"
        for item in event.items
    ]
    assert [(one["id"], one["view"]) for one in told] == [("east", "#time=2005"), ("east", view)]
