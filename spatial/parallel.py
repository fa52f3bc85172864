"""Dask where there are several parts, this very process where there is one."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from spatial.database import Database
from spatial.errors import Misconfigured, Unavailable

AT_MOST = 16
START_S = 30
NO_DASHBOARD = "127.0.0.1:0"


class Elsewhere(Exception):
    """The work is too much for this process: it belongs into one of its own."""


class Parallel:
    """Where the parts of one run are worked on.

    With an address, a Dask cluster that is there already, whose workers must reach the database;
    else processes of this machine, one thread each, started when the first several parts come.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._address = address
        self._workers = workers or min(len(os.sched_getaffinity(0)), AT_MOST)
        self._open = ExitStack()
        self._client: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def map[T, R](self, function: Callable[[T], R], parts: Sequence[T]) -> Iterator[R]:
        """The function's results, as they come in.

        Function, parts and results travel between processes: keep them small, and let a task
        read its own data. A task may be run twice where a worker is lost.
        """
        if len(parts) == 1 or (self._workers == 1 and not self._address):
            yield from map(function, parts)
        elif parts:
            yield from self._spread(function, parts)

    def _spread[T, R](self, function: Callable[[T], R], parts: Sequence[T]) -> Iterator[R]:
        # Importing Dask takes a second that a single part should not pay.
        distributed: Any = import_module("distributed")
        client = self._connect(distributed)
        futures = client.map(function, parts, key="part", pure=False)
        try:
            for _, result in distributed.as_completed(futures, with_results=True):
                yield result
        except distributed.KilledWorker:
            raise Misconfigured(
                "a worker died again and again at the same part: the machine has too little memory"
            ) from None
        finally:
            client.cancel(futures)

    def _connect(self, distributed: Any) -> Any:
        logging.getLogger("distributed").setLevel(logging.ERROR)
        if self._client is None:
            place: Any = self._address
            if place is None:
                place = self._open.enter_context(
                    distributed.LocalCluster(
                        n_workers=self._workers,
                        threads_per_worker=1,
                        processes=True,
                        # what fails in a task is raised and logged here
                        silence_logs=logging.CRITICAL,
                        # no dashboard, and the rest of its pages on any free port
                        scheduler_kwargs={"dashboard": False, "dashboard_address": NO_DASHBOARD},
                    )
                )
            try:
                self._client = self._open.enter_context(distributed.Client(place, timeout=START_S))
            except OSError:
                raise Unavailable(f"no Dask scheduler answers at {self._address}") from None
        return self._client


class Alone(Parallel):
    """This very process and no other; several parts are too much for it."""

    def _spread[T, R](self, function: Callable[[T], R], parts: Sequence[T]) -> Iterator[R]:
        raise Elsewhere


@lru_cache(maxsize=4)
def database_here(conninfo: str) -> Database:
    """The database, opened once in each process that works on parts."""
    return Database(conninfo)
