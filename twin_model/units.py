"""Units as UCUM writes them (`ug/m3`, `Cel`, `m3/s`), converted by pint."""

import logging
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from spatial.errors import Rejected

# pint takes no alias with a point in it, and no unit with brackets
_UNTAKEN = " i.U. ="
_BRACKETS = str.maketrans("", "", "[]")


@cache
def conversion(source: str, target: str) -> tuple[float, float]:
    """(factor, offset) such that a value in `source` is `factor * value + offset` in `target`.

    Raises Rejected where a unit is unknown, the two measure different things, or the way between
    them is no straight line.
    """
    if source == target:
        return 1.0, 0.0
    zero, one, two = (_converted(number, source, target) for number in (0.0, 1.0, 2.0))
    if abs((two - one) - (one - zero)) > 1e-9 * max(abs(two), abs(one), abs(zero)):
        raise Rejected(f"'{source}' and '{target}' are not on one scale")
    return one - zero, zero


def check(unit: str) -> str:
    """The unit itself, if it is one of UCUM or none; else Rejected."""
    if unit:
        _converted(1.0, unit, unit)
    return unit


def _converted(number: float, source: str, target: str) -> float:
    quantity = _reader()
    try:
        from_, to = quantity(source), quantity(target)
        value = type(from_)(number * from_.magnitude, from_.units)
        return float(value.to(to.units).magnitude / to.magnitude)
    except Exception:
        pair = f"'{source}' is no unit" if source == target else f"'{source}' is not '{target}'"
        raise Rejected(f"{pair}: write units as UCUM does, such as ug/m3, Cel, m3/s") from None


@cache
def _reader() -> Callable[[str], Any]:
    """From a UCUM code to a quantity of pint's."""
    # the grammar takes a second or two to build: only those who convert pay
    from pint import UnitRegistry
    from ucumvert import UcumToPintTransformer, get_ucum_parser

    logging.getLogger("lark").setLevel(logging.WARNING)  # it tells of its grammar otherwise
    registry = UnitRegistry(preprocessors=[lambda text: text.translate(_BRACKETS)])
    definitions = files("ucumvert").joinpath("pint_ucum_defs.txt").read_text(encoding="utf-8")
    registry.load_definitions(definitions.replace(_UNTAKEN, "").splitlines())
    parser, transformer = get_ucum_parser(), UcumToPintTransformer(registry)
    return lambda code: registry.Quantity(transformer.transform(parser.parse(code)))
