"""Jobs as OGC API Processes tells of them: their status, their list, their results."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from ogc_api import context
from ogc_api.errors import NoSuchJob, ResultNotReady
from ogc_api.execution import GEOJSON, JSON, RESULT, Reply
from ogc_api.features import geojson
from ogc_api.features.geojson import Answer, dumped
from ogc_api.links import link, place_of
from ogc_api.params import MAX_WHOLE, limit_of, only, whole
from spatial.analyses import job_files, jobs
from spatial.analyses.jobs import UNEXPECTED, Job, Sought
from spatial.analyses.run import NewFile
from spatial.asof import format_instant, parse_when
from spatial.errors import CityError, Invalid, NotFound
from spatial.query import snapshot

_REL = "http://www.opengis.net/def/rel/ogc/1.0"
STATUSES = ("accepted", "running", "successful", "failed", "dismissed")
_OF_LIST = frozenset(
    ("type", "processID", "status", "minDuration", "maxDuration", "limit", "offset")
)


def find(job: str) -> Job:
    """The caller's job; raises NoSuchJob."""
    try:
        return jobs.get(context.database.get(), UUID(job), context.grant.get())
    except (ValueError, NotFound):
        raise NoSuchJob(f"there is no job '{job}'") from None


def dismiss(job: str) -> dict[str, Any]:
    """End a job and kill its work; its status then."""
    jobs.dismiss(context.database.get(), find(job).id, context.grant.get())
    return status(find(job))


def listed(query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the caller's jobs, the newest first, narrowed as the standard says."""
    only(query, _OF_LIST)
    sought, limit = _sought(query), limit_of(query.get("limit"))
    offset = whole("offset", query.get("offset", "0"))
    database, grant = context.database.get(), context.grant.get()
    found = jobs.every(database, grant, sought, limit=limit, offset=offset)
    matched = jobs.count(database, grant, sought)
    here = _place()
    links = [link("self", JSON, here, query), link("up", JSON, context.base_url.get(), {})]
    if offset + len(found) < matched:
        links.append(link("next", JSON, here, {**query, "offset": str(offset + limit)}))
    if offset:
        links.append(link("prev", JSON, here, {**query, "offset": str(max(0, offset - limit))}))
    return {"jobs": [status(job) for job in found], "numberMatched": matched, "links": links}


def status(job: Job) -> dict[str, Any]:
    """The standard's statusInfo, and what was asked for in `parameters`."""
    here = _place(str(job.id))
    links = [
        link("self", JSON, here, {}),
        link("up", JSON, _place(), {}),
        link("describedby", JSON, f"{context.base_url.get()}/processes/{job.analysis}", {}),
    ]
    if job.status == "successful":
        links.append(link(f"{_REL}/results", JSON, f"{here}/results", {}))
        links += _made(job)
    elif job.status == "failed":
        links.append(link(f"{_REL}/exceptions", JSON, f"{here}/results", {}))
    times = {
        "created": job.created_at,
        "started": job.started_at,
        "finished": job.finished_at,
        "updated": job.updated_at,
    }
    return {
        "jobID": str(job.id),
        "processID": job.analysis,
        "type": "process",
        "status": job.status,
        "message": job.message,
        "progress": job.progress,
        **{name: format_instant(time) for name, time in times.items() if time},
        "parameters": job.inputs | job.asof.params() | {"output": job.output},
        "links": links,
    }


def results(job: Job) -> Answer:
    """What came of a job, in the way that its request asked for.

    Raises ResultNotReady before it has finished, and why it has none where it failed.
    """
    reply = Reply(**job.reply)
    value = _value(job)
    if reply.by_reference:
        referred = _reference(job, reply)
        if not reply.in_document:
            header = f'<{referred["href"]}>; rel="{RESULT}"; type="{referred["type"]}"'
            return Answer(b"", {"Link": header}, status=204)
        return _json({RESULT: referred})
    if reply.in_document:
        return _json({RESULT: {"value": value, "mediaType": JSON}})
    if reply.media_type == GEOJSON:
        return geojson.collection(_layer(job), {"limit": str(MAX_WHOLE)})
    return _json(value)


def output(job: Job, name: str) -> Answer:
    """The value of one output, however it was asked for."""
    if name != RESULT:
        raise NotFound(f"there is no output '{name}': '{RESULT}' is the only one")
    return _json(_value(job))


def document(job: Job, key: str) -> NewFile:
    """A document that the job made; raises NotFound."""
    with snapshot(context.database.get()) as pg:
        return job_files.find(pg, job.id, key)


def _value(job: Job) -> dict[str, Any]:
    if not job.finished:
        raise ResultNotReady(f"the job is {job.status}: its result is not ready yet")
    if job.status == "failed":
        raise (CityError if job.message == UNEXPECTED else Invalid)(job.message)
    if job.result is None:
        raise NotFound(f"the job has no result: {job.message or job.status}")
    return job.document() | {"links": _made(job)}


def _reference(job: Job, reply: Reply) -> dict[str, str]:
    if reply.media_type == GEOJSON:
        return link(RESULT, GEOJSON, place_of(_layer(job), "items"), {})
    return link(RESULT, JSON, _place(str(job.id), "results", RESULT), {})


def _layer(job: Job) -> str:
    made: Mapping[str, str] = (job.result or {}).get("outputs", {})
    if "layer" not in made:
        raise Invalid(f"the analysis makes no features: ask for {JSON}")
    return made["layer"]


def _made(job: Job) -> list[dict[str, str]]:
    """Where what the job made is published."""
    made: Mapping[str, Any] = (job.result or {}).get("outputs", {})
    with snapshot(context.database.get()) as pg:
        documents = job_files.kinds(pg, job.id)
    links = []
    for kind, name in made.items():
        if kind in documents:
            href = _place(str(job.id), "files", kind)
            links.append(link("related", documents[kind], href, {}) | {"title": name})
            continue
        links.append(link("related", JSON, place_of(name), {}) | {"title": f"{kind} {name}"})
        if kind == "layer":
            links.append(link("item", GEOJSON, place_of(name, "items"), {}) | {"title": name})
    return links


def _sought(query: Mapping[str, str]) -> Sought:
    if query.get("type", "process") != "process":
        raise Invalid("'type' is process: there are no other jobs")
    statuses = _words(query, "status")
    for unknown in set(statuses or ()) - set(STATUSES):
        raise Invalid(f"'{unknown}' is no status: {', '.join(STATUSES)} are")
    when = query.get("datetime", "")
    return Sought(
        statuses,
        _words(query, "processID"),
        parse_when(when, context.zone.get()) if when else None,
        _seconds(query, "minDuration"),
        _seconds(query, "maxDuration"),
    )


def _words(query: Mapping[str, str], name: str) -> list[str] | None:
    return [word.strip() for word in query[name].split(",")] if query.get(name) else None


def _seconds(query: Mapping[str, str], name: str) -> float | None:
    return float(whole(name, query[name])) if query.get(name) else None


def _json(document: Mapping[str, Any]) -> Answer:
    return Answer(dumped(document).encode(), {"Content-Type": JSON})


def _place(*parts: str) -> str:
    return "/".join([f"{context.base_url.get()}/jobs", *map(quote, parts)])
