"""A filter's tree as a condition on the rows of one layer. Constants go in as literals only."""

from collections.abc import Iterator, Mapping
from typing import LiteralString

from psycopg import sql

from spatial.errors import Invalid
from spatial.filter.places import Place, place
from spatial.filter.terms import Term, aligned, constant, required, term_of
from spatial.filter.times import TEMPORAL, Period, related
from spatial.filter.tree import Bounds, Call, Node, Property, Shape, Value
from spatial.layer import Box, Layer

SPATIAL: Mapping[str, LiteralString] = {
    "s_intersects": "ST_Intersects",
    "s_disjoint": "ST_Disjoint",
    "s_contains": "ST_Contains",
    "s_within": "ST_Within",
    "s_touches": "ST_Touches",
    "s_overlaps": "ST_Overlaps",
    "s_crosses": "ST_Crosses",
    "s_equals": "ST_Equals",
}
_COMPARISONS: Mapping[str, LiteralString] = {
    sign: f"{{}} {sign} {{}}" for sign in ("=", "<>", "<", "<=", ">", ">=")
}
# in double precision, and without a value where they would divide by nothing
_ARITHMETIC: Mapping[str, LiteralString] = {
    "+": "({a} + {b})",
    "-": "({a} - {b})",
    "*": "({a} * {b})",
    "/": "({a} / nullif({b}, 0))",
    "div": "trunc({a} / nullif({b}, 0))",
    "%": "({a} - {b} * trunc({a} / nullif({b}, 0)))",
    "^": "power({a}, {b})",
}
_FUNCTIONS = "CASEI, BBOX, INTERVAL, DATE, TIMESTAMP, and the functions S_… and T_…"


class Condition:
    """What a filter says of one layer's rows.

    sql: the condition; boxes: in the layer's CRS, every row's bounding box must meet each.
    Raises Invalid for an attribute that the layer has not, and for kinds that do not go together.
    """

    def __init__(self, layer: Layer, root: Node, crs: str | None) -> None:
        self._layer = layer
        self._crs = crs
        self.boxes: list[Box] = []
        self.sql: sql.Composable = self._holds(root)
        for node in _conjuncts(root):
            self._keep_box(node)

    def _keep_box(self, node: Node) -> None:
        """A predicate that needs the geometries to meet lets an index find the rows."""
        if not isinstance(node, Call) or node.op not in SPATIAL or node.op == "s_disjoint":
            return
        literals = [arg for arg in node.args if isinstance(arg, Shape | Bounds)]
        if len(literals) == 1:
            box = self._place(literals[0]).box
            if box is not None:
                self.boxes.append(box)

    def _place(self, node: Shape | Bounds) -> Place:
        return place(node, self._crs, self._layer.srid)

    def _holds(self, node: Node) -> sql.Composable:
        term = self._term(node)
        if term.kind != "boolean":
            raise Invalid(f"expected a condition, such as height > 30, not {term.said}")
        return term.sql

    def _term(self, node: Node) -> Term:
        match node:
            case Property(name):
                return term_of(self._layer, name)
            case Value():
                return constant(node)
            case Shape() | Bounds():
                return Term("geometry", self._place(node).sql, "a geometry")
        return self._call(node)

    def _call(self, node: Call) -> Term:
        op, args = node.op, node.args
        if op in ("and", "or"):
            if not args:
                raise Invalid(f"{op.upper()} needs conditions")
            joint = sql.SQL(" AND " if op == "and" else " OR ")
            return _condition(joint.join(self._holds(arg) for arg in args))
        if op in _COMPARISONS:
            left, right = aligned(map(self._term, _counted(node, 2)))
            return _condition(sql.SQL(_COMPARISONS[op]).format(left, right))
        if op in _ARITHMETIC:
            return self._arithmetic(node)
        if op in SPATIAL:
            shapes = [
                required(self._term(arg), "geometry", op.upper()) for arg in _counted(node, 2)
            ]
            return _condition(
                sql.SQL("{}({})").format(sql.SQL(SPATIAL[op]), sql.SQL(", ").join(shapes))
            )
        if op in TEMPORAL:
            one, other = _counted(node, 2)
            return _condition(related(op, self._period(one), self._period(other)))
        match op:
            case "not":
                return _condition(sql.SQL("NOT {}").format(self._holds(_counted(node, 1)[0])))
            case "isnull":
                return _condition(sql.SQL("{} IS NULL").format(self._operand(node).sql))
            case "like":
                return self._like(node)
            case "between":
                item, low, high = aligned(map(self._term, _counted(node, 3)))
                return _condition(sql.SQL("{} BETWEEN {} AND {}").format(item, low, high))
            case "in":
                item, *members = aligned(map(self._term, args))
                return _condition(sql.SQL("{} IN ({})").format(item, sql.SQL(", ").join(members)))
            case "casei":
                text = required(self._operand(node), "text", "CASEI")
                return Term("text", sql.SQL("lower({})").format(text), "a text")
            case "interval":
                raise Invalid("INTERVAL goes into the functions T_… only")
        raise Invalid(f"there is no function {op[:40].upper()} here: there are {_FUNCTIONS}")

    def _operand(self, node: Call) -> Term:
        return self._term(_counted(node, 1)[0])

    def _arithmetic(self, node: Call) -> Term:
        left, right = (
            sql.SQL("({})::float8").format(required(self._term(arg), "number", node.op))
            for arg in _counted(node, 2)
        )
        pattern = sql.SQL(_ARITHMETIC[node.op])
        return Term("number", pattern.format(a=left, b=right), "a number")

    def _like(self, node: Call) -> Term:
        """A pattern is a constant: from an attribute it could be none in some row."""
        item, pattern = _counted(node, 2)
        folded = isinstance(pattern, Call) and pattern.op == "casei" and pattern.args
        inner = folded[0] if folded else pattern
        if not isinstance(inner, Value) or not isinstance(inner.value, str):
            raise Invalid("LIKE takes a text in single quotes, in which % and _ stand for others")
        slashes = len(inner.value) - len(inner.value.rstrip("\\"))
        if slashes % 2:
            raise Invalid("a LIKE pattern must not end with the escape character \\")
        return _condition(
            sql.SQL("{} LIKE {}").format(
                required(self._term(item), "text", "LIKE"), self._term(pattern).sql
            )
        )

    def _period(self, node: Node) -> Period:
        if not isinstance(node, Call) or node.op != "interval":
            instant = self._term(node)
            return instant, instant
        start, end = (
            None if isinstance(side, Value) and side.value is None else self._term(side)
            for side in _counted(node, 2)
        )
        return start, end


def _condition(made: sql.Composable) -> Term:
    return Term("boolean", sql.SQL("({})").format(made), "a condition")


def _counted(node: Call, number: int) -> tuple[Node, ...]:
    if len(node.args) != number:
        raise Invalid(f"{node.op.upper()} takes {number}, not {len(node.args)}")
    return node.args


def _conjuncts(node: Node) -> Iterator[Node]:
    """The parts that must all hold."""
    if isinstance(node, Call) and node.op == "and":
        for part in node.args:
            yield from _conjuncts(part)
    else:
        yield node
