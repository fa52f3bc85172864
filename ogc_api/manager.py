"""pygeoapi's job manager over the city's durable jobs, for its pages: ours is ogc_api.jobs."""

from collections import OrderedDict
from typing import Any

from pygeoapi.process.manager.base import BaseManager

from ogc_api import context
from ogc_api.execution import JSON
from ogc_api.jobs import find
from spatial.analyses import jobs
from spatial.analyses.jobs import Job
from spatial.asof import format_instant


class JobManager(BaseManager):  # type: ignore[misc]
    """Lists the jobs of the caller of the request."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition)
        self.is_async = True
        # by the analysis's own name, which may be a layer's too
        self.processes: OrderedDict[str, Any] = OrderedDict(
            (one["processor"]["analysis"], one) for one in self.processes.values()
        )

    def get_jobs(
        self, status: Any = None, limit: int | None = None, offset: int | None = None
    ) -> dict[str, Any]:
        database, grant = context.database.get(), context.grant.get()
        found = jobs.every(database, grant, limit=limit or 100, offset=offset or 0)
        return {
            "jobs": [_row(job) for job in found],
            "numberMatched": jobs.count(database, grant),
        }

    def get_job(self, job_id: str) -> dict[str, Any]:
        return _row(find(job_id))


def _row(job: Job) -> dict[str, Any]:
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
        "mimetype": JSON,
    }
