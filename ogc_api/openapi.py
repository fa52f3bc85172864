"""Our own part of the OpenAPI document: what pygeoapi does not know of."""

from collections.abc import Iterable
from typing import Any

from ogc_api.features.exports import FORMATS
from ogc_api.jobs import STATUSES
from ogc_api.params import DEFAULT_LIMIT, MAX_LIMIT, SHARED_IDS, UNIQUE_IDS
from spatial.filter.filter import LANGUAGES

type Node = dict[str, Any]

_FEATURE = {"application/geo+json": {"schema": {"type": "object"}}}
_PATCH = {"application/merge-patch+json": {"schema": {"type": "object"}}}
_SCHEMA = {"application/schema+json": {"schema": {"type": "object"}}}
_DOCUMENT = {"application/json": {"schema": {"type": "object"}}}
REFUSALS = {
    "400": "It cannot be understood",
    "401": "It needs a token",
    "403": "The token does not reach that far",
    "404": "There is no such layer, feature or scenario",
    "410": "The feature is not there at that moment",
}
_OPTIONS = {"204": "What may be done, as Allow", "404": REFUSALS["404"]}
_REFUSED_WRITES = REFUSALS | {
    "412": "Somebody else changed it first",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "The geometry cannot be taken",
}


def query(name: str, description: str, kind: str = "string", **schema: Any) -> Node:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": False,
        "schema": {"type": kind, **schema},
        "style": "form",
        "explode": False,
    }


def _path(name: str, description: str) -> Node:
    schema = {"type": "integer", "minimum": 1}
    return {
        "name": name,
        "in": "path",
        "description": description,
        "required": True,
        "schema": schema,
    }


def _header(name: str, description: str) -> Node:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


PARAMETERS = {
    # QGIS takes its page size from this one and from nowhere else
    "limit": query(
        "limit",
        "How many features a page holds",
        "integer",
        minimum=1,
        default=DEFAULT_LIMIT,
        maximum=MAX_LIMIT,
    ),
    "datetime": query("datetime", "When it is true: an instant, or an interval a/b"),
    "known_at": query("known_at", "By which edition of the books: an instant"),
    "scenario": query("scenario", "In which plan; without one, the main line"),
    "to-datetime": query("to-datetime", "When it is true on the second side: an instant"),
    "to-known_at": query("to-known_at", "By which edition of the books the second side is read"),
    "to-scenario": query("to-scenario", "In which plan the second side is"),
    "since": query("since", "After a cursor (digits alone) or a moment"),
    "until": query("until", "Up to a cursor (digits alone) or a moment"),
    "after": query("after", "The key that a next link gave"),
    "profile": query("profile", f"`{SHARED_IDS}`, `{UNIQUE_IDS}`, `jsonfg-plus`"),
    "resulttype": query("resulttype", "`hits` for the count alone", enum=["results", "hits"]),
    "fid": _path("featureId", "The feature's id"),
    "version": _path("version", "The version's number"),
    "filter": query("filter", "A condition in CQL2: `height > 30 AND code LIKE 'a%'`"),
    "filter-lang": query("filter-lang", "The filter's language", enum=list(LANGUAGES)),
    "filter-crs": query("filter-crs", "URI of the CRS of the filter's coordinates"),
    "type": query("type", "What the jobs are of", "array", items={"enum": ["process"]}),
    "processID": query("processID", "Of which analyses", "array", items={"type": "string"}),
    "status": query("status", "In which states", "array", items={"enum": list(STATUSES)}),
    "created": query("datetime", "When they were submitted: an instant, or an interval a/b"),
    "minDuration": query("minDuration", "Seconds that they ran at least", "integer", minimum=0),
    "maxDuration": query("maxDuration", "Seconds that they ran at most", "integer", minimum=0),
    "offset": query("offset", "How many to skip", "integer", minimum=0),
    "prefer": _header("Prefer", "RFC 7240: respond-async, wait=SECONDS"),
    "content-crs": _header("Content-Crs", "URI of the CRS of the body's coordinates"),
    "if-match": _header("If-Match", "The ETag that the feature had when it was read"),
}
_ASOF = ("datetime", "known_at", "scenario")


def extend(document: Node, layers: Iterable[str]) -> Node:
    """The document with our parameters, and with the paths that edit and tell history."""
    document["components"]["parameters"] |= PARAMETERS
    _extend_processes(document["paths"])
    for layer in layers:
        base = f"/collections/{layer}"
        one = f"{base}/items/{{featureId}}"
        paths = document["paths"]
        for path in (f"{base}/items", one):
            paths[path]["get"]["parameters"] += refer(*_ASOF)
            paths[path]["options"]["responses"] = described(_OPTIONS)
        listing = paths[f"{base}/items"]["get"]["parameters"]
        listing += refer("filter", "filter-lang", "filter-crs", "after", "resulttype", "profile")
        form = next(one for one in listing if one.get("name") == "f")
        form["schema"]["enum"] = [
            "json",
            "jsonfg",
            "html",
            "jsonld",
            *(known.name for known in FORMATS),
        ]
        paths[f"{base}/items"] |= {
            "post": _write(layer, "create", "A new feature", _FEATURE, "201", "content-crs"),
        }
        locked = ("fid", "if-match")
        placed = (*locked, "content-crs")
        paths[one] |= {
            "put": _write(layer, "replace", "All values of a feature", _FEATURE, "204", *placed),
            "patch": _write(layer, "update", "Some values of a feature", _PATCH, "204", *placed),
            "delete": _write(layer, "remove", "End a feature", None, "204", *locked),
        }
        page = ("limit", *_ASOF)
        paths |= {
            f"{base}/sortables": _read(layer, "sortables", _SCHEMA),
            f"{one}/versions": _read(layer, "versions", _FEATURE, "fid", "after", *page),
            f"{one}/versions/{{version}}": _read(layer, "version", _FEATURE, "fid", "version"),
            f"{base}/changes": _read(layer, "changes", _DOCUMENT, "since", "until", *page),
            f"{base}/diff": _read(
                layer, "diff", _FEATURE, "after", *(f"to-{name}" for name in _ASOF), *page
            ),
        }
    return document


def _extend_processes(paths: Node) -> None:
    """What the standard's own job parameters and our result path are."""
    sought = ("type", "processID", "status", "created", "minDuration", "maxDuration")
    paths["/jobs"]["get"]["parameters"] = refer(*sought, "limit", "offset")
    results = paths["/jobs/{jobId}/results"]["get"]
    paths["/jobs/{jobId}/results/{output}"] = {
        "get": results
        | {
            "operationId": "getJobOutput",
            "summary": "The value of one output",
            "parameters": [
                *results["parameters"],
                _path("output", "The output's name") | {"schema": {"enum": ["result"]}},
            ],
        }
    }
    paths["/jobs/{jobId}/files/{key}"] = {
        "get": results
        | {
            "operationId": "getJobFile",
            "summary": "A document that the job made",
            "parameters": [*results["parameters"], _path("key", "The output's name")],
        }
    }
    for path, methods in paths.items():
        if path.startswith("/processes/") and "post" in methods:
            methods["post"]["parameters"] = refer("prefer")


def refer(*names: str) -> list[Node]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _read(layer: str, what: str, content: Node, *parameters: str) -> Node:
    return {"get": _operation(layer, what, f"The {what} of {layer}", content, "200", parameters)}


def _write(
    layer: str, what: str, summary: str, body: Node | None, status: str, *parameters: str
) -> Node:
    operation = _operation(layer, what, summary, None, status, (*parameters, *_ASOF))
    operation["responses"] |= described(_REFUSED_WRITES)
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _operation(
    layer: str,
    what: str,
    summary: str,
    content: Node | None,
    status: str,
    parameters: Iterable[str],
) -> Node:
    done: Node = {"description": "Done"}
    if content is not None:
        done["content"] = content
    return {
        "summary": summary,
        "tags": [layer],
        "operationId": f"{what}{layer.capitalize()}",
        "parameters": refer(*parameters),
        "responses": {status: done, **described(REFUSALS)},
    }


def described(statuses: dict[str, str]) -> Node:
    return {status: {"description": text} for status, text in statuses.items()}
