"""Alerts that open cases; whose area a case is of; the crews that are nearest by road."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import shapely
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import bulk, token
from spatial.analyses import jobs, runner
from spatial.asof import AsOf
from spatial.crs import transformer
from spatial.database import Database
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec
from twin_model import assets
from twin_model.alerts import rules
from twin_model.alerts.engine import Engine
from twin_model.cases import config
from twin_model.cases.from_alerts import open_cases
from twin_model.cases.register import read

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
X, Y = 528_000.0, 3_486_000.0
RULE = {
    "kind": "threshold", "property": "level", "limits": {"blue": 1, "orange": 3},
    "category": "0105", "title_zh": "积水",
}  # fmt: skip


def load(
    database: Database, layer: str, kind: str, shapes: list[Any], /, **columns: list[str]
) -> None:
    spec = LayerSpec(
        layer, kind, 4549, tuple(Column(key, "text") for key in columns), access="public"
    )
    batch = columns | {"geom": pa.array([shape.wkb for shape in shapes], pa.binary())}
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as filling:
        filling.write(pa.table(batch))


def send(client: TestClient, database: Database, *rows: tuple[str, float, float]) -> None:
    key = {"X-API-Key": token.create(database, "write", subject="feeder")}
    body = [
        {"asset": asset, "property": "level", "value": value,
         "at": (NOW - timedelta(minutes=minutes)).isoformat()}
        for asset, minutes, value in rows
    ]  # fmt: skip
    assert client.post("/twin/observations", json=body, headers=key).is_success


@pytest.fixture
def town(database: Database) -> Database:
    make_layer(database, "gauges", 3)
    assets.register(database, "gauges", {"id": "code"})
    squares = [shapely.box(X - 5, Y - 5, X + 5, Y + 5), shapely.box(X + 5, Y - 5, X + 50, Y + 5)]
    load(
        database, "wards", "MultiPolygon", [shapely.MultiPolygon([one]) for one in squares],
        code=["329902001001", "329902001002"],
    )  # fmt: skip
    limit = {"amount": 2, "unit": "emergency_hours"}
    for kind, name, body in (
        ("areas", "city", {"layer": "wards"}),
        ("category", "0105", {"title_zh": "积水", "limit": limit}),
    ):
        config.put(database, OWNER, kind, name, body, LONG_AGO)
    rules.put(database, OWNER, "flood", RULE, NOW - timedelta(hours=1))
    return database


def test_a_grave_alert_opens_one_case_in_its_area(town: Database, client: TestClient) -> None:
    send(client, town, ("c0", 30, 2), ("c1", 30, 5))
    Engine(town).cycle()
    (id,) = open_cases(town)
    assert open_cases(town) == []
    with town.begin() as tx:
        case = read(tx.pg, OWNER, id)
    assert (case["stage"], case["source"], case["category"]) == ("filed", "alert", "0105")
    assert (case["area"], case["text"]) == ("329902001002", "积水：c1 橙色告警")
    assert case["alert"] is not None
    send(client, town, ("c0", 20, 4))
    Engine(town).cycle()
    (other,) = open_cases(town)
    with town.begin() as tx:
        assert read(tx.pg, OWNER, other)["area"] == "329902001001"


def test_the_nearest_crew_is_so_by_road(town: Database, client: TestClient, tmp_path: Path) -> None:
    # the case is across the river: west is near but must go round, east drives straight
    lines = [
        [(0, 0), (0, 1000)], [(0, 1000), (400, 1000)], [(400, 1000), (400, 0)],
        [(400, 0), (1000, 0)],
    ]  # fmt: skip
    shapes = [shapely.LineString([(X + x, Y + y) for x, y in line]) for line in lines]
    load(town, "streets", "LineString", shapes, name=["a", "b", "c", "d"])
    job = jobs.submit(town, "network", {"roads": "streets"}, AsOf(), OWNER, "network")
    runner.run(town, job, store=tmp_path)
    load(
        town, "vehicles", "Point", [shapely.Point(X, Y), shapely.Point(X + 1000, Y)],
        code=["west", "east"],
    )  # fmt: skip
    assets.register(town, "vehicles", {"id": "code"})
    place = list(transformer(4549, 4326).transform(X + 400, Y))
    key = {"X-API-Key": token.create(town, "write", subject="duty", classes=["public", "shared"])}
    body = {"text": "积水", "place": place, "access": "public"}
    case = client.post("/twin/cases", json=body, headers=key).json()
    answer = client.get(f"/twin/cases/{case['id']}/crews")
    assert answer.is_success, answer.text
    crews = answer.json()["crews"]
    assert [one["asset"] for one in crews] == ["east", "west"]
    assert [one["metres"] for one in crews] == pytest.approx([600, 2400])
    assert client.get(f"/twin/cases/{case['id']}/crews?layer=none").status_code == 404
    assert client.get(f"/twin/cases/{case['id']}/crews?network=none").status_code == 404
    lost = client.post("/twin/cases", json={"text": "?", "access": "public"}, headers=key).json()
    assert client.get(f"/twin/cases/{lost['id']}/crews").status_code == 400
