"""The paths of processes and jobs. Pages for browsers are pygeoapi's."""

import time
from functools import cache, partial
from urllib.parse import quote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ogc_api import context, execution, jobs
from ogc_api.errors import NoSuchProcess
from ogc_api.features.routes import answered
from ogc_api.host import describe_processes, job_pages, respond, wants_html
from ogc_api.prefer import preferences
from spatial.analyses import registry
from spatial.analyses.jobs import GLANCE_S, Job
from spatial.analyses.runner import run_at_once
from spatial.errors import TooLarge
from spatial.grant import Scope

#: A client that waits for its answer is told after so long to look for the job instead.
WAIT_S = 30.0
MAX_BODY = 2**20
#: Quick analyses that a web worker runs at once, each with a connection of its own.
AT_ONCE = 2


async def _process(request: Request) -> Response:
    name = request.path_params["process"]
    if name not in {one.name for one in registry.every()}:
        raise NoSuchProcess(f"there is no process '{name}'")
    return await respond(request, describe_processes, name)


async def _processes(request: Request) -> Response:
    return await respond(request, describe_processes)


async def _execute(request: Request) -> Response:
    context.grant.get().require(Scope.WRITE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge("an execute request takes at most 1 MB: name layers, send no features")
    preferred = preferences(request.headers.getlist("prefer"))
    process = request.path_params["process"]
    at_once = not preferred.respond_async and is_quick(process)
    job = await run_in_threadpool(execution.submit, process, bytes(body), announce=not at_once)
    if at_once:
        job = await _run_here(job)
    job = await _waited(job, preferred.patience_s(WAIT_S))
    status = await run_in_threadpool(jobs.status, job)
    further = {"Location": status["links"][0]["href"]} | preferred.applied(later=not job.finished)
    if not job.finished:
        return JSONResponse(status, 201, further)
    answer = await run_in_threadpool(jobs.results, job)
    answer.headers.update(further)
    return answered(request, answer)


def is_quick(process: str) -> bool:
    """Whether an analysis of that name is one that is run where it is asked for."""
    return any(one.quick for one in registry.every() if one.name == process)


async def _run_here(job: Job) -> Job:
    """The job after it was run in this process, which a few may be at once."""
    work = partial(run_at_once, context.database.get(), job.id, store=context.store.get())
    await anyio.to_thread.run_sync(work, limiter=_here())
    return await run_in_threadpool(jobs.find, str(job.id))


@cache
def _here() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(AT_ONCE)


async def _waited(job: Job, patience_s: float) -> Job:
    """The job once it has finished, or as it is when the time is up; no thread waits meanwhile."""
    until = time.monotonic() + patience_s
    while not job.finished and time.monotonic() < until:
        await anyio.sleep(min(GLANCE_S, max(0.0, until - time.monotonic())))
        job = await run_in_threadpool(jobs.find, str(job.id))
    return job


async def _jobs(request: Request) -> Response:
    if wants_html(request):
        return await respond(request, job_pages)
    return JSONResponse(await run_in_threadpool(jobs.listed, context.query.get()))


async def _job(request: Request) -> Response:
    name = request.path_params["job"]
    if request.method == "DELETE":
        return JSONResponse(await run_in_threadpool(jobs.dismiss, name))
    found = await run_in_threadpool(jobs.find, name)
    if wants_html(request):
        return await respond(request, job_pages, name)
    return JSONResponse(await run_in_threadpool(jobs.status, found))


async def _results(request: Request) -> Response:
    found = await run_in_threadpool(jobs.find, request.path_params["job"])
    return answered(request, await run_in_threadpool(jobs.results, found))


async def _output(request: Request) -> Response:
    found = await run_in_threadpool(jobs.find, request.path_params["job"])
    return answered(
        request, await run_in_threadpool(jobs.output, found, request.path_params["output"])
    )


async def _file(request: Request) -> Response:
    found = await run_in_threadpool(jobs.find, request.path_params["job"])
    made = await run_in_threadpool(jobs.document, found, request.path_params["key"])
    headers = {
        "Content-Disposition": f"inline; filename*=utf-8''{quote(made.name)}",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    }
    return Response(made.content, media_type=made.media_type, headers=headers)


routes = [
    Route("/processes", _processes),
    Route("/processes/{process}", _process),
    Route("/processes/{process}/execution", _execute, methods=["POST"]),
    Route("/jobs", _jobs),
    Route("/jobs/{job}", _job, methods=["GET", "DELETE"]),
    Route("/jobs/{job}/results", _results),
    Route("/jobs/{job}/results/{output}", _output),
    Route("/jobs/{job}/files/{key}", _file),
]
