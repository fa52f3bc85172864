"""`attribute=value` of a query string, read by the attribute's own type."""

from collections.abc import Mapping
from re import fullmatch

from spatial.errors import Invalid
from spatial.filter import tree
from spatial.filter.condition import Condition
from spatial.filter.terms import term_of
from spatial.filter.tree import Node, Property, Value
from spatial.layer import Layer


def equal(layer: Layer, values: Mapping[str, str]) -> Condition:
    """The condition that attributes have these values; raises Invalid where one cannot."""
    parts = [
        tree.call("=", Property(name), _value(layer, name, text)) for name, text in values.items()
    ]
    return Condition(layer, tree.call("and", *parts), None)


def _value(layer: Layer, name: str, text: str) -> Node:
    match term_of(layer, name).kind:
        case "text":
            return tree.string(text)
        case "number" if fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text):
            return tree.number(text)
        case "boolean" if text.lower() in ("true", "false"):
            return Value(text.lower() == "true")
        case "date":
            return tree.day(text)
        case "timestamp":
            return tree.timestamp(text)
    raise Invalid(f"'{name}' cannot be '{text[:40]}': it is a {term_of(layer, name).kind}")
