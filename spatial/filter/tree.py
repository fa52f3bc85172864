"""A filter as a tree: what CQL2 text and CQL2 JSON both become."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from re import fullmatch

import shapely

from spatial.errors import Invalid

MAX_DEPTH = 64
MAX_LIST = 1000
_TOO_DEEP = f"the filter is nested more than {MAX_DEPTH} deep: make it flatter"
_HELD_EXACTLY = 30  # digits

type Node = Property | Value | Shape | Bounds | Call


@dataclass(frozen=True, slots=True)
class Property:
    """An attribute, the geometry or the fid of a row."""

    name: str


@dataclass(frozen=True, slots=True)
class Value:
    """A constant; None is the open side of an interval."""

    value: str | bool | int | float | date | datetime | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry, its axes still in the order of the filter's CRS."""

    geometry: shapely.Geometry


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box, in the axis order of the filter's CRS; west > east crosses the antimeridian."""

    numbers: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function, named as CQL2 JSON names it, in lower case."""

    op: str
    args: tuple[Node, ...]
    depth: int


def call(op: str, *args: Node) -> Call:
    """An operator on its arguments; raises Invalid where that nests too deep."""
    depth = 1 + max((arg.depth for arg in args if isinstance(arg, Call)), default=0)
    check_depth(depth)
    return Call(op, args, depth)


def check_depth(depth: int) -> None:
    """Raise Invalid where a filter nests too deep."""
    if depth > MAX_DEPTH:
        raise Invalid(_TOO_DEEP)


def membership(item: Node, members: Sequence[Node]) -> Call:
    """`item IN (members)`."""
    if not members:
        raise Invalid("IN needs at least one value")
    if len(members) > MAX_LIST:
        raise Invalid(f"IN takes at most {MAX_LIST} values, not {len(members)}")
    return call("in", item, *members)


def number(text: str) -> Value:
    """A number as written: whole where it looks so."""
    value = float(text)
    if not isfinite(value):
        raise Invalid(f"the number {text[:20]} is too large")
    digits = text.removeprefix("-")
    return Value(int(text) if digits.isdecimal() and len(digits) <= _HELD_EXACTLY else value)


def string(text: str) -> Value:
    """A text that the database can hold."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Invalid("a text in the filter holds characters that no attribute can")
    return Value(text)


def day(text: str) -> Value:
    """A date of the calendar, `2024-06-01`."""
    try:
        if fullmatch(r"\d{4}-\d\d-\d\d", text):
            return Value(date.fromisoformat(text))
    except ValueError:
        pass
    raise Invalid(f"'{text[:40]}' is not a date: write 2024-06-01")


def timestamp(text: str) -> Value:
    """An instant with its offset, `2024-06-01T08:00:00Z`."""
    try:
        if fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text):
            return Value(datetime.fromisoformat(text.upper()))
    except ValueError:
        pass
    raise Invalid(f"'{text[:40]}' is not a timestamp: write 2024-06-01T08:00:00Z")


def bound(text: str) -> Value:
    """One side of an interval: a date, a timestamp, or `..` for an open one."""
    if text == "..":
        return Value(None)
    return timestamp(text) if "T" in text.upper() else day(text)


def interval(start: Node, end: Node) -> Call:
    """A stretch of time; raises Invalid where it ends before it starts."""
    if isinstance(start, Value) and isinstance(end, Value):
        first, last = start.value, end.value
        if isinstance(first, date) and type(first) is type(last) and first > last:
            raise Invalid("an INTERVAL must not end before it starts")
    return call("interval", start, end)


def bounds(numbers: Sequence[float]) -> Bounds:
    """A box of four numbers, or of six with heights, which count for nothing."""
    if len(numbers) == 6:
        numbers = (*numbers[:2], *numbers[3:5])
    if len(numbers) != 4:
        raise Invalid("BBOX takes four numbers: west, south, east, north (or six, with heights)")
    first, second, third, fourth = numbers
    return Bounds((first, second, third, fourth))
