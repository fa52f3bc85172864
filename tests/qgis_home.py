"""The real QGIS, asked in a process of its own with a home of its own."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

READER = Path(__file__).parent / "end_to_end" / "qgis_reader.py"
PYTHON = "/usr/bin/python3"
Qgis = Callable[..., dict[str, Any]]


def qgis_at(url: str, home: Path) -> Qgis:
    """A function that has QGIS read what it is told of a service; skips where there is none."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "QGIS_AUTH_DB_DIR_PATH": str(home),
        "QT_QPA_PLATFORM": "offscreen",
    }
    try:
        subprocess.run([PYTHON, "-c", "import qgis.core"], env=environment, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no QGIS here: apt install python3-qgis")

    def ask(**order: Any) -> dict[str, Any]:
        done = subprocess.run(
            [PYTHON, str(READER)],
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
