"""A real broker: Mosquitto as we configure it, but for its port and place."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
WITHIN_S = 40


@dataclass
class Broker:
    """A broker that may be stopped, and started again with more to its configuration."""

    place: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self, *more: str) -> None:
        told = (ROOT / "scripts" / "mosquitto.conf").read_text()
        told = told.replace("listener 1883 127.0.0.1", f"listener {self.port} 127.0.0.1")
        told = told.replace("/var/lib/mosquitto/", f"{self.place}/")
        if "allow_anonymous false" in more:
            told = told.replace("allow_anonymous true", "")
        root = ["user root"] if os.geteuid() == 0 else []
        file = self.place / "mosquitto.conf"
        file.write_text("\n".join([told, *more, *root, ""]))
        assert MOSQUITTO is not None
        self.process = subprocess.Popen([MOSQUITTO, "-c", str(file)], stderr=subprocess.DEVNULL)
        until(self._listens)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)


@contextmanager
def running_broker() -> Iterator[Broker]:
    """A broker on a port of its own; skips where there is no Mosquitto."""
    if MOSQUITTO is None:
        pytest.skip("there is no mosquitto: apt-get install mosquitto")
    place = Path(tempfile.mkdtemp(prefix="citytwin-broker-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = Broker(place, probe.getsockname()[1])
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(place, ignore_errors=True)


def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
