"""Indicators against counts by hand: of cases, layers, series and alerts; by area; then and now."""

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
from spatial.asof import AsOf, parse_instant
from spatial.database import Database
from spatial.grant import OWNER
from spatial.layer import Column, LayerSpec
from twin_model import assets
from twin_model.alerts import rules
from twin_model.alerts.engine import Engine
from twin_model.cases import config
from twin_model.cases.register import act, report

NOW = datetime.now(UTC).replace(microsecond=0)
YEARS_AGO = datetime(2020, 1, 1, tzinfo=UTC)
RATE = {
    "title_zh": "按期结案率", "title_en": "On-time rate", "unit": "%", "target": 90,
    "tolerance": 10,
    "measures": {"ok": {"of": "cases", "count": "in_time"}, "due": {"of": "cases", "count": "due"}},
    "formula": "100 * ok / due",
}  # fmt: skip
OTHERS: dict[str, Any] = {
    "height": {"of": "layer", "layer": "plots", "value": "height", "statistic": "sum"},
    "land": {"of": "layer", "layer": "plots", "value": "area_m2", "statistic": "sum"},
    "plots": {"of": "layer", "layer": "plots", "filter": "height >= 1"},
    "level": {"of": "series", "property": "level", "statistic": "max"},
    "heard": {"of": "series", "property": "level", "statistic": "count", "fresh_s": 7200},
    "alerts": {"of": "alerts", "least": "red"},
}


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def area_layer(database: Database) -> None:
    """Two areas: 320201 holds the first 15 m from the origin of the plots, 320202 the rest."""
    x, y = 528_000, 3_486_000
    shapes = [shapely.box(x - 5, y - 5, x + 15, y + 5), shapely.box(x + 15, y - 5, x + 99, y + 5)]
    spec = LayerSpec(
        "districts", "MultiPolygon", 4549, (Column("code", "text"), Column("name_zh", "text")),
        access="public",
    )  # fmt: skip
    batch = {
        "code": ["320201", "320202"], "name_zh": ["西区", "东区"],
        "geom": pa.array([shapely.MultiPolygon([one]).wkb for one in shapes], pa.binary()),
    }  # fmt: skip
    with database.begin() as tx, bulk.load(tx, spec, author="builder") as filling:
        filling.write(pa.table(batch))


@pytest.fixture
def town(database: Database, plots: list[int], client: TestClient) -> Database:
    area_layer(database)
    make_layer(database, "gauges", 3)
    assets.register(database, "gauges", {"id": "code"})
    limit = {"amount": 2, "unit": "emergency_hours"}
    config.put(database, OWNER, "category", "01", {"title_zh": "积水", "limit": limit}, YEARS_AGO)
    config.put(database, OWNER, "department", "water", {"title_zh": "水务"}, YEARS_AGO)
    # due two hours after they began; closed after one hour, three, not at all; then the week before
    told = ((20, 1, "320201001"), (19, 3, "320202001"), (18, 0, "320202002"), (200, 1, None))
    for began, lasted, area in told:
        case = report(
            database, OWNER, "路面积水", category="01", at=ago(began), area=area, access="public"
        )
        steps = {"dispatch": 0.1, "answer": 0.5, "close": lasted} if lasted else {}
        for action, after in steps.items():
            fields = {"department": "water"} if action == "dispatch" else {}
            act(database, OWNER, case["id"], action, at=ago(began - after), **fields)
    config.put(database, OWNER, "indicator", "on_time", RATE, YEARS_AGO)
    for name, measure in OTHERS.items():
        one = {"title_zh": name, "measures": {"x": measure}, "formula": "x"}
        config.put(database, OWNER, "indicator", name, one, YEARS_AGO)
    rules.put(
        database, OWNER, "flood",
        {"kind": "threshold", "property": "level", "limits": {"blue": 1, "red": 4}}, ago(24),
    )  # fmt: skip
    key = {"X-API-Key": token.create(database, "write", subject="feeder")}
    rows = [("c0", 0.5, 5), ("c1", 1.5, 3), ("c2", 0.5, 2)]
    body = [
        {"asset": asset, "property": "level", "at": ago(hours).isoformat(), "value": value}
        for asset, hours, value in rows
    ]
    assert client.post("/twin/observations", json=body, headers=key).is_success
    Engine(database).cycle()
    return database


def told(client: TestClient, **asked: Any) -> dict[tuple[str, str | None], Any]:
    answer = client.get("/twin/indicators", params=asked)
    assert answer.is_success, answer.text
    return {(one["name"], one["area"]): one for one in answer.json()["indicators"]}


def test_by_hand(town: Database, client: TestClient) -> None:
    found = told(client, windows=3)
    rate = found["on_time", None]
    assert rate["value"] == pytest.approx(100 / 3)
    assert rate["measures"] == {"ok": 1, "due": 3}
    assert (rate["light"], rate["previous"], rate["trend"]) == ("red", 100, "falling")
    assert [one["value"] for one in rate["history"]] == [None, 100, rate["value"]]
    values = {name: one["value"] for (name, _), one in found.items()}
    # plots are unit squares of heights 0, 1, 2; c1 was last heard more than an hour ago
    assert values["land"] == pytest.approx(3.0)
    assert (values["height"], values["plots"]) == (3, 2)
    assert (values["level"], values["heard"], values["alerts"]) == (5, 3, 1)
    assert found["height", None]["trend"] == "steady"  # true since ever, as is known now


def test_by_area(town: Database, client: TestClient) -> None:
    found = told(client, by="districts")
    both = {
        name: [found[name, code]["value"] for code in ("320201", "320202")]
        for name in ("on_time", *OTHERS)
    }
    assert both["on_time"] == [100, 0]
    assert both["land"] == pytest.approx([2, 1])
    assert (both["height"], both["plots"], both["heard"]) == ([1, 2], [1, 1], [2, 1])
    assert (both["level"], both["alerts"]) == ([5, 2], [1, 0])
    assert found["on_time", "320202"]["area_zh"] == "东区"


def test_as_reported_then_and_as_known_after_a_correction(
    town: Database, client: TestClient
) -> None:
    then = told(client)["on_time", None]["value"]
    answer = client.get("/twin/indicators").json()["asOf"]
    late = client.get("/twin/cases", params={"area": "320202001"}).json()["cases"]
    fixed = act(town, OWNER, late[0]["id"], "correct", closed_at=ago(17.5))
    assert fixed["closed_at"] == ago(17.5)
    assert told(client)["on_time", None]["value"] == pytest.approx(200 / 3)
    reported = told(client, datetime=answer["datetime"], known_at=answer["known_at"])
    assert reported["on_time", None]["value"] == pytest.approx(then)


def test_what_cannot_be_measured_says_so_and_the_others_go_on(
    town: Database, client: TestClient
) -> None:
    lost = {"title_zh": "?", "measures": {"x": {"of": "layer", "layer": "none"}}, "formula": "x"}
    config.put(town, OWNER, "indicator", "lost", lost, YEARS_AGO)
    found = told(client)
    assert "there is no layer 'none'" in found["lost", None]["error"]
    assert found["plots", None]["value"] == 2
    assert told(client, name="plots").keys() == {("plots", None)}
    for asked in ({"by": "signs"}, {"by": "none"}, {"windows": 1}, {"name": "x"}, {"x": 1},
                  {"datetime": "2020/2021"}):  # fmt: skip
        assert client.get("/twin/indicators", params=asked).status_code in (400, 404), asked


def test_silent_sources(town: Database, client: TestClient) -> None:
    (source,) = client.get("/twin/freshness").json()["sources"]
    assert (source["layer"], source["property"]) == ("gauges", "level")
    assert (source["series"], source["silent"]) == (3, 1)
    assert [one["asset"] for one in source["assets"]] == ["c1"]
    assert parse_instant(source["assets"][0]["since"]) == ago(1.5)
    assert parse_instant(source["newest"]) == ago(0.5)
    assert client.get("/twin/freshness?silent=x").status_code == 400


def test_the_analysis_writes_a_table_that_balances(town: Database, tmp_path: Path) -> None:
    job = jobs.submit(town, "indicators", {"by": "districts", "windows": 3}, AsOf(), OWNER, "signs")
    runner.run(town, job, store=tmp_path)
    with town.begin() as tx:
        rows = tx.pg.execute(
            "SELECT area, value, light FROM layers.signs WHERE name = 'on_time'"
            " AND value IS NOT NULL ORDER BY area"
        ).fetchall()
    assert rows == [("320201", 100, "green"), ("320202", 0, "red")]
    result = jobs.get(town, job, OWNER).result
    assert result is not None
    assert result["certificate"]["left"] == result["certificate"]["right"] == 3
