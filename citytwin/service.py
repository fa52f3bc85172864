"""The city's processes: the database, the web workers, the analyses, the clock."""

import contextlib
import json
import logging
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

from granian import Granian
from granian.constants import Interfaces
from httpx import HTTPError

import twin_model.known  # noqa: F401
from citytwin.door import own_door
from citytwin.feeds import subscriber
from citytwin.home import is_empty, is_sample, open_city, rasters_dir
from citytwin.settings import Settings, environment_of
from spatial.analyses.worker import work
from spatial.clock import tick
from spatial.database import Database
from spatial.errors import CityError, Conflict, Misconfigured, Unavailable
from spatial.postgres import cluster
from spatial.postgres.cluster import Cluster
from tiles.keep import keep
from twin_model.alerts.engine import Engine
from twin_model.alerts.notes import escalate
from twin_model.cases.hand_over import hand_over
from twin_model.incidents.fold import fold
from twin_model.tend import tend, tidy

LOG = logging.getLogger("citytwin")
STATE = "service.json"
PATIENCE_S = 600
KILL_AFTER_S = 5
TICK_S = 1.0
TEND_S = 2.0
TIDY_S = 3600.0


def url(chosen: Settings) -> str:
    """Where the service is seen from this machine."""
    return chosen.base_url or f"http://{_local(chosen)}:{chosen.port}/"


def _local(chosen: Settings) -> str:
    return "127.0.0.1" if chosen.host in ("0.0.0.0", "::") else chosen.host


def up(
    chosen: Settings, *, sample: bool, simulator: bool = True, say: Callable[[str], None]
) -> None:
    """Serve until told to stop, then stop what this started.

    Raises Conflict where a service runs on this data directory already, or another program on
    its port.
    """
    other = status(chosen)
    if other["service"] == "running":
        raise Conflict(f"the city is up already: {other['url']}")
    _require_free_port(chosen)
    state = chosen.data_dir / STATE
    state.parent.mkdir(parents=True, exist_ok=True)
    with open_city(chosen) as (database, found):
        state.write_text(json.dumps({"pid": os.getpid(), "url": url(chosen)}))
        try:
            if sample and is_empty(database):
                # the generator and its libraries take a second that a later start should not pay
                from citytwin.seed import seed

                seed(database, found, say)
            os.environ.update(environment_of(found))
            with _helpers(database, chosen, found, say, sample and simulator):
                _serve(chosen)
        finally:
            state.unlink(missing_ok=True)


def _require_free_port(chosen: Settings) -> None:
    """The web workers share their port, and would share it with a stranger too."""
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((chosen.host, chosen.port))
        except OSError as error:
            raise Conflict(
                f"port {chosen.port} of {chosen.host} cannot be had ({error.strerror}):"
                " choose another with --port"
            ) from None


@contextlib.contextmanager
def _helpers(
    database: Database,
    chosen: Settings,
    found: Settings,
    say: Callable[[str], None],
    simulator: bool,
) -> Iterator[None]:
    """The threads that work beside the web workers."""
    stop = Event()
    threads = [
        Thread(
            target=work,
            args=(found.database_url, stop),
            kwargs={"store": rasters_dir(chosen), "dask": found.dask or None},
            name="analyses",
        ),
        Thread(target=_clock, args=(database, chosen, stop), name="clock"),
        Thread(target=_tend, args=(database, stop), name="twin"),
        Thread(target=_watch, args=(database, chosen, stop), name="alerts"),
        Thread(target=keep, args=(database, stop), name="tiles"),
        Thread(target=_announce, args=(chosen, stop, say), name="announce"),
    ]
    if chosen.mqtt:
        threads.append(Thread(target=_subscribe, args=(database, chosen, stop), name="mqtt"))
    if simulator and is_sample(database):
        threads.append(Thread(target=_simulate, args=(database, chosen, stop), name="simulator"))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _serve(chosen: Settings) -> None:
    # a fork would take our threads' locks along, and the hold on the database
    multiprocessing.set_start_method("spawn", force=True)
    Granian(
        "citytwin.app:worker",
        address=chosen.host,
        port=chosen.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=chosen.workers,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_S,
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]
    ).serve()


def _clock(database: Database, chosen: Settings, stop: Event) -> None:
    """Note the moments that pass, and start the embedded database again should it die."""
    while not stop.wait(TICK_S):
        try:
            tick(database)
        except Unavailable as error:
            LOG.warning("the clock waits: %s", error)
            _revive(chosen)
        except CityError as error:
            LOG.warning("the clock waits: %s", error)


def _tend(database: Database, stop: Event) -> None:
    """Keep the twin's keyframes, assets and partitions up to date."""
    tidied = -TIDY_S
    while not stop.wait(TEND_S):
        try:
            tend(database)
            if time.monotonic() - tidied > TIDY_S:
                tidied = time.monotonic()
                tidy(database)
        except CityError as error:
            LOG.warning("the twin waits: %s", error)
        except Exception:
            LOG.exception("the twin is not tended")  # but will be, in the next round


def _watch(database: Database, chosen: Settings, stop: Event) -> None:
    """Judge readings by the rules as they come."""
    engine = Engine(database, ZoneInfo(chosen.timezone))
    while not stop.wait(TEND_S):
        try:
            engine.cycle()
            escalate(database)
            fold(database)
            hand_over(database)
        except CityError as error:
            LOG.warning("alerts wait: %s", error)
        except Exception:
            LOG.exception("the rules are not judged")  # but will be, in the next round


def _subscribe(database: Database, chosen: Settings, stop: Event) -> None:
    """Store what the broker delivers."""
    while not stop.is_set():
        try:
            subscriber(database, chosen).run(stop)
        except CityError as error:
            LOG.warning("readings wait at the broker: %s", error)
            stop.wait(TEND_S)


def _simulate(database: Database, chosen: Settings, stop: Event) -> None:
    """Keep the sample city alive, as long as it is up."""
    from citytwin.simulate import AUTHOR, simulate

    while not stop.wait(TEND_S):
        if not _answers(chosen):
            continue
        try:
            with own_door(
                database, f"http://{_local(chosen)}:{chosen.port}/", AUTHOR, stop
            ) as door:
                simulate(door)
        except (CityError, HTTPError) as error:
            LOG.warning("the simulator waits: %s", error)


def _revive(chosen: Settings) -> None:
    if chosen.database_url:
        return
    try:
        # what is let go here is held by `up` still, and so stays running
        Cluster.open(chosen.data_dir).close()
    except CityError as error:
        LOG.warning("%s", error)


def _announce(chosen: Settings, stop: Event, say: Callable[[str], None]) -> None:
    """Say ready once the service answers, so that whoever reads it can rely on it."""
    while not stop.wait(0.1):
        if _answers(chosen):
            say(f"ready: {url(chosen)}")
            return


def _answers(chosen: Settings) -> bool:
    connection = HTTPConnection(_local(chosen), chosen.port, timeout=2)
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
        if state.get("pid") == child.pid and _answers(chosen):
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
