"""A really running city: `citytwin up` on a free port, seeded with the sample."""

import atexit
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from places import new_place

READY = "ready: "
READY_WITHIN_S = 180
STOP_WITHIN_S = 60


@dataclass(frozen=True)
class Service:
    """A running service; `url` ends with a slash."""

    url: str
    data_dir: Path

    def command(self, *words: str) -> Any:
        """Run a `citytwin` command beside the service; its JSON answer."""
        command = [*_CITYTWIN, *words, "--data", str(self.data_dir), "--json"]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"citytwin {' '.join(words)}: {done.stderr}")
        return json.loads(done.stdout)

    def token(self, scope: str = "read", *options: str) -> str:
        """A new token of this scope; options are those of `citytwin token create`."""
        made = self.command("token", "create", "--scope", scope, *options)
        return str(made["token"])


@contextmanager
def running_service(*options: str, mortal: bool = False) -> Iterator[Service]:
    """Start a city of its own in a new directory, and stop it with all that it started.

    options: further options of `citytwin up`, such as `--no-sample`; nothing moves in the sample
    city unless they say `--simulator`. mortal: somebody is going to kill it.
    Raises RuntimeError with what it said where it is not ready within `READY_WITHIN_S`, and where
    it has ended before its time.
    """
    data_dir = new_place("city-")
    if "--no-sample" not in options:
        shutil.rmtree(data_dir)
        subprocess.run(["cp", "-a", _seeded(), data_dir], check=True)
    with _running(data_dir, options, mortal) as service:
        yield service


@cache
def _seeded() -> Path:
    """The data directory of a sample city that was made once, stopped and not used since."""
    place = new_place("city-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    with _running(place, (), mortal=False, keep=True):
        pass
    return place


@contextmanager
def _running(
    data_dir: Path, options: Sequence[str], mortal: bool, keep: bool = False
) -> Iterator[Service]:
    with (data_dir / "up.stderr").open("w+") as complaints:
        command = [*_CITYTWIN, "up", "--port", str(_free_port()), "--data", str(data_dir)]
        command += ["--no-simulator", *options]
        process = subprocess.Popen(
            command,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,
        )
        try:
            url = _address(process)
            if url is None:
                complaints.seek(0)
                raise RuntimeError(f"the service is not ready: {complaints.read()[-2000:]}")
            yield Service(url, data_dir)
            if process.poll() is not None and not mortal:
                complaints.seek(0)
                raise RuntimeError(f"the service ended by itself: {complaints.read()[-2000:]}")
        finally:
            _stop(process, data_dir)
            if not keep:
                shutil.rmtree(data_dir, ignore_errors=True)


_CITYTWIN = (sys.executable, "-m", "citytwin")


def environment() -> dict[str, str]:
    """The caller's environment, without a city of its own in it."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CITYTWIN_") and name != "FORCE_COLOR"
    }


def _free_port() -> int:
    """One below those that the system gives to clients, who might take it before the service."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


def _address(process: subprocess.Popen[str]) -> str | None:
    """The address in its "ready" line; None where it ends or takes too long."""
    found: list[str] = []
    done = Event()

    def listen(out: IO[str]) -> None:
        for line in out:  # to the end, so that its pipe never fills
            if line.startswith(READY) and not found:
                found.append(line.removeprefix(READY).strip())
                done.set()
        done.set()

    assert process.stdout is not None
    Thread(target=listen, args=(process.stdout,), daemon=True).start()
    done.wait(READY_WITHIN_S)
    return found[0] if found else None


def _stop(process: subprocess.Popen[str], data_dir: Path) -> None:
    command = [*_CITYTWIN, "down", "--data", str(data_dir)]
    subprocess.run(command, env=environment(), capture_output=True, check=False)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
