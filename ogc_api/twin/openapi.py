"""The OpenAPI of the twin: readings in, state and history out, live, SensorThings."""

from typing import Any

from ogc_api.openapi import REFUSALS, Node, described, query, refer
from spatial.layer import STATE

_JSON = "application/json"
_EVENTS = "text/event-stream"
_ASOF = ("datetime", "known_at", "scenario")
_STORED = {
    "412": "The batch key was used for other readings",
    "413": "The body is too large",
    "415": "Readings do not come in this form",
}
_READING: Node = {
    "type": "object",
    "required": ["asset", "property", "at", "value"],
    "properties": {
        "asset": {"type": "string"},
        "property": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "value": {
            "oneOf": [
                {"type": "number"},
                {"type": "string"},
                {"type": "boolean"},
                {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            ]
        },
        "unit": {"type": "string"},
        "id": {"type": "string"},
        "quality": {"type": "string", "enum": ["good", "estimated", "suspect", "bad"]},
    },
}
_LINE: Node = {"type": "string"}
_BINARY: Node = {"type": "string", "format": "binary"}
_READINGS = {
    _JSON: {"schema": {"type": "array", "items": _READING}},
    "application/x-ndjson": {"schema": _LINE},
    "text/csv": {"schema": _LINE},
    "application/vnd.apache.arrow.stream": {"schema": _BINARY},
    "application/vnd.apache.parquet": {"schema": _BINARY},
}
_OBSERVATION = {_JSON: {"schema": {"type": "object"}}}
_BOX = (
    query("bbox", "west,south,east,north, in degrees without bbox-crs"),
    query("bbox-crs", "URI of the CRS of bbox"),
)
_ASSETS = query("assets", "Names of assets, by commas")
_ID: Node = {
    "name": "id", "in": "path", "required": True,
    "schema": {"type": "integer", "minimum": 1},
}  # fmt: skip
_PAGE = (
    query("$filter", "name eq 'SW0001/water_level'"),
    query("$top", "How many", "integer", minimum=1),
    query("$skip", "How many to skip", "integer", minimum=0),
    query("$count", "Whether to say how many there are", enum=["true", "false"]),
)


def extend_twin(document: Node) -> Node:
    """The document with the twin's paths."""
    paths = document["paths"]
    paths |= {path: {method: told} for path, method, told in _operations()}
    base = f"/collections/{STATE}"
    for path in (f"{base}/items", f"{base}/items/{{featureId}}"):
        if path in paths:
            paths[path] = {"get": paths[path]["get"]}  # nobody writes a state
            paths[path]["get"]["parameters"] += refer(*_ASOF)
            paths[path]["get"]["responses"] |= described(REFUSALS)
    return document


def _operations() -> list[tuple[str, str, Node]]:
    state_forms = query("f", "The form", enum=["json", "geojson", "bin"])
    series = (
        query("asset", "Names of assets, by commas"),
        query("property", "Properties, by commas"),
        query("from", "From when on: a moment"),
        query("to", "Until when: a moment"),
        query("every", "Resampled by stretches of 10s, 5min, 1h, 1d"),
    )
    live = (
        query("since", "After a cursor", "integer", minimum=0),
        *_BOX,
        *(query(name, "Several by commas") for name in ("class", "property", "theme")),
    )
    return [
        _get("/twin/state", "getState", "The newest value of every series at a moment",
             [state_forms, *_BOX, _ASSETS, query("properties", "Properties, by commas"),
              *refer(*_ASOF)],
             {_JSON: {}, "application/geo+json": {}, "application/vnd.citytwin.state": {}}),
        _get("/twin/assets", "getAssets", "The assets and their series", [_ASSETS, *refer(*_ASOF)]),
        _get("/twin/assets/{asset}", "getAsset", "All that is known of an asset",
             [_name("asset"), *refer(*_ASOF)]),
        _get("/twin/series", "getSeries", "Readings over a span",
             [*series, *refer("known_at", "scenario")]),
        _get("/twin/quarantine", "getQuarantine", "Readings that could not be taken", []),
        _post("/twin/quarantine/replay", "replayQuarantine", "Try them again", None, [], "200"),
        _post("/twin/observations", "postObservations", "Store readings", _READINGS,
              [query("batch", "A name by which the batch is stored once"), *refer("scenario")],
              "200"),
        _get("/live", "getLive", "What is committed, as server-sent events", live, {_EVENTS: {}}),
        _get("/tiles/state.json", "getStateTileJson", "TileJSON of the state", refer(*_ASOF)),
        _get("/tiles/state/{z}/{x}/{y}.mvt", "getStateTile", "The state as a vector tile",
             [*map(_number, "zxy"), *refer(*_ASOF)],
             {"application/vnd.mapbox-vector-tile": {}}, {"204": "Nothing is there"}),
        *_sensorthings(),
    ]  # fmt: skip


def _sensorthings() -> list[tuple[str, str, Node]]:
    root = "/v1.1"
    return [
        _get(root, "getSensorThings", "What SensorThings can be asked for", []),
        _get(f"{root}/Things", "getThings", "Assets that have a series", _PAGE),
        _get(f"{root}/Things({{id}})", "getThing", "One of them", [_ID]),
        _get(f"{root}/Things({{id}})/Datastreams", "getDatastreamsOfThing", "Its series",
             [_ID, *_PAGE]),
        _get(f"{root}/Datastreams", "getDatastreams", "The series", _PAGE),
        _get(f"{root}/Datastreams({{id}})", "getDatastream", "One of them", [_ID]),
        _get(f"{root}/Datastreams({{id}})/Thing", "getThingOfDatastream", "Its asset", [_ID]),
        _post(f"{root}/Datastreams({{id}})/Observations", "postObservationOfDatastream",
              "Store an observation", _OBSERVATION, [_ID], "201"),
        _post(f"{root}/Observations", "postObservation", "Store an observation that names its"
              " datastream", _OBSERVATION, [], "201"),
        _post(f"{root}/CreateObservations", "createObservations", "Store observations of many"
              " datastreams", _OBSERVATION, [], "201"),
    ]  # fmt: skip


def _get(
    path: str,
    name: str,
    summary: str,
    parameters: Any,
    content: Node | None = None,
    more: dict[str, str] | None = None,
) -> tuple[str, str, Node]:
    told = _told(name, summary, parameters, {"200": "Done"} | (more or {}))
    told["responses"]["200"]["content"] = content or {_JSON: {"schema": {"type": "object"}}}
    return path, "get", told


def _post(
    path: str, name: str, summary: str, body: Node | None, parameters: Any, status: str
) -> tuple[str, str, Node]:
    told = _told(name, summary, parameters, {status: "Done, and committed"} | _STORED)
    if body is not None:
        told["requestBody"] = {"required": True, "content": body}
    return path, "post", told


def _told(name: str, summary: str, parameters: Any, responses: dict[str, str]) -> Node:
    return {
        "summary": summary,
        "tags": ["twin"],
        "operationId": name,
        "parameters": list(parameters),
        "responses": described(responses | REFUSALS | {"409": "The scenario takes no more edits"}),
    }


def _name(name: str) -> Node:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _number(name: str) -> Node:
    return {**_name(name), "schema": {"type": "integer", "minimum": 0}}
