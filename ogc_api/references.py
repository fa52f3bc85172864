"""An OpenAPI document whole in itself: what it refers to elsewhere is said within.

A client without the Internet, as behind an air gap, can then read all of it.
"""

from typing import Any

type Node = dict[str, Any]

_SCHEMA: Node = {"type": "object"}
_DONE: Node = {"description": "Done", "content": {"application/json": {"schema": _SCHEMA}}}
_RESPONSES = {
    "InvalidParameter": "It cannot be understood",
    "NotFound": "There is no such thing",
    "ServerError": "Something went wrong here",
}
_LIST: Node = {"type": "array", "items": {"type": "string"}}


def settled(node: Any) -> Any:
    """The same document or part of one, with its references to other documents replaced."""
    if isinstance(node, list):
        return [settled(one) for one in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref")
    if isinstance(target, str) and not target.startswith("#"):
        return _meant(target)
    return {name: settled(one) for name, one in node.items()}


def _meant(target: str) -> Node:
    kind, name = target.removesuffix(".yaml").split("/")[-2:]
    if kind == "parameters":
        return _parameter(name)
    if kind == "responses":
        text = _RESPONSES.get(name)
        return {"description": text} if text else _DONE
    return _SCHEMA


def _parameter(name: str) -> Node:
    if name == "featureId":
        return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    return {"name": name, "in": "query", "style": "form", "explode": False, "schema": _LIST}
