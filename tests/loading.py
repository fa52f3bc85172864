"""A process of its own that loads files one by one, bounded in memory and watched for time.

It reads a JSON line per file and answers with a JSON line; the caller kills it when it is late.
"""

import json
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, Self

# as a script it would find the tests' own folders of these names before the packages
sys.path[0] = str(Path(__file__).parents[1])

MEMORY = 6 << 30  # of addresses, of which threads and mapped libraries take the most
RASTERS = (".tif", ".tiff", ".nc")


class Loader:
    """The process, seen from the test; started again after it died or was killed."""

    def __init__(self, conninfo: str = "") -> None:
        """Without a database the files are only read."""
        self._conninfo = conninfo
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def load(self, path: Path, seconds: float, **options: str) -> dict[str, Any]:
        """What came of a file: {"loaded": [...]}, {"refused": "..."} or {"crashed": "..."}."""
        process = self._running()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"path": str(path), "options": options}) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        line = process.stdout.readline() if ready else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._stop()
        return {"crashed": f"ended by {process.returncode}" if ready else f"over {seconds} s"}

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, __file__, self._conninfo],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._process.stdout
            self._process.stdout.readline()
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


def _serve(conninfo: str) -> None:
    from spatial.database import Database
    from spatial.errors import CityError

    answers = sys.stdout
    sys.stdout = sys.stderr
    database = Database(conninfo) if conninfo else None
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        began, peak = time.perf_counter(), _peak()
        try:
            taken = _load(database, Path(task["path"]), task["options"])
            answer = {"loaded": taken}
        except CityError as error:
            answer = {"refused": str(error)}
        except BaseException:
            answer = {"crashed": traceback.format_exc(limit=-4)}
        answer["seconds"] = round(time.perf_counter() - began, 3)
        answer["megabytes"] = (_peak() - peak) // 1024
        answer["left"] = _layers(database) if database else 0
        print(json.dumps(answer, default=str), file=answers, flush=True)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _load(database: Any, path: Path, options: dict[str, str]) -> list[dict[str, Any]]:
    """What a load reports beside what is really there; dropped again."""
    if database is None:
        return _read(path, options)
    from dataclasses import asdict

    from citytwin.rasters import store_raster
    from datasets.load import load

    with tempfile.TemporaryDirectory() as place:
        if path.suffix.lower() in RASTERS:
            report = store_raster(database, Path(place), path)
            with database.begin() as tx:
                tx.pg.execute("DELETE FROM city.raster WHERE name = %s", [report["layer"]])
            return [report]
        reports = []
        for report in load(database, path, author="t", rejects_dir=Path(place), **options):
            found = asdict(report)
            if report.rejects:
                found["told"] = len(json.loads(report.rejects.read_bytes())["features"])
            found |= _stored(database, report.layer)
            reports.append(found)
    return reports


def _read(path: Path, options: dict[str, str]) -> list[dict[str, Any]]:
    from datasets.vector import open_source

    reports = []
    for layer in open_source(path, **options):
        loaded = rejected = 0
        for batch in layer.batches():
            loaded += batch.table.num_rows
            rejected += len(batch.rejected)
        reports.append({"layer": layer.name, "loaded": loaded, "rejected": rejected})
    return reports


def _stored(database: Any, layer: str) -> dict[str, Any]:
    from psycopg import sql

    from spatial import catalogue

    with database.begin() as tx:
        row = tx.pg.execute(
            sql.SQL(
                "SELECT count(*), count(geom), count(*) FILTER (WHERE NOT ST_IsValid(geom)),"
                " string_agg(DISTINCT GeometryType(geom), ' ') FROM {}"
            ).format(sql.Identifier("layers", layer))
        ).fetchone()
        catalogue.drop(tx, layer)
    stored, placed, invalid, kinds = row
    return {"stored": stored, "placed": placed, "invalid": invalid, "kinds": kinds}


def _layers(database: Any) -> int:
    with database.begin() as tx:
        row = tx.pg.execute("SELECT count(*) FROM city.layer").fetchone()
    return int(row[0])


if __name__ == "__main__":
    _serve(sys.argv[1])
