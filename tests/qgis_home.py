"""The real QGIS, asked in a process of its own with a home of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "end_to_end"
PYTHON = "/usr/bin/python3"
TREE = Path("/var/cache/citytwin/qgis")
Qgis = Callable[..., dict[str, Any]]


def qgis_at(url: str, home: Path) -> Qgis:
    """A function that has QGIS read what it is told of a service; skips where there is none."""
    if not _runs([PYTHON, "-c", "import qgis.core"]):
        pytest.skip("no QGIS here: apt install python3-qgis")
    return _asking([PYTHON, str(SCRIPTS / "qgis_reader.py")], url, home)


@contextmanager
def editing_qgis() -> Iterator[tuple[Path, Callable[[str], Qgis]]]:
    """A QGIS that edits: a place for its files, and what has it work on the service at a URL.

    It is the system's own where that is new enough, else that of scripts/new_qgis.sh.
    """
    new = "from qgis.core import Qgis; raise SystemExit(Qgis.QGIS_VERSION_INT < 33400)"
    within: list[str] = []
    if not _runs([PYTHON, "-c", new]):
        within = ["/usr/sbin/chroot", str(TREE)]
        if not _runs([*within, PYTHON, "-c", new]):
            pytest.skip("no QGIS that edits here: as root, sh scripts/new_qgis.sh")
    with TemporaryDirectory(dir=TREE / "tmp" if within else None) as place:
        home = Path(place)
        for name in ("qgis_reader.py", "qgis_editor.py"):
            shutil.copy(SCRIPTS / name, home)
        inside = Path("/tmp", home.name) if within else home
        command = [*within, PYTHON, str(inside / "qgis_editor.py")]
        yield home, lambda url: _asking(command, url, inside)


def _runs(command: list[str]) -> bool:
    try:
        return not subprocess.run(command, env=_environment(), capture_output=True).returncode
    except OSError:
        return False


def _environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**clean, "QT_QPA_PLATFORM": "offscreen"}


def _asking(command: list[str], url: str, home: Path) -> Qgis:
    """Each order to a process of its own. home: where it may write, as it sees it."""
    environment = {
        **_environment(),
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "QGIS_AUTH_DB_DIR_PATH": str(home),
    }

    def ask(**order: Any) -> dict[str, Any]:
        done = subprocess.run(
            command,
            input=json.dumps({"url": url} | order),
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen

    return ask
