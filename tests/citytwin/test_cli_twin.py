"""The twin from the command line: assets, readings of files, policies, quarantine."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds import make_layer

from citytwin.cli import app
from spatial.database import Database


def test_files_of_readings_are_stored_once(
    database: Database, conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CITYTWIN_DATABASE_URL", conninfo)
    make_layer(database, "gauges", 3)

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, [*words, "--data", str(tmp_path), "--json"])
        assert done.exit_code == 0, done.exception
        return json.loads(done.stdout)

    assert run("assets", "gauges", "--id-field", "code")["assets"] == 3
    assert run("assets", "gauges", "--id-field", "code")["assets"] == 0
    rows = pd.DataFrame(
        {"asset": ["c0", "c1", "c9"], "property": "level", "at": "2026-03-01T08:00:00",
         "value": [1.0, 2.0, 3.0]}
    )  # fmt: skip
    rows.to_csv(tmp_path / "r.csv", index=False)
    rows.assign(value=5.0).to_parquet(tmp_path / "r.parquet")
    for file, expected in (("r.csv", 2), ("r.csv", 0), ("r.parquet", 2)):
        told = run("readings", str(tmp_path / file))
        assert (told["accepted"], told["quarantined"]) == (expected, 1)
    assert len(run("quarantine", "list")) == 2
    assert run("quarantine", "replay")["quarantined"] == 2
    assert run("policy", "p", "--property", "level", "--raw-days", "9") == {
        "policy": "p", "series": 2,
    }  # fmt: skip
    run("relate", "c0", "feeds", "c1", "--valid-from", "2020")
    run("link", "c0", "manual", "https://example.org")
