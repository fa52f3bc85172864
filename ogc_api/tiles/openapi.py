"""The OpenAPI of tiles: of each layer, of all, and the sets that they come in."""

from collections.abc import Iterable
from typing import Any

from ogc_api.openapi import REFUSALS, Node, described, query, refer
from tiles.matrix_set import MATRIX_SETS, MAX_ZOOM
from tiles.vector import MIMETYPE

_JSON = {"application/json": {"schema": {"type": "object"}}}
_TILE = {MIMETYPE: {"schema": {"type": "string", "format": "binary"}}}
_CHOSEN = query("collections", "Layers by commas; all that may be seen, without it")
_ASOF = ("datetime", "known_at", "scenario")
_FILTER = ("filter", "filter-lang", "filter-crs")


def extend_tiles(document: Node, layers: Iterable[str]) -> Node:
    """The document with the paths of tiles, which pygeoapi's tells of by references elsewhere."""
    paths = document["paths"]
    sets = "/tileMatrixSets"
    paths[sets] = _get("tiles", "getTileMatrixSetsList", "The tile matrix sets", _JSON)
    paths[f"{sets}/{{tileMatrixSetId}}"] = _get(
        "tiles", "getTileMatrixSet", "One of them", _JSON, _scheme()
    )
    paths |= _tilesets("tiles", "dataset.vector", "/tiles", [_CHOSEN])
    for layer in layers:
        base = f"/collections/{layer}/tiles"
        for path in [path for path in paths if path.startswith(base)]:
            del paths[path]
        paths |= _tilesets(layer, f"{layer}.collection.vector", base, [])
    return document


def _tilesets(tag: str, prefix: str, base: str, parameters: list[Node]) -> Node:
    """The paths of the tilesets under an address, their operations named as OGC advises."""
    one = f"{base}/{{tileMatrixSetId}}"
    drawn = query("f", "The form", enum=["mvt"])
    return {
        base: _get(tag, f"{prefix}.getTileSetsList", "The tilesets", _JSON, *refer(*_ASOF)),
        one: _get(
            tag, f"{prefix}.getTileSet", "A tileset", _JSON, _scheme(), *parameters, *refer(*_ASOF)
        ),
        f"{one}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get(
            tag, f"{prefix}.getTile", "A tile", _TILE, _scheme(),
            _whole("tileMatrix", maximum=MAX_ZOOM), _whole("tileRow"), _whole("tileCol"),
            drawn, *parameters, *refer(*_ASOF, *_FILTER),
        ),
    }  # fmt: skip


def _get(tag: str, name: str, summary: str, content: Node, *parameters: Node) -> Node:
    done: Node = {"200": {"description": "Done", "content": content}}
    if content is _TILE:
        done["204"] = {"description": "Nothing is there"}
    return {
        "get": {
            "summary": summary,
            "tags": [tag],
            "operationId": name,
            "parameters": list(parameters),
            "responses": done | described(REFUSALS),
        }
    }


def _scheme() -> Node:
    return _path("tileMatrixSetId", {"type": "string", "enum": list(MATRIX_SETS)})


def _whole(name: str, **bounds: Any) -> Node:
    return _path(name, {"type": "integer", "minimum": 0, **bounds})


def _path(name: str, schema: Node) -> Node:
    return {"name": name, "in": "path", "required": True, "schema": schema}
