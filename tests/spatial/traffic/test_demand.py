"""Trips made, and trips between zones: by hand, and by what must hold."""

import numpy as np
import pandas as pd
import pytest

from spatial.errors import Invalid
from spatial.traffic.example import example
from spatial.traffic.generation import Rates, balanced, generated
from spatial.traffic.gravity import at_hour, calibrated, fitted, gravity


def test_fitting_by_hand():
    """From ones the fitted table is the product of its sums; rows 30, 70, columns 40, 60."""
    found, rounds, off = fitted(np.ones((2, 2)), np.array([30.0, 70]), np.array([40.0, 60]))
    assert found == pytest.approx(np.array([[12, 18], [28, 42]]))
    assert (rounds, off) == (1, 0)


def test_fitting_keeps_the_cross_ratio():
    """Of a 2 x 2 table fitting keeps ad / bc, so that the answer is the root of a square.

    Seed 1 2 / 3 1 has 1/6; with rows 10, 20 and columns 12, 18 the first cell x solves
    6 x (8 + x) = (10 - x)(12 - x): 5 x² + 70 x - 120 = 0, x = -7 + √73.
    """
    x = -7 + np.sqrt(73)
    found, _, off = fitted(np.array([[1.0, 2], [3, 1]]), np.array([10.0, 20]), np.array([12.0, 18]))
    assert found == pytest.approx(np.array([[x, 10 - x], [12 - x, 8 + x]]))
    assert off <= 1e-12


def test_gravity_of_equal_zones():
    """Two zones, 1 within and 3 between: T of one to the other is e^(-2 beta) of that within."""
    cost, ends = np.array([[1.0, 3], [3, 1]]), np.array([100.0, 100])
    found = gravity(cost, ends, ends, 0.5)
    within = 100 / (1 + np.exp(-1))
    assert found.trips == pytest.approx(np.array([[within, 100 - within], [100 - within, within]]))
    again = calibrated(cost, ends, ends, found.mean(cost))
    assert again.beta == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(5))
def test_gravity_keeps_ends_and_mean(seed):
    random = np.random.default_rng(seed)
    place = random.uniform(0, 30, (12, 2))
    cost = 2 + np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    made, drawn = random.uniform(1, 900, (2, 12))
    drawn *= made.sum() / drawn.sum()
    found = calibrated(cost, made, drawn, 9.0)
    assert found.mean(cost) == pytest.approx(9.0)
    assert found.trips.sum(axis=1) == pytest.approx(made)
    assert found.trips.sum(axis=0) == pytest.approx(drawn)
    with pytest.raises(Invalid, match=r"trips cannot cost 90 on average.* to "):
        calibrated(cost, made, drawn, 90.0)
    with pytest.raises(Invalid, match=r"trips cannot cost 0.1 on average"):
        calibrated(cost, made, drawn, 0.1)


def test_zones_without_a_way_are_told():
    cost = np.array([[1.0, 2, np.inf], [2, 1, np.inf], [np.inf, np.inf, np.inf]])
    found = gravity(cost, np.array([10.0, 20, 5]), np.array([15.0, 15, 5]), 0.1)
    assert found.stranded == 5
    assert found.trips.sum() == pytest.approx(30)
    assert (found.trips[2] == 0).all()
    assert (found.trips[:, 2] == 0).all()


def test_a_far_zone_does_not_vanish():
    """exp(-beta c) of all its costs is no number that a computer has."""
    cost = np.array([[1.0, 9000.0], [9000.0, 9000.0]])
    found = gravity(cost, np.array([10.0, 20]), np.array([5.0, 25]), 1.0)
    assert found.trips.sum(axis=1) == pytest.approx([10, 20])


def test_generation_by_hand():
    rates = Rates.of(pd.DataFrame({
        "source": ["people", "09", "0902"], "purpose": ["work"] * 3,
        "production": [0.5, 0, 0], "attraction": [0, 10, 40],
    }))  # fmt: skip
    people, area = np.array([1000.0, 200]), np.array([[0, 3.0, 1], [2, 1, 0]])
    made, drawn = generated(people, area, ["0902", "0901", "1207"], rates)
    assert made.tolist() == [[500], [100]]
    assert drawn.tolist() == [[30], [90]]
    drawn, factor = balanced(made, drawn)
    assert drawn.tolist() == [[150], [450]]
    assert factor.tolist() == [5]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("production", [-1.0, 1], "not negative"),
        ("attraction", [np.nan, 1], "not negative"),
        ("purpose", ["work", None], "needs a column purpose"),
        ("purpose", ["work", "work"], "twice"),
    ],
)
def test_rates_that_are_none(column, values, message):
    rows = pd.DataFrame({
        "source": ["people", "people"], "purpose": ["work", "school"],
        "production": [1.0, 1], "attraction": [1.0, 1],
    })  # fmt: skip
    rows[column] = values
    with pytest.raises(Invalid, match=message):
        Rates.of(rows)


def test_trips_that_nothing_attracts():
    with pytest.raises(Invalid, match="no zone attracts"):
        balanced(np.array([[1.0]]), np.array([[0.0]]))


def test_the_examples_hold_together():
    """A day has all its trips: half leave home and half come back."""
    shares = example("time_of_day").groupby("purpose")[["from_home", "to_home"]].sum()
    assert shares.to_numpy() == pytest.approx(np.full(shares.shape, 0.5))
    rates = Rates.of(example("trip_rates"))
    assert set(rates.purposes) == set(shares.index)
    assert rates.source[rates.of_code("080403")].tolist() == ["0804", "0804"]
    day = np.array([[1.0, 2], [5, 3]])
    assert at_hour(day, 0.5, 0.25) == pytest.approx(np.array([[0.75, 2.25], [3, 2.25]]))
