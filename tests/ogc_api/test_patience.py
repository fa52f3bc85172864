"""What takes too long is given up, and the caller is told."""

import time
from pathlib import Path

import psycopg
from starlette.testclient import TestClient

from citytwin.app import application
from citytwin.settings import settings
from spatial.database import Database


def test_a_statement_that_takes_too_long_is_given_up(
    plots: list[int], conninfo: str, tmp_path: Path
) -> None:
    hurried = Database(conninfo, statement_timeout_s=1)
    chosen = settings({}, data_dir=tmp_path, database_url=conninfo)
    client = TestClient(application(hurried, chosen), base_url="http://127.0.0.1:8000")
    with client, psycopg.connect(conninfo) as blocker:
        assert client.get("/collections/plots/items").status_code == 200
        blocker.execute("LOCK TABLE layers.plots IN ACCESS EXCLUSIVE MODE")
        for path in ("/collections/plots/items", "/tiles/plots/14/13674/6683.mvt"):
            began = time.perf_counter()
            refused = client.get(path)
            assert 0.9 < time.perf_counter() - began < 5
            assert refused.status_code == 400
            assert "ask for less" in refused.json()["description"]
        blocker.rollback()
        assert client.get("/collections/plots/items").status_code == 200
    hurried.close()
