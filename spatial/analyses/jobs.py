"""Jobs as people see them: submitted, listed, waited for, dismissed.

The queue is our own table, not a library's: a runner holds a session advisory lock named by the
job, so it is known to be dead the instant its connection is gone, with no heartbeats and no
period of waiting for the stalled.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from spatial import catalogue
from spatial.analyses import registry
from spatial.analyses.inputs import sources
from spatial.asof import DEFAULT_ZONE, AsOf, Interval, When, as_of
from spatial.database import Database
from spatial.errors import Closed, Invalid, NotFound
from spatial.grant import OWNER, Access, Grant, Scope
from spatial.layer import check_name, clean_name
from spatial.moment import resolve
from spatial.query import snapshot

type Status = Literal["accepted", "running", "successful", "failed", "dismissed"]

CHANNEL = "city_job"
OPEN = ("accepted", "running")
GLANCE_S = 0.2
#: What is told of a failure that is no fault of the inputs.
UNEXPECTED = "the analysis failed unexpectedly"

#: A token that sees less of the city than its subject's other one sees none of that one's jobs.
_VISIBLE = "(%(all)s OR grant_->>'subject' = %(subject)s AND grant_->>'key' = %(key)s)"


@dataclass(frozen=True, slots=True)
class Job:
    """A run of an analysis. `progress` is in per cent; `message` what it does, or why it failed.

    reply: how whoever submitted it wants to be answered, kept for them as they said it.
    """

    id: UUID
    analysis: str
    inputs: dict[str, Any]
    asof: AsOf
    output: str
    grant: Grant
    status: Status
    progress: int
    message: str
    result: dict[str, Any] | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    reply: dict[str, Any]

    @property
    def finished(self) -> bool:
        return self.status not in OPEN

    def document(self) -> dict[str, Any]:
        """The answer to everyone who asks what came of it."""
        result = self.result or {"outputs": {}, "summary": {}, "certificate": None}
        return {"job": str(self.id), "status": self.status} | result


@dataclass(frozen=True, slots=True)
class Sought:
    """Which jobs a list is of; None is any. A job that waits has no duration yet.

    created: when they were submitted; shortest_s, longest_s: how long they ran so far, in seconds.
    """

    statuses: Sequence[str] | None = None
    analyses: Sequence[str] | None = None
    created: When | None = None
    shortest_s: float | None = None
    longest_s: float | None = None

    def values(self) -> dict[str, Any]:
        """The parameters of `_SOUGHT`."""
        created = self.created if isinstance(self.created, Interval) else Interval()
        if isinstance(self.created, datetime):
            created = Interval(self.created, self.created)
        return {
            "statuses": None if self.statuses is None else list(self.statuses),
            "analyses": None if self.analyses is None else list(self.analyses),
            "first": created.start,
            "last": created.end,
            "shortest": self.shortest_s,
            "longest": self.longest_s,
        }


_RAN = "extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)"
_SOUGHT = f"""(%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
    AND (%(analyses)s::text[] IS NULL OR analysis = ANY(%(analyses)s))
    AND (%(first)s::timestamptz IS NULL OR created_at >= %(first)s)
    AND (%(last)s::timestamptz IS NULL OR created_at <= %(last)s)
    AND (%(shortest)s::float8 IS NULL OR {_RAN} >= %(shortest)s)
    AND (%(longest)s::float8 IS NULL OR {_RAN} <= %(longest)s)"""


def submit(
    database: Database,
    analysis: str,
    inputs: Mapping[str, Any],
    asof: AsOf,
    grant: Grant,
    output: str | None = None,
    reply: Mapping[str, Any] | None = None,
    zone: tzinfo = DEFAULT_ZONE,
    *,
    announce: bool = True,
) -> UUID:
    """Queue a run; its AsOf is resolved now and kept, so that the same job gives the same again.

    Raises Denied without the scope to write, NotFound for an unknown analysis or an input that
    the grant may not see, Invalid for inputs that will not do, Conflict where `output` is taken.
    announce: tell the workers at once; one that is not told finds the job when it next looks.
    """
    grant.require(Scope.WRITE)
    chosen = registry.find(analysis)
    parsed = chosen.parse(inputs, zone)
    if isinstance(asof.valid_at, Interval):
        raise Invalid("an analysis reads one instant: give a time, not an interval")
    job = uuid4()
    name = check_name(output) if output else clean_name(f"{analysis}_{job.hex[:8]}")
    with database.begin() as tx:
        list(sources(tx.pg, parsed, grant))
        explicit = resolve(tx.pg, asof).cite()
        catalogue.require_free(tx.pg, name)
        request = {
            "inputs": parsed.model_dump(mode="json"),
            "as_of": explicit.params(),
            "output": name,
            "reply": dict(reply or {}),
        }
        tx.pg.execute(
            "INSERT INTO city.job (id, analysis, inputs, grant_) VALUES (%s, %s, %s, %s)",
            [job, analysis, Jsonb(request), Jsonb(_dump(grant))],
        )
        if announce:
            tx.pg.execute(f"NOTIFY {CHANNEL}")
    return job


def get(database: Database, job: UUID, grant: Grant) -> Job:
    """The job, if it is of the caller's subject and sight, or the caller administers.

    Else raises NotFound.
    """
    found = _fetch(database, grant, "AND id = %(id)s", {"id": job})
    if not found:
        raise NotFound(f"there is no job '{job}'")
    return found[0]


def every(
    database: Database,
    grant: Grant,
    sought: Sought = Sought(),
    *,
    limit: int = 100,
    offset: int = 0,
) -> list[Job]:
    """The caller's jobs, or all of them for an administrator; the newest first."""
    tail = f"AND {_SOUGHT} ORDER BY created_at DESC, id LIMIT %(limit)s OFFSET %(offset)s"
    return _fetch(database, grant, tail, sought.values() | {"limit": limit, "offset": offset})


def count(database: Database, grant: Grant, sought: Sought = Sought()) -> int:
    """How many jobs `every` could list."""
    query = f"SELECT count(*) FROM city.job WHERE {_VISIBLE} AND {_SOUGHT}"
    with snapshot(database) as pg:
        row = pg.execute(query.encode(), _who(grant) | sought.values()).fetchone()
    return int(row[0]) if row else 0


def dismiss(database: Database, job: UUID, grant: Grant) -> None:
    """End a job that waits or runs; its runner is killed and nothing of it remains.

    Raises NotFound as `get` does, and Closed for a job that has already finished.
    """
    found = get(database, job, grant)
    with database.begin() as tx:
        ended = tx.pg.execute(
            "UPDATE city.job SET status = 'dismissed', message = 'dismissed',"
            " finished_at = clock_timestamp(), updated_at = clock_timestamp()"
            " WHERE id = %s AND status = ANY(%s)",
            [job, list(OPEN)],
        ).rowcount
        tx.pg.execute(f"NOTIFY {CHANNEL}")
    if not ended and found.status != "dismissed":
        raise Closed("the job has already finished: to be rid of its result, drop the layer")


def wait(database: Database, job: UUID, grant: Grant, timeout_s: float | None = None) -> Job:
    """The job once it has finished, or as it is when the time is up."""
    until = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        found = get(database, job, grant)
        if found.finished or (until is not None and time.monotonic() >= until):
            return found
        time.sleep(GLANCE_S)


def load(row: Mapping[str, Any]) -> Job:
    """A job from its row."""
    request = row["inputs"]
    plain = {key: value for key, value in row.items() if key not in ("inputs", "grant_")}
    asof = request["as_of"]
    return Job(
        **plain,
        inputs=request["inputs"],
        asof=as_of(asof.get("datetime"), asof.get("known_at"), asof.get("scenario")),
        output=request["output"],
        reply=request.get("reply", {}),
        grant=_grant(row["grant_"]),
    )


def _fetch(database: Database, grant: Grant, tail: str, values: dict[str, Any]) -> list[Job]:
    query = f"SELECT * FROM city.job WHERE {_VISIBLE} {tail}".encode()
    with snapshot(database) as pg, pg.cursor(row_factory=dict_row) as cursor:
        return [load(row) for row in cursor.execute(query, _who(grant) | values)]


def _who(grant: Grant) -> dict[str, Any]:
    everything = grant.scope is Scope.ADMIN and grant.key == OWNER.key
    return {"all": everything, "subject": grant.subject, "key": grant.key}


def _dump(grant: Grant) -> dict[str, Any]:
    return {
        "subject": grant.subject,
        "key": grant.key,
        "scope": grant.scope,
        "classes": sorted(grant.classes),
        "areas": grant.areas,
        "layers": None if grant.layers is None else sorted(grant.layers),
        "authenticated": grant.authenticated,
    }


def _grant(row: Mapping[str, Any]) -> Grant:
    return Grant(
        row["subject"],
        Scope(row["scope"]),
        frozenset(map(Access, row["classes"])),
        None if row["areas"] is None else tuple(row["areas"]),
        None if row["layers"] is None else frozenset(row["layers"]),
        row["authenticated"],
    )
