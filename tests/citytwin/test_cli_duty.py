"""The duty officer's commands, beside the doors that tell the same."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from worlds import make_layer

from citytwin.cli import app
from spatial.database import Database
from spatial.grant import OWNER
from twin_model.alerts.engine import Engine
from twin_model.alerts.rules import put
from twin_model.cases.register import report
from twin_model.incidents.fold import fold

NOW = datetime.now(UTC).replace(microsecond=0)
RULE = {"kind": "threshold", "property": "level", "limits": {"blue": 1, "red": 4}}


def test_a_storm_at_the_command_line(
    database: Database, conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYTWIN_DATABASE_URL", conninfo)

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, [*words, "--data", str(tmp_path), "--json"])
        assert done.exit_code == 0, done.exception
        return json.loads(done.stdout)

    make_layer(database, "gauges", 3)
    run("assets", "gauges", "--id-field", "code")
    put(database, OWNER, "flood", RULE, NOW - timedelta(hours=1))
    file = tmp_path / "readings.csv"
    rows = [("c0", 30, 2), ("c0", 20, 5), ("c1", 25, 4.5)]
    file.write_text(
        "asset,property,at,value\n"
        + "".join(
            f"{asset},level,{(NOW - timedelta(minutes=m)).isoformat()},{value}\n"
            for asset, m, value in rows
        )
    )
    assert run("readings", str(file))["accepted"] == 3
    Engine(database).cycle()
    fold(database)
    case = report(database, OWNER, "路面积水", access="public")
    found = run("alerts")["alerts"]
    assert [(one["asset"], one["level"]) for one in found] == [("c0", "red"), ("c1", "red")]
    (tmp_path / "rule.json").write_text(json.dumps(RULE))
    drawn = tmp_path / "test.svg"
    told = run("back-test", str(tmp_path / "rule.json"), "--picture", str(drawn))
    assert (told["episodes"], told["peaks"]["red"], told["readings"]) == (2, 2, 3)
    assert drawn.read_text().startswith("<svg")
    assert [one["id"] for one in run("cases")["cases"]] == [case["id"]]
    assert run("cases", "--stage", "closed")["cases"] == []
    (incident,) = run("incidents")["incidents"]
    assert incident["closed"] is None
    assert [one["name"] for one in run("geocode", "C1")["places"]] == ["c1"]
