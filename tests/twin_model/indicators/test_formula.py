"""Formulas are arithmetic and nothing else."""

import numpy as np
import pytest

from spatial.errors import Invalid
from twin_model.indicators.formula import parse
from twin_model.indicators.model import Indicator

A, B = np.array([6.0, 1, 0]), np.array([3.0, 0, 0])


def test_arithmetic_by_hand() -> None:
    measures = {"a": A, "b": B}
    for text, expected in (
        ("100 * a / b", [200, np.nan, np.nan]),
        ("-(a - b) + 2.5", [-0.5, 1.5, 2.5]),
        ("min(a, b, 2) + max(a, 5)", [8, 5, 5]),
    ):
        np.testing.assert_array_equal(parse(text).of(measures), expected)
    assert parse("a / b").names == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')", "a.__class__", "a[0]", "lambda: 1", "a ** 9", "'x' * 9", "True",
        "a if b else 1", "__builtins__['x']",
        "min(a)", "exec(a, b)", "min(*a, b)", "a < b", "[a for a in b]", "a; b", "", "(" * 200,
        "9" * 600, "a = 1",
        "f'{a}'", "a @ b", "~a", "min(a, b, key=a)", "1j",
    ],
)  # fmt: skip
def test_nothing_else_is_a_formula(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_lights() -> None:
    measure = {"of": "cases", "count": "due"}
    one = Indicator.model_validate(
        {"title_zh": "率", "measures": {"n": measure}, "formula": "n", "target": 90, "tolerance": 5}
    )
    assert [one.light(x) for x in (95, 90, 89.9, 85, 84.9, None)] == [
        "green", "green", "yellow", "yellow", "red", None,
    ]  # fmt: skip
    less = one.model_copy(update={"better": "less"})
    assert [less.light(x) for x in (85, 90, 95, 96)] == ["green", "green", "yellow", "red"]
