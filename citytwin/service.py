"""The city's processes: the database, the web workers, the analyses, the clock."""

import contextlib
import json
import logging
import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from zoneinfo import ZoneInfo

from granian import Granian
from granian.constants import Interfaces
from httpx import HTTPError

import twin_model.known  # noqa: F401
from citytwin.door import own_door
from citytwin.feeds import subscriber
from citytwin.home import is_empty, is_sample, open_city, rasters_dir
from citytwin.running import STATE, answers, local, status, url
from citytwin.settings import Settings, environment_of
from spatial.analyses.worker import work
from spatial.clock import tick
from spatial.database import Database
from spatial.errors import CityError, Conflict, Unavailable
from spatial.postgres.cluster import Cluster
from tiles.keep import keep
from tiles.mvt.encoder import ready
from twin_model.alerts.engine import Engine
from twin_model.alerts.notes import escalate
from twin_model.cases.from_alerts import open_cases
from twin_model.cases.hand_over import hand_over
from twin_model.incidents.fold import fold
from twin_model.tend import tend, tidy

LOG = logging.getLogger("citytwin")
KILL_AFTER_S = 5
TICK_S = 1.0
TEND_S = 2.0
TIDY_S = 3600.0


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
    # compiled once for all workers, meanwhile
    kernels = Thread(target=ready, name="kernels", daemon=True)
    kernels.start()
    with open_city(chosen) as (database, found):
        state.write_text(json.dumps({"pid": os.getpid(), "url": url(chosen)}))
        try:
            if sample and is_empty(database):
                # the generator and its libraries take a second that a later start should not pay
                from citytwin.seed import seed

                seed(database, found, say)
            os.environ.update(environment_of(found))
            kernels.join()
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
        Thread(target=_hand_over, args=(database, stop), name="hand-over"),
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


def _hand_over(database: Database, stop: Event) -> None:
    """Give cases to their departments' systems; one that does not answer holds up nobody else."""
    while not stop.wait(TEND_S):
        try:
            hand_over(database)
        except CityError as error:
            LOG.warning("cases wait: %s", error)
        except Exception:
            LOG.exception("cases are not handed over")  # but will be, in the next round


def _watch(database: Database, chosen: Settings, stop: Event) -> None:
    """Judge readings by the rules as they come."""
    engine = Engine(database, ZoneInfo(chosen.timezone))
    while not stop.wait(TEND_S):
        try:
            engine.cycle()
            escalate(database)
            fold(database)
            open_cases(database)
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
        if not answers(chosen):
            continue
        try:
            with own_door(database, f"http://{local(chosen)}:{chosen.port}/", AUTHOR, stop) as door:
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
        if answers(chosen):
            say(f"ready: {url(chosen)}")
            return
