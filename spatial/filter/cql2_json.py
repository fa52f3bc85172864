"""CQL2 JSON to a tree."""

import json
from typing import Any, NoReturn

import shapely
from shapely.errors import ShapelyError

from spatial.errors import Invalid
from spatial.filter import tree
from spatial.filter.tree import Node, Property, Shape, Value


def parse(text: str) -> Node:
    """The tree of a CQL2 JSON document; raises Invalid with what was expected."""
    try:
        document = json.loads(text, parse_constant=_not_a_number, parse_float=tree.number)
    except json.JSONDecodeError as error:
        raise Invalid(f"filter, character {error.pos + 1}: this is not JSON") from None
    except (RecursionError, ValueError):
        raise Invalid("the filter is nested too deep, or a number in it is too long") from None
    return _node(document, 1)


def _not_a_number(text: str) -> NoReturn:
    raise Invalid(f"{text} is not a number that an attribute can have")


def _node(found: Any, depth: int) -> Node:
    tree.check_depth(depth)
    if isinstance(found, Value | bool):
        return found if isinstance(found, Value) else Value(found)
    if isinstance(found, int):
        return tree.number(str(found))
    if isinstance(found, str):
        return tree.string(found)
    if not isinstance(found, dict):
        raise Invalid("a filter in JSON is made of objects, texts, numbers, true and false")
    match found:
        case {"op": str(op), "args": list(args)}:
            return _call(op.lower(), args, depth + 1)
        case {"op": _}:
            raise Invalid('an operator needs its name and its arguments: {"op": "=", "args": […]}')
        case {"property": str(name)}:
            return Property(name)
        case {"date": str(text)}:
            return tree.day(text)
        case {"timestamp": str(text)}:
            return tree.timestamp(text)
        case {"interval": [start, end]}:
            return tree.interval(_bound(start, depth), _bound(end, depth))
        case {"bbox": list(numbers)}:
            return tree.bounds(_numbers(numbers))
        case {"type": str(kind)}:
            return _geometry(kind, found)
    raise Invalid(
        f"'{', '.join(map(str, found))[:60]}' is no part of CQL2 JSON: it has op with args, "
        "property, date, timestamp, interval, bbox and geometries"
    )


def _call(op: str, args: list[Any], depth: int) -> Node:
    if op == "in":
        if len(args) != 2 or not isinstance(args[1], list):
            raise Invalid('in takes a value and a list: {"op": "in", "args": [value, [value, …]]}')
        return tree.membership(_node(args[0], depth), [_node(arg, depth) for arg in args[1]])
    if op == "between" and len(args) == 2 and isinstance(args[1], list):
        args = [args[0], *args[1]]
    return tree.call(op, *(_node(arg, depth) for arg in args))


def _bound(found: Any, depth: int) -> Node:
    return tree.bound(found) if isinstance(found, str) else _node(found, depth + 1)


def _numbers(found: list[Any]) -> list[float]:
    values: list[Any] = [item.value if isinstance(item, Value) else item for item in found]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise Invalid("a bbox holds numbers: west, south, east, north")
    return [float(value) for value in values]


def _geometry(kind: str, found: dict[str, Any]) -> Node:
    try:
        return Shape(shapely.from_geojson(json.dumps(found, default=lambda item: item.value)))
    except (ShapelyError, TypeError, ValueError):
        raise Invalid(f"this {kind[:20]} is not a GeoJSON geometry") from None
