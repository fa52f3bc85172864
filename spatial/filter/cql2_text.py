"""CQL2 text to a tree: recursive descent, one method for each level of precedence."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import shapely
from shapely.errors import ShapelyError

from spatial.errors import Invalid
from spatial.filter import tree
from spatial.filter.tree import Call, Node, Property, Shape, Value

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<string>'(?:''|\\'|[^'])*+')
    | (?P<quoted>"(?:[^"]|"")*+")
    | (?P<word>[^\W\d][\w.:]*)
    | (?P<sign><=|>=|<>|[=<>+\-*/%^(),])
    | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_KEYWORDS = frozenset(
    ("and", "or", "not", "like", "between", "in", "is", "null", "true", "false", "div")
)
_GEOMETRIES = frozenset(
    (
        "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
        "geometrycollection",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse(text: str) -> Node:
    """The tree of a CQL2 text; raises Invalid with the position and what was expected there."""
    return _Parser(text).whole()


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            unclosed = {"'": "a text is not closed", '"': "a name is not closed"}
            said = unclosed.get(text[start], f"'{text[start]}' is no part of CQL2")
            raise Invalid(f"filter, character {start + 1}: {said}")
        kind = match.lastgroup
        found.append(_Token(kind, match[kind], match.start(kind), match.end()))
        place = match.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _wrong(self, expected: str) -> Invalid:
        token = self._now
        seen = f"'{token.text[:30]}'" if token.text else "the end"
        return Invalid(f"filter, character {token.start + 1}: expected {expected}, found {seen}")

    def _take(self) -> _Token:
        token = self._now
        self._place += 1
        return token

    def _accept(self, *wanted: str) -> str | None:
        """Go past a sign or keyword, if it is next."""
        token = self._now
        if token.kind in ("sign", "word") and token.text.lower() in wanted:
            self._place += 1
            return token.text.lower()
        return None

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise self._wrong(f"'{sign.upper()}'")

    def whole(self) -> Node:
        found = self._or()
        if self._now.kind != "end":
            raise self._wrong("AND, OR, an operator or the end")
        return found

    def _or(self) -> Node:
        return self._joined("or", self._and)

    def _and(self) -> Node:
        return self._joined("and", self._not)

    def _joined(self, word: str, part: Callable[[], Node]) -> Node:
        parts = [part()]
        while self._accept(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else tree.call(word, *parts)

    def _not(self) -> Node:
        if not self._accept("not"):
            return self._comparison()
        with self:
            return tree.call("not", self._not())

    def _comparison(self) -> Node:
        left = self._sum()
        if sign := self._accept(*_COMPARISONS):
            return tree.call(sign, left, self._sum())
        if self._accept("is"):
            negated = self._accept("not")
            self._expect("null")
            return _negated(negated, tree.call("isnull", left))
        negated = self._accept("not")
        if self._accept("like"):
            return _negated(negated, tree.call("like", left, self._sum()))
        if self._accept("between"):
            low = self._sum()
            self._expect("and")
            return _negated(negated, tree.call("between", left, low, self._sum()))
        if self._accept("in"):
            self._expect("(")
            return _negated(negated, tree.membership(left, self._arguments()))
        if negated:
            raise self._wrong("LIKE, BETWEEN or IN")
        return left

    def _sum(self) -> Node:
        left = self._product()
        while sign := self._accept("+", "-"):
            left = tree.call(sign, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._power()
        while sign := self._accept("*", "/", "%", "div"):
            left = tree.call(sign, left, self._power())
        return left

    def _power(self) -> Node:
        base = self._atom()
        if not self._accept("^"):
            return base
        with self:
            return tree.call("^", base, self._power())

    def _atom(self) -> Node:
        with self:
            if self._accept("-"):
                operand = self._atom()
                if isinstance(operand, Value) and isinstance(operand.value, int | float):
                    return Value(-operand.value)
                return tree.call("-", Value(0), operand)
            if self._accept("("):
                inner = self._or()
                self._expect(")")
                return inner
            token = self._now
            if token.kind == "number":
                return tree.number(self._take().text)
            if token.kind == "string":
                return tree.string(_unquoted(self._take().text))
            if token.kind == "quoted":
                return Property(self._take().text[1:-1].replace('""', '"'))
            if token.kind == "word":
                return self._word()
        raise self._wrong("an attribute, a value, a function or '('")

    def _word(self) -> Node:
        name = self._now.text
        lower = name.lower()
        if lower in ("true", "false"):
            self._take()
            return Value(lower == "true")
        if lower in _KEYWORDS:
            raise self._wrong("an attribute, a value, a function or '('")
        if lower in _GEOMETRIES and self._opens_geometry():
            return self._geometry()
        self._take()
        if not self._accept("("):
            return Property(name)
        if lower in ("date", "timestamp"):
            text = self._string()
            self._expect(")")
            return tree.day(text) if lower == "date" else tree.timestamp(text)
        if lower in ("bbox", "envelope"):
            return tree.bounds(self._numbers())
        if lower == "interval":
            start = self._bound()
            self._expect(",")
            end = self._bound()
            self._expect(")")
            return tree.interval(start, end)
        return tree.call(lower, *self._arguments())

    def _arguments(self) -> list[Node]:
        """What stands between a bracket, already open, and the one that closes it."""
        found = [self._or()]
        while self._accept(","):
            found.append(self._or())
        if not self._accept(")"):
            raise self._wrong("',' or ')'")
        return found

    def _string(self) -> str:
        if self._now.kind != "string":
            raise self._wrong("a text in single quotes")
        return _unquoted(self._take().text)

    def _bound(self) -> Node:
        if self._now.kind == "string":
            return tree.bound(self._string())
        return self._atom()

    def _numbers(self) -> list[float]:
        found: list[float] = []
        for argument in self._arguments():
            value = argument.value if isinstance(argument, Value) else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise Invalid("BBOX takes numbers: west, south, east, north")
            found.append(float(value))
        return found

    def _opens_geometry(self) -> bool:
        following = self._tokens[self._place + 1]
        return following.text == "(" or following.text.lower() in ("z", "empty")

    def _geometry(self) -> Node:
        first = self._take()
        self._accept("z")
        last, depth = first, 0
        while self._now.kind != "end":
            last = self._take()
            depth += (last.text == "(") - (last.text == ")")
            tree.check_depth(depth)
            if depth == 0:
                break
        wkt = self._text[first.start : last.end]
        try:
            return Shape(shapely.from_wkt(wkt))
        except ShapelyError:
            raise Invalid(
                f"filter, character {first.start + 1}: this {first.text.upper()} is not "
                "well-known text: write POINT(120.3 31.5)"
            ) from None

    def __enter__(self) -> None:
        self._depth += 1
        tree.check_depth(self._depth)

    def __exit__(self, *_: object) -> None:
        self._depth -= 1


def _negated(negated: object, inner: Call) -> Call:
    return tree.call("not", inner) if negated else inner


def _unquoted(token: str) -> str:
    return re.sub(r"''|\\'", "'", token[1:-1])
