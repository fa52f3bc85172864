"""Jobs as runners see them: claimed, told of progress, finished, found orphaned.

A claim holds the job's session advisory lock for as long as its own connection lives. What is
`running` while nobody holds that lock has lost its runner.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from spatial.analyses import jobs, staging
from spatial.analyses.jobs import CHANNEL, Job
from spatial.database import Database, Pg

ATTEMPTS = 3

_END = "finished_at = clock_timestamp()"
_OURS = "WHERE id = %s AND status = 'running' AND attempts = %s"


class Dismissed(Exception):
    """The job is no longer ours to run: dismissed, or taken over by another runner."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a job. `attempts` fences off a runner that was given up for dead."""

    database: Database
    job: Job

    def progress(self, share: float, message: str) -> None:
        """Say how far it is (0 to 1); raises Dismissed where the job was taken away."""
        with self.database.begin() as tx:
            self._update(tx.pg, "progress = %s, message = %s", [int(100 * share), message])

    def succeed(self, pg: Pg, result: dict[str, Any]) -> None:
        """Close the job in the caller's transaction, which commits its output too."""
        done = f"status = 'successful', progress = 100, message = '', result = %s, {_END}"
        self._update(pg, done, [Jsonb(result)])

    def end(self, status: Literal["failed", "dismissed"], message: str) -> None:
        """Close the job without a result, with a reason for people."""
        with self.database.begin() as tx:
            self._update(tx.pg, f"status = %s, message = %s, {_END}", [status, message])

    def release(self) -> None:
        """Put the job back into the queue, for a worker to run from its beginning."""
        with self.database.begin() as tx:
            self._update(tx.pg, "status = 'accepted', message = '', progress = 0", [])
            tx.pg.execute(f"NOTIFY {CHANNEL}")

    def _update(self, pg: Pg, change: str, values: list[Any]) -> None:
        query = f"UPDATE city.job SET {change}, updated_at = clock_timestamp() {_OURS}".encode()
        if pg.execute(query, [*values, self.job.id, self.job.attempts]).rowcount != 1:
            raise Dismissed


@contextmanager
def claim(database: Database, job: UUID) -> Iterator[Claim | None]:
    """Take a waiting job and hold it; None where it does not wait or another has it."""
    holder = database.listen()
    try:
        taken = _take(holder, job)
        yield Claim(database, taken) if taken else None
    finally:
        holder.close()


def _take(holder: Pg, job: UUID) -> Job | None:
    with holder.transaction(), holder.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT 1 FROM city.job WHERE id = %s AND status = 'accepted' FOR UPDATE SKIP LOCKED",
            [job],
        )
        if cursor.fetchone() is None or not _locked(holder, "pg_try_advisory_lock", job):
            return None
        row = cursor.execute(
            "UPDATE city.job SET status = 'running', attempts = attempts + 1, progress = 0,"
            " message = '', started_at = clock_timestamp(), updated_at = clock_timestamp()"
            " WHERE id = %s RETURNING *",
            [job],
        ).fetchone()
        return jobs.load(row) if row else None


def waiting(pg: Pg, limit: int) -> list[Job]:
    """The jobs that wait longest."""
    with pg.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            "SELECT * FROM city.job WHERE status = 'accepted' ORDER BY created_at LIMIT %s"
            " FOR UPDATE SKIP LOCKED",
            [limit],
        )
        return [jobs.load(row) for row in cursor]


def still_open(pg: Pg, ids: list[UUID]) -> set[UUID]:
    """Those of the jobs that nobody has dismissed or finished."""
    rows = pg.execute(
        "SELECT id FROM city.job WHERE id = ANY(%s) AND status = ANY(%s)", [ids, list(jobs.OPEN)]
    )
    return {row[0] for row in rows}


def rescue(database: Database) -> None:
    """Queue again every job whose runner is gone, or fail it at last; clear what they left."""
    with database.begin() as tx:
        rows = tx.pg.execute(
            "SELECT id, attempts FROM city.job WHERE status = 'running' FOR UPDATE SKIP LOCKED"
        ).fetchall()
        lost = [row for row in rows if _locked(tx.pg, "pg_try_advisory_xact_lock", row[0])]
        for job, attempts in lost:
            _requeue(tx.pg, job, last=attempts >= ATTEMPTS)
        if lost:
            tx.pg.execute(f"NOTIFY {CHANNEL}")
    staging.sweep(database)


def _requeue(pg: Pg, job: UUID, *, last: bool) -> None:
    status, message = "accepted", "the runner was lost; waiting to run again"
    if last:
        status = "failed"
        message = f"the runner was lost {ATTEMPTS} times, perhaps for want of memory"
    pg.execute(
        "UPDATE city.job SET status = %(status)s, message = %(message)s, progress = 0,"
        " finished_at = CASE WHEN %(last)s THEN clock_timestamp() END,"
        " updated_at = clock_timestamp() WHERE id = %(id)s",
        {"status": status, "message": message, "last": last, "id": job},
    )


def _locked(pg: Pg, function: str, job: UUID) -> bool:
    key = int.from_bytes(job.bytes[:8], signed=True)
    row = pg.execute(f"SELECT {function}(%s)".encode(), [key]).fetchone()
    return bool(row and row[0])
