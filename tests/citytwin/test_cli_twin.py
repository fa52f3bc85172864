"""The twin from the command line: assets, readings of files, policies, quarantine."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner
from worlds import make_layer

from citytwin.cli import app
from citytwin.cli.reading_files import holds_readings
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
    # `load` knows a time series when it sees one
    rows.assign(value=7.0).to_csv(tmp_path / "s.csv", index=False)
    told = run("load", str(tmp_path / "s.csv"))
    assert (told["read"], told["loaded"], told["rejected"], told["accepted"]) == (3, 2, 1, 2)
    assert run("load", str(tmp_path / "s.csv"))["accepted"] == 0
    run("relate", "c0", "feeds", "c1", "--valid-from", "2020")
    run("link", "c0", "manual", "https://example.org")


def test_tables_of_readings_are_told_from_others(tmp_path: Path) -> None:
    rows = pd.DataFrame({"asset": ["c0"], "property": "p", "at": "2026-01-01", "value": 1.0})
    rows.to_csv(tmp_path / "a.csv", index=False)
    rows.to_parquet(tmp_path / "a.parquet")
    rows.to_feather(tmp_path / "feather.arrow")  # a file, not a stream
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as sink:
        table = pa.Table.from_pandas(rows)
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    (tmp_path / "a.json").write_text("  " + rows.to_json(orient="records"))
    (tmp_path / "a.ndjson").write_text(rows.to_json(orient="records", lines=True))
    found = [name for name in ("csv", "parquet", "arrow", "json", "ndjson")
             if holds_readings(tmp_path / f"a.{name}")]  # fmt: skip
    assert found == ["csv", "parquet", "arrow", "json", "ndjson"]
    rows.rename(columns={"asset": "name"}).to_csv(tmp_path / "b.csv", index=False)
    (tmp_path / "b.json").write_text('{"type": "FeatureCollection", "features": []}')
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    for name in ("b.csv", "b.json", "b.parquet", "feather.arrow", "c.csv", "b.gpkg"):
        assert not holds_readings(tmp_path / name)
