"""Somebody who plans, and something that runs what is submitted."""

import threading
from collections.abc import Iterator

import pytest
import trial_analyses  # noqa: F401
from worlds import bearer

from spatial.analyses import queue
from spatial.analyses.runner import run
from spatial.database import Database


@pytest.fixture
def planner(database: Database) -> dict[str, str]:
    return bearer(database, "planner")


@pytest.fixture
def runner(database: Database) -> Iterator[None]:
    """Runs whatever is submitted, here."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            with database.begin() as tx:
                waiting = queue.waiting(tx.pg, 1)
            for job in waiting:
                run(database, job.id)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()
