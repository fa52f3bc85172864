"""The doctor against real machines' troubles."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from citytwin import doctor
from citytwin.doctor import Finding, examine
from spatial.postgres import best


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A directory that the server's user can enter (pytest's own is closed to all but root)."""
    with tempfile.TemporaryDirectory(prefix="citytwin-test-") as directory:
        os.chmod(directory, 0o711)
        yield Path(directory)


def findings(data_dir: Path, env: Mapping[str, str]) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(data_dir, env)}


def clean_environment() -> dict[str, str]:
    poison = ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA", "CITYTWIN_DATABASE_URL")
    return {name: value for name, value in os.environ.items() if name not in poison}


def own_proj() -> Path:
    spec = find_spec("rasterio")
    assert spec
    assert spec.submodule_search_locations
    place = Path(spec.submodule_search_locations[0]) / "proj_data"
    if not place.exists():
        pytest.skip("rasterio brings no PROJ data of its own here")
    return place


def older_proj(place: Path) -> Path:
    """PROJ's own file as an older PROJ would have left it."""
    database = place / "proj.db"
    database.write_bytes((own_proj() / "proj.db").read_bytes())
    with sqlite3.connect(database) as file:
        query = "UPDATE metadata SET value = '2' WHERE key = 'DATABASE.LAYOUT.VERSION.MINOR'"
        file.execute(query)
    file.close()
    return place


def test_a_machine_that_will_do(scratch: Path) -> None:
    seen = findings(scratch / "city", clean_environment())
    assert [finding for finding in seen.values() if not finding.ok] == []
    assert seen["Python"].found == ".".join(map(str, sys.version_info[:3]))
    assert seen["PostgreSQL"].found == str(best())
    assert not (scratch / "city").exists(), "looking makes nothing"
    assert list(scratch.iterdir()) == []


def test_no_postgresql(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spatial.postgres.find._PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")
    finding = findings(scratch, clean_environment())["PostgreSQL"]
    assert (finding.ok, finding.found) == (False, "none")
    assert "Install PostgreSQL 15 or newer with PostGIS 3.3 or newer: " in finding.mend


def test_a_given_database_is_not_looked_for_and_not_told(scratch: Path) -> None:
    env = {**clean_environment(), "CITYTWIN_DATABASE_URL": "postgresql://me:secret@db/city"}
    seen = findings(scratch, env)
    assert seen["PostgreSQL"].ok
    assert "socket" not in seen
    assert "secret" not in repr(seen)


@pytest.mark.parametrize("variable", ["PROJ_DATA", "PROJ_LIB"])
def test_foreign_proj_data(scratch: Path, variable: str) -> None:
    env = clean_environment()
    for place, ok in (("/nowhere", False), (older_proj(scratch), False), (own_proj(), True)):
        finding = findings(scratch, {**env, variable: str(place)})[variable]
        assert (finding.ok, finding.mend) == (ok, "" if ok else f"unset {variable}"), place


def test_proj_itself_refuses_what_the_doctor_refuses(scratch: Path) -> None:
    script = "from rasterio.crs import CRS; print(CRS.from_epsg(4528).to_wkt()[:5])"
    for place, works in ((older_proj(scratch), False), (own_proj(), True)):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**clean_environment(), "PROJ_DATA": str(place)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == works, done.stderr


def test_foreign_gdal_data(scratch: Path) -> None:
    finding = findings(scratch, {**clean_environment(), "GDAL_DATA": "/nowhere"})["GDAL_DATA"]
    assert (finding.ok, finding.mend) == (False, "unset GDAL_DATA")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_a_place_the_servers_user_cannot_enter(scratch: Path) -> None:
    closed = scratch / "closed"
    closed.mkdir(mode=0o700)
    finding = findings(closed / "city", clean_environment())["data directory"]
    assert not finding.ok
    assert f"cannot enter {closed}" in finding.found
    assert f"chmod o+x '{closed}'" in finding.mend


def test_a_place_that_keeps_no_permissions(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "chmod", lambda path, mode: None)
    finding = findings(scratch / "city", clean_environment())["data directory"]
    assert not finding.ok
    assert "WSL" in finding.found


def test_a_place_that_cannot_be_written() -> None:
    finding = findings(Path("/proc/city"), clean_environment())["data directory"]
    assert not finding.ok
    assert "--data" in finding.mend


def test_a_full_disk(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LEAST_FREE", 1e18)
    assert not findings(scratch, clean_environment())["free disk"].ok


def test_what_is_optional_is_never_wrong(scratch: Path) -> None:
    seen = findings(scratch, {**clean_environment(), "PATH": "/nowhere"})
    for name in ("Node", "Chromium"):
        assert (seen[name].ok, seen[name].found) == (True, "none")
        assert seen[name].mend.startswith("Only ")
