"""The worker: runs queued jobs, each in its own process group, and kills what is dismissed."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from threading import Event
from uuid import UUID

import psycopg

from spatial.analyses import queue, registry, workshop
from spatial.analyses.inputs import resolver_modules
from spatial.analyses.jobs import CHANNEL, Job
from spatial.analyses.run_job import Order
from spatial.database import Database, Pg
from spatial.errors import NotFound, Unavailable

LOG = logging.getLogger(__name__)
GLANCE_S = 0.25
POLL_S = 2.0


def work(
    conninfo: str,
    stop: Event,
    *,
    runners: int = 1,
    store: Path | None = None,
    dask: str | None = None,
    workers: int | None = None,
) -> None:
    """Run queued jobs, up to `runners` at once, until `stop` is set; then kill what still runs.

    Knows the analyses that are registered here, each by an importable module. A killed job stays
    `running` with its lock free, so that the next worker runs it again.
    """
    database = Database(conninfo)
    crew = _Crew(database, runners, store, dask, workers)
    try:
        while not stop.is_set():
            try:
                with database.listen() as bell:
                    bell.execute(f"LISTEN {CHANNEL}".encode())
                    _serve(bell, crew, stop)
            except (Unavailable, psycopg.OperationalError) as error:
                LOG.warning("the queue cannot be read now: %s", error)
                stop.wait(POLL_S)
            except Exception:
                LOG.exception("the worker stumbled, and goes on")
                stop.wait(POLL_S)
    finally:
        crew.kill_all()
        database.close()


def _serve(bell: Pg, crew: "_Crew", stop: Event) -> None:
    due = 0.0
    while not stop.is_set():
        if crew.reap() or time.monotonic() >= due:
            crew.tend()
            due = time.monotonic() + POLL_S
        if list(bell.notifies(timeout=GLANCE_S, stop_after=1)):
            due = 0.0


class _Crew:
    """The processes that run jobs now."""

    def __init__(
        self,
        database: Database,
        size: int,
        store: Path | None,
        dask: str | None,
        workers: int | None,
    ) -> None:
        self._database, self._size, self._store = database, size, store
        self._dask, self._workers = dask, workers
        self._running: dict[UUID, subprocess.Popen[bytes]] = {}
        self._deaths: Counter[UUID] = Counter()

    def tend(self) -> None:
        """Kill what was dismissed, rescue what lost its runner, start what waits."""
        with self._database.begin() as tx:
            alive = queue.still_open(tx.pg, list(self._running))
        for job in set(self._running) - alive:
            self._kill(job)
        queue.rescue(self._database)
        if self._store:
            workshop.sweep(self._database, self._store)
        free = self._size - len(self._running)
        if free > 0:
            with self._database.begin() as tx:
                waiting = queue.waiting(tx.pg, self._size)
            for found in [one for one in waiting if one.id not in self._running][:free]:
                self._start(found)

    def reap(self) -> bool:
        """Whether a runner ended well, so that the next can start without a pause.

        Whatever is left of its group is killed.
        """
        ended = [job for job, process in self._running.items() if _has_ended(process)]
        codes = {job: self._kill(job) for job in ended}
        for job in (job for job, code in codes.items() if code):
            self._blame(job)
        return 0 in codes.values()

    def _blame(self, job: UUID) -> None:
        """A runner that dies before it can claim its job must not be started for ever."""
        self._deaths[job] += 1
        if self._deaths[job] >= queue.ATTEMPTS:
            with queue.claim(self._database, job) as claimed:
                if claimed:
                    claimed.end("failed", "the process that runs analyses could not start")

    def kill_all(self) -> None:
        for job in list(self._running):
            self._kill(job)

    def _start(self, job: Job) -> None:
        try:
            module = registry.find(job.analysis).function.__module__
        except NotFound as error:
            with queue.claim(self._database, job.id) as claimed:
                if claimed:
                    claimed.end("failed", str(error))
            return
        modules = [module, *sorted(resolver_modules())]
        order = Order(
            self._database.conninfo,
            str(job.id),
            modules,
            str(self._store) if self._store else None,
            self._dask,
            self._workers,
        )
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", Order.__module__],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._running[job.id] = process
        assert process.stdin is not None
        process.stdin.write(order.line())
        process.stdin.flush()

    def _kill(self, job: UUID) -> int:
        """Kill the whole group before its leader is reaped, while its id cannot be another's.

        Returns the leader's exit code.
        """
        process = self._running.pop(job)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        if process.stdin is not None:
            process.stdin.close()
        return code


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended, leaving it to be reaped."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
