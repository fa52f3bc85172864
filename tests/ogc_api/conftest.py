"""Somebody who plans, somebody who edits, and something that runs what is submitted."""

import threading
from collections.abc import Iterator

import pytest
import trial_analyses  # noqa: F401
from edits import Bearer
from starlette.testclient import TestClient
from worlds import bearer as bearer_of

from spatial import token
from spatial.analyses import queue
from spatial.analyses.runner import run
from spatial.database import Database


@pytest.fixture
def planner(database: Database) -> dict[str, str]:
    return bearer_of(database, "planner")


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


@pytest.fixture
def bearer(database: Database) -> Bearer:
    def issue(scope: str = "write", **options: object) -> dict[str, str]:
        secret = token.create(database, scope, **options)  # type: ignore[arg-type]
        return {"Authorization": f"Bearer {secret}"}

    return issue


@pytest.fixture
def editor(client: TestClient, plots: object, bearer: Bearer) -> TestClient:
    """A client that may write, over the layer `plots`."""
    client.headers.update(bearer(subject="ada"))
    return client
