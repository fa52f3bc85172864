"""The worker: runs what is queued, kills what is dismissed, rescues what lost its runner."""

import os
import re
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
import trial_analyses

from spatial.analyses import jobs, queue
from spatial.analyses.runner import run
from spatial.analyses.worker import work
from spatial.asof import AsOf
from spatial.grant import OWNER


@pytest.fixture
def worker(conninfo, monkeypatch):
    """A worker whose runners can import the trial analyses."""
    tests = Path(trial_analyses.__file__).parent
    monkeypatch.setenv("PYTHONPATH", f"{tests.parent}{os.pathsep}{tests}")
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(conninfo, stop), kwargs={"runners": 2})
    thread.start()
    yield stop
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def submit(database, **inputs):
    return jobs.submit(database, "trial", {"layer": "plots"} | inputs, AsOf(), OWNER)


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def companion(database, job):
    """The process that the trial started beside it, once it runs."""

    def started():
        return re.search(r"beside (\d+)", jobs.get(database, job, OWNER).message)

    return int(until(started)[1])


def members(group):
    """The processes of a group that live."""
    alive = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, process_group = stat.read_text().rpartition(")")[2].split()[:3]
            if state != "Z" and int(process_group) == group:
                alive.add(int(stat.parent.name))
    return alive


def staged(database):
    with database.begin() as tx:
        return tx.pg.execute("SELECT 1 FROM pg_tables WHERE tablename ~ '^staging_'").fetchall()


def test_jobs_run_and_a_dismissed_one_is_killed_with_all_its_processes(database, plots, worker):
    slow = submit(database, seconds=60)
    quick = submit(database)
    pid = companion(database, slow)
    assert jobs.wait(database, quick, OWNER, 20).status == "successful"
    group = os.getpgid(pid)
    assert group != os.getpgid(0)
    assert {pid, group} <= members(group)
    dismissed = time.monotonic()
    jobs.dismiss(database, slow, OWNER)
    until(lambda: not members(group), 5)
    assert time.monotonic() - dismissed < 3
    until(lambda: not staged(database))
    assert jobs.get(database, slow, OWNER).status == "dismissed"


def test_a_killed_runner_is_replaced_and_its_job_finishes_once(database, plots, worker):
    job = submit(database, seconds=2)
    pid = companion(database, job)
    group = os.getpgid(pid)
    os.kill(group, signal.SIGKILL)
    until(lambda: not members(group), 5)
    finished = jobs.wait(database, job, OWNER, 30)
    assert (finished.status, finished.attempts) == ("successful", 2)
    with database.begin() as tx:
        made = tx.pg.execute("SELECT name FROM city.layer WHERE lineage->>'job' = %s", [str(job)])
        assert len(made.fetchall()) == 1
    until(lambda: not staged(database))


def test_the_end_of_the_worker_ends_its_runners_and_keeps_the_job(database, plots, worker):
    job = submit(database, seconds=60)
    group = os.getpgid(companion(database, job))
    worker.set()
    until(lambda: not members(group), 5)
    until(lambda: rescued(database, job))
    assert jobs.get(database, job, OWNER).status == "accepted"
    assert staged(database) == []


def rescued(database, job) -> bool:
    """The server lets a closed connection's lock go a moment later, not at once."""
    queue.rescue(database)
    return jobs.get(database, job, OWNER).status != "running"


def test_a_job_that_kills_its_runner_fails_at_last(database, plots):
    job = submit(database)
    for _ in range(queue.ATTEMPTS):
        with queue.claim(database, job) as claimed:
            assert claimed
            with queue.claim(database, job) as second:
                assert second is None
            queue.rescue(database)
            assert jobs.get(database, job, OWNER).status == "running"
        until(lambda: rescued(database, job))
    failed = jobs.get(database, job, OWNER)
    assert failed.status == "failed"
    assert "lost 3 times" in failed.message


def test_a_runner_given_up_for_dead_cannot_finish(database, plots):
    job = submit(database)
    with queue.claim(database, job) as stale:
        with database.begin() as tx:
            tx.pg.execute("UPDATE city.job SET status = 'accepted' WHERE id = %s", [job])
            tx.pg.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
        until(lambda: not _lock_held(database))
        run(database, job)
        with pytest.raises(queue.Dismissed), database.begin() as tx:
            stale.succeed(tx.pg, {})
    assert jobs.get(database, job, OWNER).attempts == 2


def _lock_held(database):
    with database.begin() as tx:
        return tx.pg.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'").fetchone()


def test_an_analysis_that_the_worker_does_not_know_fails(database, plots, worker):
    with psycopg.connect(database.conninfo) as pg:
        pg.execute(
            "INSERT INTO city.job (id, analysis, inputs, grant_)"
            " SELECT gen_random_uuid(), 'alchemy', inputs, grant_ FROM city.job WHERE id = %s",
            [submit(database)],
        )
    (job,) = [one for one in jobs.every(database, OWNER) if one.analysis == "alchemy"]
    finished = jobs.wait(database, job.id, OWNER, 20)
    assert finished.status == "failed"
    assert "no analysis 'alchemy'" in finished.message
