"""pygeoapi as our host: one API object for each view of the catalogue that somebody has.

What a grant may not see does not exist in its view. A view is made anew when the catalogue's
shape changes, so a layer loaded in any process is served by every worker at its next request.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from pygeoapi import l10n
from pygeoapi.api import API, APIRequest, itemtypes, processes, tiles
from pygeoapi.openapi import get_oas
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ogc_api import context
from ogc_api.config import configuration
from ogc_api.openapi import extend
from ogc_api.params import language_of
from ogc_api.processes import PROCESS, process_resources
from ogc_api.rasters.openapi import extend_grids
from ogc_api.references import settled
from ogc_api.tiles.openapi import extend_tiles
from ogc_api.twin.openapi import extend_twin
from spatial.layer import STATE, Layer
from spatial.query import seen_layers, snapshot
from spatial.rasters import rasters
from twin_model.measured import properties

# ours is spatial.filter, for every answer alike: pygeoapi's would refuse much of CQL2
itemtypes.parse_cql2_text = itemtypes.modify_pygeofilter = lambda *_, **__: None


class _Forgetful(dict[Any, Any]):
    """A cache that keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


# pygeoapi keeps one configuration for each language, whosever it was: its pages would then know
# nothing of layers loaded since, and of one caller's layers too much for the next
l10n._cfg_cache = _Forgetful()

type Function = Callable[..., tuple[dict[str, str], int, str | bytes | dict[str, Any]]]

#: pygeoapi's pages of records.
record_pages = itemtypes.get_collection_items, itemtypes.get_collection_item
#: pygeoapi's pages of tilesets.
tilesets_page, tileset_page = tiles.get_collection_tiles, tiles.get_collection_tiles_metadata
#: pygeoapi's descriptions of processes, and its pages of jobs.
describe_processes, job_pages = processes.describe_processes, processes.get_jobs
VIEWS = 32
SCHEMAS = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas"
_FEATURES_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
EDITING = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/{name}"
    for name in ("create-replace-delete", "update", "optimistic-locking-etags", "features")
)
_PROCESSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
TILES = (
    f"{_TILES}/dataset-tilesets",
    f"{_TILES}/collections-selection",
    *(
        f"http://www.opengis.net/spec/tms/2.0/conf/{name}"
        for name in (
            "tilematrixset", "json-tilematrixset", "tilesetmetadata", "json-tilesetmetadata",
            "tilematrixsetlimits", "json-tilematrixsetlimits",
        )
    ),
)  # fmt: skip
JOBS = (f"{_PROCESSES}/job-list", f"{_PROCESSES}/dismiss")
DATA = tuple(
    f"http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/{name}"
    for name in ("core", "collections", "json", "covjson", "edr-geojson", "oas30")
)
_RECORDS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf"
RECORDS = (f"{_RECORDS}/record-core", f"{_RECORDS}/record-core-query-parameters")
#: What pygeoapi declares, and is not so here.
_UNTRUE = {
    "http://www.opengis.net/spec/ogcapi-coverages-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-edr-1/1.0/conf/core",  # it is 1.1 that we serve
    f"{_PROCESSES}/callback",
    "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/advanced-property-roles",
    *(f"{_RECORDS}/{name}" for name in ("core", "sorting", "opensearch")),
}
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
FILTERS = (
    *(
        f"{_FEATURES_3}/{name}"
        for name in ("filter", "features-filter", "queryables", "queryables-query-parameters")
    ),
    *(
        f"{_CQL2}/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
            "arithmetic",
        )
    ),
)


class _Pages(API):  # type: ignore[misc]
    """pygeoapi, which looks for a process among the collections too."""

    def get_dataset_templates(self, dataset: str) -> Any:
        known = dataset in self.config["resources"]
        return super().get_dataset_templates(dataset if known else f"{PROCESS}{dataset}")


_views: OrderedDict[tuple[Any, ...], API] = OrderedDict()
_lock = Lock()


async def respond(request: Request, function: Function, *args: Any) -> Response:
    """Answer a request by a function of pygeoapi's, in the caller's view of the catalogue."""
    api = await run_in_threadpool(view)
    asked = await APIRequest.from_starlette(_in_plain_language(request), api.locales)
    asked._format = asked.format or "json"
    headers, status, content = await run_in_threadpool(function, api, asked, *args)
    body = content.encode() if isinstance(content, str) else content
    if status == 204:
        body = b""
    kept = {key: value for key, value in headers.items() if key.lower() != "content-length"}
    return Response(body, status, kept)


def _in_plain_language(request: Request) -> Request:
    """The same, its language spelled zh or en: pygeoapi stumbles over zh-Hans, zh-TW, en-GB."""
    spoken = language_of(request).encode()
    headers = [
        (name, spoken if name == b"accept-language" else value)
        for name, value in request.scope["headers"]
    ]
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    if "lang" in request.query_params:
        query.append(("lang", spoken.decode()))
    return Request(
        {**request.scope, "headers": headers, "query_string": urlencode(query).encode()},
        request.receive,
    )


def wants_html(request: Request) -> bool:
    """Whether a page is asked for, by `f` or by a browser's Accept header."""
    chosen = request.query_params.get("f")
    if chosen is not None:
        return chosen == "html"
    return "text/html" in request.headers.get("accept", "")


def view() -> API:
    """The API object of the caller's grant and address."""
    grant, base_url = context.grant.get(), context.base_url.get()
    with snapshot(context.database.get()) as pg:
        layers, grids, series = seen_layers(pg, grant), rasters(pg, grant), properties(pg)
    key = (base_url, grant.key, tuple(map(_shape, layers)), tuple(grids), repr(series))
    with _lock:
        if key in _views:
            _views.move_to_end(key)
            return _views[key]
    api = _Pages(configuration(layers, grids, series, process_resources(), base_url), {})
    with _lock:
        _views[key] = api
        while len(_views) > VIEWS:
            _views.popitem(last=False)
    return api


def openapi(api: API) -> dict[str, Any]:
    """The OpenAPI document of a view, made when first asked for."""
    with _lock:
        if not api.openapi:
            document = get_oas(api.config, fail_on_invalid_collection=False)
            features = (name for name, _ in _provided(api, "feature") if name != STATE)
            grids = {name: one["fields"] for name, one in _provided(api, "coverage")}
            series = {
                name: one["fields"] for name, one in _provided(api, "edr") if name not in grids
            }
            tiled = (name for name, _ in _provided(api, "tile"))
            document = extend_twin(extend_tiles(extend(document, features), tiled))
            api.openapi = settled(extend_grids(document, grids, series))
    made: dict[str, Any] = api.openapi
    return made


def _provided(api: API, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names of the collections that have a provider of this kind, with its definition."""
    for name, found in api.config["resources"].items():
        for provider in found.get("providers", ()):
            if provider["type"] == kind:
                yield name, provider


def true_conformance(document: dict[str, Any]) -> dict[str, Any]:
    """The conformance classes that hold: those that pygeoapi declares, and ours."""
    declared = {
        *document["conformsTo"],
        SCHEMAS,
        *FILTERS,
        *EDITING,
        *JOBS,
        *RECORDS,
        *TILES,
        *DATA,
    } - _UNTRUE
    return {"conformsTo": sorted(declared)}


def _shape(layer: Layer) -> tuple[Any, ...]:
    return (
        layer.id, layer.name, layer.columns, layer.title_zh, layer.title_en, layer.srid,
        layer.extent, layer.access, layer.metadata,
    )  # fmt: skip
