"""What this machine has and lacks, each with its mend. Nothing is changed by looking."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from spatial.postgres.account import Account
from spatial.postgres.find import describe, installations
from spatial.postgres.mend import install_command
from spatial.postgres.place import default_socket_dir, first_barrier, fits_socket
from spatial.postgres.settings import shm_is_poor

_LEAST_FREE = 2e9
# Where each wheel keeps its own proj.db; packages of conda keep none.
_BUNDLED_PROJ = {
    "pyproj": "proj_dir/share/proj",
    "rasterio": "proj_data",
    "pyogrio": "proj_data",
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it will do, what was found, and how to mend or better it."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def examine(data_dir: Path, env: Mapping[str, str]) -> list[Finding]:
    """Look at everything that a city in `data_dir` needs, under the environment `env`."""
    data_dir = data_dir.absolute()
    findings = [_python(), *_geodata(env), _disk(data_dir), *_data_dir(data_dir)]
    if env.get("CITYTWIN_DATABASE_URL"):
        findings.append(Finding("PostgreSQL", True, "given by CITYTWIN_DATABASE_URL"))
    else:
        findings += [_postgresql(), _shared_memory(), _socket(data_dir)]
    return [*findings, _node(env), _browser(env), _qgis()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", sys.version_info >= (3, 12), version, "Use Python 3.12 or newer.")


def _postgresql() -> Finding:
    found = installations()
    usable = bool(found) and found[0].usable
    wanted = "PostgreSQL 15 or newer with PostGIS 3.3 or newer"
    return Finding(
        "PostgreSQL",
        usable,
        str(found[0]) if usable else describe(found),
        "" if usable else f"Install {wanted}: {install_command()}",
    )


def _data_dir(data_dir: Path) -> list[Finding]:
    """Can it be written, does it keep permissions, and can the server's user enter it?"""
    name = "data directory"
    place = _existing(data_dir)
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".citytwin-") as probe:
            modes = []
            for mode in (0o755, 0o700):
                os.chmod(probe, mode)
                modes.append(stat.S_IMODE(os.stat(probe).st_mode) == mode)
    except OSError as error:
        mend = "Choose another with --data, or run as a user who may write there."
        return [Finding(name, False, f"{data_dir}: {error.strerror}", mend)]
    if not all(modes):
        mend = "Choose one on a Linux file system with --data, such as in your home."
        found = f"{data_dir} does not keep permissions, like a Windows drive under WSL"
        return [Finding(name, False, found, mend)]
    home = data_dir / "postgres"
    account = Account.of(home.stat().st_uid) if home.exists() else Account.for_server()
    barrier = first_barrier(place, account) if account else None
    if account and barrier:
        found = f"{data_dir}: the server's user {account.name} cannot enter {barrier}"
        mend = f"Choose another with --data, such as /var/lib/citytwin, or: chmod o+x '{barrier}'"
        return [Finding(name, False, found, mend)]
    return [Finding(name, True, str(data_dir))]


def _disk(data_dir: Path) -> Finding:
    free = shutil.disk_usage(_existing(data_dir)).free
    mend = "Make room, or choose another disk with --data."
    return Finding("free disk", free >= _LEAST_FREE, f"{free / 1e9:.0f} GB", mend)


def _shared_memory() -> Finding:
    if shm_is_poor():
        found = "/dev/shm is small or closed; the server shares memory by files, which is slower"
        return Finding("shared memory", True, found, "In Docker: --shm-size=1g")
    return Finding("shared memory", True, "enough")


def _socket(data_dir: Path) -> Finding:
    directory = default_socket_dir(data_dir)
    return Finding("socket", fits_socket(directory), str(directory), "Choose a shorter directory.")


def _geodata(env: Mapping[str, str]) -> list[Finding]:
    """PROJ_DATA and the like: left by conda or QGIS they lead wheels to data of other versions."""
    findings = []
    wanted = _bundled_layout()
    for variable in ("PROJ_DATA", "PROJ_LIB"):
        if variable in env and wanted:
            layout = max(
                (_layout(Path(place) / "proj.db") for place in env[variable].split(os.pathsep)),
                default=None,
                key=lambda one: one or (0, 0),
            )
            ok = layout is not None and layout[0] == wanted[0] and layout >= wanted
            findings.append(_variable(variable, env[variable], ok))
    if "GDAL_DATA" in env and wanted:
        ok = (Path(env["GDAL_DATA"]) / "gdalvrt.xsd").exists()
        findings.append(_variable("GDAL_DATA", env["GDAL_DATA"], ok))
    return findings or [Finding("PROJ and GDAL data", True, "the packages' own")]


def _variable(name: str, value: str, ok: bool) -> Finding:
    found = value if ok else f"{value} does not suit the installed packages"
    return Finding(name, ok, found, "" if ok else f"unset {name}")


def _bundled_layout() -> tuple[int, int] | None:
    """The newest layout of proj.db among the wheels: the one an outside file must reach."""
    layouts = []
    for package, folder in _BUNDLED_PROJ.items():
        spec = find_spec(package)
        for location in (spec and spec.submodule_search_locations) or []:
            layouts.append(_layout(Path(location) / folder / "proj.db"))
    return max((layout for layout in layouts if layout), default=None)


def _layout(database: Path) -> tuple[int, int] | None:
    """(major, minor) of a proj.db's layout; PROJ takes its own major and no lower minor."""
    query = "SELECT value FROM metadata WHERE key = 'DATABASE.LAYOUT.VERSION.' || ?"
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as file:
            major, minor = (
                int(file.execute(query, [part]).fetchone()[0]) for part in ("MAJOR", "MINOR")
            )
    except (sqlite3.Error, TypeError, ValueError):
        return None
    return major, minor


def _node(env: Mapping[str, str]) -> Finding:
    version = _said(["node", "--version"], env).removeprefix("v")
    enough = version != "" and tuple(map(int, version.split(".")[:2])) >= (20, 19)
    mend = "" if enough else "Only to build the screen: `make setup` gets Node 20.19 or newer."
    return Finding("Node", True, version or "none", mend)


def _browser(env: Mapping[str, str]) -> Finding:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, (shutil.which(name, path=env.get("PATH")) for name in names)), None)
    mend = "" if found else "Only for the tests: install Chromium."
    return Finding("Chromium", True, found or "none", mend)


def _qgis() -> Finding:
    script = "import importlib.util as u; print(u.find_spec('qgis').origin)"
    place = _said(["/usr/bin/python3", "-c", script], {})
    mend = "" if place else "Only for the tests: sudo apt-get install -y python3-qgis"
    return Finding("QGIS for Python", True, place or "none", mend)


def _said(command: list[str], env: Mapping[str, str]) -> str:
    program = shutil.which(command[0], path=env.get("PATH"))
    if not program:
        return ""
    try:
        return subprocess.run(
            [program, *command[1:]],
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _existing(path: Path) -> Path:
    """The path itself, or the nearest place above it that is there."""
    return next(step for step in (path, *path.parents) if step.is_dir())
