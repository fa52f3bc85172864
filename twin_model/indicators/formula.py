"""Formulas of indicators: arithmetic on named measures, and nothing else."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from spatial.errors import Invalid
from twin_model.packed import Column

LONGEST = 500
_OPERATORS = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide}
_FUNCTIONS = {"min": np.minimum, "max": np.maximum}


@dataclass(frozen=True)
class Formula:
    """A parsed formula: numbers, names, + − * /, min and max, and parentheses."""

    text: str
    names: frozenset[str]
    _tree: ast.expr

    def of(self, measures: Mapping[str, Column]) -> Column:
        """Its values over columns of one length; what is divided by nothing is NaN."""
        with np.errstate(all="ignore"):
            found = np.asarray(_value(self._tree, measures), float)
        return np.where(np.isfinite(found), found, np.nan)


def parse(text: str) -> Formula:
    """A formula of a text; raises Invalid with what cannot be in one."""
    if not 0 < len(text) <= LONGEST:
        raise Invalid(f"a formula has at most {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Invalid(f"this is no formula: {text}") from None
    names: set[str] = set()
    _check(tree, names)
    return Formula(text, frozenset(names), tree)


def _check(node: ast.expr, names: set[str]) -> None:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            pass
        case ast.Name(id=name):
            names.add(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, names)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if (
            name in _FUNCTIONS and len(args) > 1
        ):
            for one in args:
                _check(one, names)
        case _:
            raise Invalid(
                "a formula has numbers, names of measures, + - * / ( ), min and max, not "
                f"'{ast.unparse(node)[:40]}'"
            )


def _value(node: ast.expr, measures: Mapping[str, Column]) -> Column:
    match node:
        case ast.Constant(value=int() | float() as number):
            return np.float64(number)  # type: ignore[return-value]
        case ast.Name(id=name):
            return measures[name]
        case ast.BinOp(left=left, op=op, right=right):
            found: Column = _OPERATORS[type(op)](_value(left, measures), _value(right, measures))
            return found
        case ast.UnaryOp(operand=operand):
            return -_value(operand, measures)
        case ast.Call(func=ast.Name(id=name), args=args):
            return reduce(_FUNCTIONS[name], (_value(one, measures) for one in args))
    raise AssertionError(node)
