"""pygeoapi's job manager over the city's durable jobs. Our errors pass through to the service."""

from typing import Any
from uuid import UUID

from pygeoapi.process.base import JobNotFoundError
from pygeoapi.process.manager.base import BaseManager
from pygeoapi.util import JobStatus, RequestedProcessExecutionMode

from ogc_api import context
from spatial.analyses import jobs
from spatial.analyses.jobs import Job
from spatial.asof import AsOf, as_of, format_instant
from spatial.errors import Invalid, NotFound

#: A client that waits for its answer is told after so long to look for the job instead.
WAIT_S = 30.0
MIMETYPE = "application/json"
_ASYNC = {"Preference-Applied": RequestedProcessExecutionMode.respond_async.value}
_SYNC = {"Preference-Applied": RequestedProcessExecutionMode.wait.value}


class JobManager(BaseManager):  # type: ignore[misc]
    """Submits, lists, and dismisses jobs for the caller of the request."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self.is_async = True

    def execute_process(
        self, process_id: str, data_dict: Any, execution_mode: Any = None, **_: Any
    ) -> tuple[str, str, Any, JobStatus, dict[str, str]]:
        """Submit a job; unless the client prefers not to, wait for what comes of it."""
        database, grant = context.database.get(), context.grant.get()
        if not isinstance(data_dict, dict):
            raise Invalid("'inputs' must be an object of names and values")
        inputs = dict(data_dict)
        output = inputs.pop("output", None)
        asof = _asof(inputs)
        job = jobs.submit(database, process_id, inputs, asof, grant, output)
        if execution_mode == RequestedProcessExecutionMode.respond_async:
            return str(job), MIMETYPE, None, JobStatus.accepted, _ASYNC
        done = jobs.wait(database, job, grant, WAIT_S)
        if not done.finished:
            return str(job), MIMETYPE, None, JobStatus.accepted, _ASYNC
        status = JobStatus[done.status]
        if status is not JobStatus.successful:
            problem = {"code": "InvalidParameterValue", "type": "InvalidParameterValue"}
            problem["description"] = done.message
            return str(job), MIMETYPE, problem, JobStatus.failed, _SYNC
        return str(job), MIMETYPE, done.document(), status, _SYNC

    def get_jobs(
        self, status: JobStatus | None = None, limit: int | None = None, offset: int | None = None
    ) -> dict[str, Any]:
        database, grant = context.database.get(), context.grant.get()
        wanted = status.value if status else None
        found = jobs.every(database, grant, status=wanted, limit=limit or 100, offset=offset or 0)
        matched = jobs.count(database, grant, status=wanted)
        return {"jobs": [_status(job) for job in found], "numberMatched": matched}

    def get_job(self, job_id: str) -> dict[str, Any]:
        return _status(_find(job_id))

    def get_job_result(self, job_id: str) -> tuple[str, Any]:
        job = _find(job_id)
        if job.result is None:
            raise NotFound(f"the job has no result: {job.message or job.status}")
        return MIMETYPE, job.document()

    def delete_job(self, job_id: str) -> bool:
        jobs.dismiss(context.database.get(), _find(job_id).id, context.grant.get())
        return True


def _find(job_id: str) -> Job:
    try:
        return jobs.get(context.database.get(), UUID(job_id), context.grant.get())
    except (ValueError, NotFound):
        raise JobNotFoundError from None


def _asof(inputs: dict[str, Any]) -> AsOf:
    """The request's AsOf, in which the body's own words come first; takes them out of it."""
    asof = context.asof.get(AsOf())
    words = asof.params() | {
        key: inputs.pop(key) for key in ("datetime", "known_at", "scenario") if key in inputs
    }
    if not all(isinstance(word, str) for word in words.values()):
        raise Invalid("datetime, known_at and scenario must be texts")
    return as_of(
        words.get("datetime"), words.get("known_at"), words.get("scenario"), context.zone.get()
    )


def _status(job: Job) -> dict[str, Any]:
    """A job as pygeoapi takes it; it sorts by `started`, which must therefore be a text."""
    return {
        "type": "process",
        "identifier": str(job.id),
        "process_id": job.analysis,
        "status": job.status,
        "message": job.message,
        "progress": job.progress,
        "parameters": job.inputs | job.asof.params() | {"output": job.output},
        "created": format_instant(job.created_at),
        "started": format_instant(job.started_at or job.created_at),
        "finished": format_instant(job.finished_at) if job.finished_at else None,
        "updated": format_instant(job.updated_at),
        "mimetype": MIMETYPE,
    }
