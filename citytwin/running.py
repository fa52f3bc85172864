"""What runs on a data directory: said, started in the background, stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from citytwin.settings import Settings, environment_of
from spatial.errors import Misconfigured, Unavailable
from spatial.postgres import cluster

STATE = "service.json"
PATIENCE_S = 600


def url(chosen: Settings) -> str:
    """Where the service is seen from this machine."""
    return chosen.base_url or f"http://{local(chosen)}:{chosen.port}/"


def local(chosen: Settings) -> str:
    """The host where this machine reaches the service."""
    return "127.0.0.1" if chosen.host in ("0.0.0.0", "::") else chosen.host


def answers(chosen: Settings) -> bool:
    """Whether the service is ready."""
    connection = HTTPConnection(local(chosen), chosen.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def detach(chosen: Settings, *, sample: bool, simulator: bool = True) -> str:
    """Start `up` in the background; returns its address once it serves."""
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    log = chosen.data_dir / "service.log"
    command = [sys.executable, "-m", "citytwin", "up"]
    command += [] if sample else ["--no-sample"]
    command += [] if simulator else ["--no-simulator"]
    with log.open("ab") as out:
        child = subprocess.Popen(
            command,
            env=os.environ | environment_of(chosen),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise Misconfigured(f"the service ended at once; its last words: {_last_line(log)}")
        state = _state(chosen)
        if state.get("pid") == child.pid and answers(chosen):
            return url(chosen)
        time.sleep(0.1)
    raise Unavailable(f"the service does not answer; see {log}")


def down(chosen: Settings) -> bool:
    """Stop the service and the embedded database of a data directory."""
    state = _state(chosen)
    running = bool(state) and _alive(state["pid"])
    if running:
        os.kill(state["pid"], signal.SIGTERM)
        deadline = time.monotonic() + 30
        while _alive(state["pid"]) and time.monotonic() < deadline:
            time.sleep(0.1)
    stopped = False if chosen.database_url else cluster.stop(chosen.data_dir)
    return running or stopped


def status(chosen: Settings) -> dict[str, Any]:
    """What runs on a data directory."""
    state = _state(chosen)
    alive = bool(state) and _alive(state["pid"])
    return {
        "data": str(chosen.data_dir),
        "service": "running" if alive else "stopped",
        "url": state.get("url") if alive else None,
        "database": "external"
        if chosen.database_url
        else "running"
        if cluster.running(chosen.data_dir)
        else "stopped",
    }


def _state(chosen: Settings) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((chosen.data_dir / STATE).read_text())
        return found
    except (OSError, ValueError):
        return {}


def _alive(pid: int) -> bool:
    """Whether that process is a city's service, not a stranger with a reused number."""
    try:
        os.kill(pid, 0)
        words = Path(f"/proc/{pid}/cmdline")
        return not words.exists() or b"citytwin" in words.read_bytes()
    except OSError:
        return False


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "none"
