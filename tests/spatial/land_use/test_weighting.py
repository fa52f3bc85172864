"""Weights against published examples, standard functions against xarray-spatial."""

import numpy as np
import pytest
import xarray as xr
from pydantic import TypeAdapter, ValidationError
from xrspatial import mcda

from spatial.errors import Invalid
from spatial.land_use.standardise import Standard
from spatial.land_use.weighting import (
    ahp,
    comparison_matrix,
    direct,
    ranks,
    reweighted,
    sensitivity,
    spearman,
)

# Saaty 1977: wealth of nations, United States, USSR, China, France, United Kingdom, Japan, Germany
NATIONS = [[1, 4, 9, 6, 6, 5, 5], [1, 7, 5, 5, 3, 4], [1, 1 / 5, 1 / 5, 1 / 7, 1 / 5],
           [1, 1, 1 / 3, 1 / 3], [1, 1 / 3, 1 / 3], [1, 2], [1]]  # fmt: skip
# Saaty 1990, "How to make a decision": buying a house
HOUSE = [
    [1, 5, 3, 7, 6, 6, 1 / 3, 1 / 4], [1, 1 / 3, 5, 3, 3, 1 / 5, 1 / 7], [1, 6, 3, 4, 6, 1 / 5],
    [1, 1 / 3, 1 / 4, 1 / 7, 1 / 8], [1, 1 / 2, 1 / 5, 1 / 6], [1, 1 / 5, 1 / 6], [1, 1 / 2], [1],
]  # fmt: skip
# Saaty 2008: drinks in the United States, coffee wine tea beer sodas milk water
DRINKS = [
    [1, 9, 5, 2, 1, 1, 1 / 2], [1, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9],
    [1, 1 / 3, 1 / 4, 1 / 3, 1 / 9], [1, 1 / 2, 1, 1 / 3], [1, 2, 1 / 2], [1, 1 / 3], [1],
]  # fmt: skip


def whole(upper):
    matrix = np.eye(len(upper))
    for i, row in enumerate(upper):
        for j, value in enumerate(row, i):
            matrix[i, j], matrix[j, i] = value, 1 / value
    return matrix


@pytest.mark.parametrize(
    ("upper", "weights", "lambda_max", "ratio"),
    [
        (NATIONS, [0.427, 0.230, 0.021, 0.052, 0.052, 0.123, 0.094], 7.608, 0.077),
        (HOUSE, [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333], 9.669, 0.169),
        (DRINKS, [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], None, 0.022),
    ],
    ids=["nations", "house", "drinks"],
)
def test_published_priorities(upper, weights, lambda_max, ratio):
    found = ahp(whole(upper))
    assert found.weights == pytest.approx(weights, abs=0.0011)
    assert found.weights.sum() == pytest.approx(1)
    if lambda_max:
        assert found.lambda_max == pytest.approx(lambda_max, abs=0.001)
    assert found.ratio == pytest.approx(ratio, abs=0.0011)


def test_a_consistent_matrix_gives_back_its_weights():
    weights = np.array([0.5, 0.3, 0.2])
    found = ahp(weights[:, None] / weights)
    assert found.weights == pytest.approx(weights)
    assert found.ratio == pytest.approx(0, abs=1e-12)


def test_like_xarray_spatial():
    names = ["road", "slope", "school", "river"]
    said = [("road", "slope", 3), ("road", "school", 5), ("road", "river", 7),
            ("slope", "school", 2), ("slope", "river", 4), ("school", "river", 0.5)]  # fmt: skip
    theirs, consistency = mcda.ahp_weights(names, {(a, b): v for a, b, v in said})
    ours = ahp(comparison_matrix(names, said))
    assert dict(zip(names, ours.weights, strict=True)) == pytest.approx(theirs, abs=1e-6)
    assert ours.ratio == pytest.approx(consistency.ratio, abs=1e-6)


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (np.ones((2, 3)), "a square"),
        (np.array([[1, 3], [3, 1]]), "reciprocal"),
        (np.array([[1, -3], [-1 / 3, 1]]), "above 0"),
        (np.array([[1, np.nan], [1, 1]]), "above 0"),
        (np.ones((16, 16)), "1 to 15"),
    ],
)
def test_what_is_no_comparison(matrix, reason):
    with pytest.raises(Invalid, match=reason):
        ahp(matrix.astype(float))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([("a", "b", 3.0)], "'a' and 'c' are not compared"),
        ([("a", "d", 3.0)], "'a' to 'd' compares no two criteria: there are a, b, c"),
        ([("a", "b", 3.0), ("b", "a", 3.0)], "compared twice"),
        ([("a", "b", 0.0)], "above 0"),
    ],
)
def test_judgements_that_do_not_tell_all(said, reason):
    with pytest.raises(Invalid, match=reason):
        comparison_matrix(["a", "b", "c"], said)


def test_direct_weights():
    assert direct(["a", "b"], {"a": 3, "b": 1}) == pytest.approx([0.75, 0.25])
    assert direct(["a", "b"], {}) == pytest.approx([0.5, 0.5])
    with pytest.raises(Invalid, match="no weight of b"):
        direct(["a", "b"], {"a": 1})
    with pytest.raises(Invalid, match="not negative"):
        direct(["a", "b"], {"a": 1, "b": -1})


STANDARD = TypeAdapter(Standard)
VALUES = np.array([-5.0, 0.0, 12.5, 25.0, 40.0, 100.0, np.nan])


@pytest.mark.parametrize(
    ("said", "method", "told"),
    [
        ({"function": "linear", "low": 0, "high": 50}, "linear", {"bounds": (0, 50)}),
        (
            {"function": "linear", "low": 50, "high": 0},
            "linear",
            {"bounds": (0, 50), "direction": "lower_is_better"},
        ),
        (
            {"function": "triangular", "low": 0, "peak": 20, "high": 60},
            "triangular",
            {"low": 0, "peak": 20, "high": 60},
        ),
        ({"function": "gaussian", "peak": 20, "spread": 9}, "gaussian", {"mean": 20, "std": 9}),
        (
            {"function": "piecewise", "points": [[0, 0.1], [30, 0.9], [60, 0.2]]},
            "piecewise",
            {"breakpoints": [0, 30, 60], "values": [0.1, 0.9, 0.2]},
        ),
    ],
    ids=["linear", "falling", "triangular", "gaussian", "piecewise"],
)
def test_functions_like_xarray_spatial(said, method, told):
    theirs = mcda.standardize(xr.DataArray(VALUES[None, :], dims=("y", "x")), method, **told)
    ours = STANDARD.validate_python(said)(VALUES)
    assert ours == pytest.approx(theirs.to_numpy()[0], nan_ok=True)


def test_the_sigmoid_and_categories_by_hand():
    curve = STANDARD.validate_python({"function": "sigmoid", "low": 0, "high": 40})
    assert curve(np.array([0.0, 10, 20, 30, 40])) == pytest.approx(
        [0, 0.1464466, 0.5, 0.8535534, 1]
    )
    words = STANDARD.validate_python({"function": "categories", "scores": {"0101": 0.2, "7": 1}})
    assert words(np.array(["0101", 7.0, None, "x"], object)) == pytest.approx(
        [0.2, 1, np.nan, np.nan], nan_ok=True
    )


@pytest.mark.parametrize(
    "said",
    [
        {"function": "linear", "low": 1, "high": 1},
        {"function": "triangular", "low": 0, "peak": 0, "high": 1},
        {"function": "piecewise", "points": [[1, 0], [0, 1]]},
        {"function": "piecewise", "points": [[0, 0], [1, 2]]},
        {"function": "gaussian", "peak": 0, "spread": 0},
        {"function": "magic"},
    ],
)
def test_functions_that_make_no_sense(said):
    with pytest.raises(ValidationError):
        STANDARD.validate_python(said)


SCORES = np.array([[1.0, 0.0], [0.0, 0.9], [0.4, 0.4]])


def test_ranks_share_ties_and_leave_out_what_is_unknown():
    assert list(ranks(np.array([0.5, 0.9, np.nan, 0.5]))) == [2, 1, 0, 2]


def test_where_the_lead_turns_by_hand():
    """w leads with the first unit while w > 0.9 (1 − w), that is until w = 0.9 / 1.9."""
    first, second = sensitivity(["a", "b"], SCORES, np.array([0.6, 0.4]), leading=1)
    assert first.turns_at == pytest.approx(0.9 / 1.9)
    assert second.turns_at == pytest.approx(1 - 0.9 / 1.9)
    assert (first.lower, first.higher) == pytest.approx((0.48, 0.72))
    assert first.kept == (1, 1)
    assert sensitivity(["a", "b"], SCORES, np.array([0.5, 0.5]), 0.2, 1)[0].kept == (0, 1)


def test_spearman_by_hand():
    assert spearman(np.array([3.0, 2, 1]), np.array([3.0, 1, 2])) == pytest.approx(0.5)


def test_weights_that_move_still_sum_to_one():
    moved = reweighted(np.array([0.5, 0.3, 0.2]), 0, 0.75)
    assert moved == pytest.approx([0.75, 0.15, 0.1])
    assert reweighted(np.array([1.0, 0.0]), 0, 0.6) == pytest.approx([0.6, 0.4])


def test_one_criterion_or_one_unit_turns_nothing():
    assert sensitivity(["a"], SCORES[:, :1], np.ones(1))[0].turns_at is None
    assert sensitivity(["a", "b"], SCORES[:1], np.array([0.5, 0.5]))[0].turns_at is None
