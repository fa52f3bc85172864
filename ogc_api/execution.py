"""An execute request of OGC API Processes: read, and submitted as a job."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from ogc_api import context
from ogc_api.errors import NoSuchProcess
from spatial.analyses import jobs, registry
from spatial.analyses.jobs import Job
from spatial.asof import AsOf, as_of
from spatial.errors import Invalid

JSON, GEOJSON = "application/json", "application/geo+json"
#: The one output of every process.
RESULT = "result"
_QUALIFIERS = frozenset(("value", "mediaType", "encoding", "schema", "format"))


@dataclass(frozen=True, slots=True)
class Reply:
    """How the result is wanted: as what, by value or by reference, alone or in a document."""

    media_type: str = JSON
    by_reference: bool = False
    in_document: bool = False

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Self:
        """From `outputs` and `response` of an execute request."""
        response = request.get("response", "raw")
        if response not in ("raw", "document"):
            raise Invalid("'response' is raw or document")
        outputs = request.get("outputs")
        if outputs is None or outputs == [] or outputs == {}:
            return cls(in_document=response == "document")
        if not isinstance(outputs, dict) or set(outputs) != {RESULT}:
            raise Invalid(f"'outputs' is an object of which '{RESULT}' is the only name")
        wanted = outputs[RESULT] if isinstance(outputs[RESULT], dict) else {}
        mode = wanted.get("transmissionMode", "value")
        if mode not in ("value", "reference"):
            raise Invalid("'transmissionMode' is value or reference")
        form = wanted.get("format")
        kind = form.get("mediaType", JSON) if isinstance(form, dict) else JSON
        if kind not in (JSON, GEOJSON):
            raise Invalid(f"the result comes as {JSON} or {GEOJSON}, not as {kind}")
        chosen = cls(kind, mode == "reference", response == "document")
        if chosen.in_document and kind == GEOJSON and not chosen.by_reference:
            raise Invalid("features come into a document by reference: set 'transmissionMode'")
        return chosen


def submit(process: str, body: bytes, *, announce: bool = True) -> Job:
    """Queue what a request asks for; raises NoSuchProcess, and Invalid with what to mend.

    announce: tell the workers now.
    """
    if process not in {one.name for one in registry.every()}:
        raise NoSuchProcess(f"there is no process '{process}'")
    request = _document(body)
    inputs = request.get("inputs", {})
    if not isinstance(inputs, dict):
        raise Invalid("'inputs' must be an object of names and values")
    given = {name: _plain(value) for name, value in inputs.items()}
    output = given.pop("output", None)
    if output is not None and not isinstance(output, str):
        raise Invalid("'output' must be the name of a layer to make")
    asof, reply = _asof(given), Reply.of(request)
    database, grant = context.database.get(), context.grant.get()
    job = jobs.submit(
        database, process, given, asof, grant, output, asdict(reply), context.zone.get(),
        announce=announce,
    )  # fmt: skip
    return jobs.get(database, job, grant)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Invalid("the body must be one JSON object with 'inputs'")
    return document


def _plain(value: Any) -> Any:
    """The value itself, where it came in the standard's object of a value and its format."""
    if isinstance(value, dict) and "value" in value and value.keys() <= _QUALIFIERS:
        return value["value"]
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


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
