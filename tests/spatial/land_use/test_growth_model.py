"""The growth model by hand: trends, one step of the automaton, and the figure of merit."""

import numpy as np
import pytest

from spatial.errors import Invalid
from spatial.land_use.growth_model import agreement, forecast, grow

YEARS = [2000, 2001, 2002, 2003]


def test_trends_go_on_from_the_last_amount():
    line = np.array([10.0, 12, 14, 16])
    assert forecast(YEARS, line, 2005, "linear") == pytest.approx([18, 20])
    assert forecast(YEARS, line, 2005, "mean") == pytest.approx([18, 20])
    doubling = np.array([1.0, 2, 4, 8])
    assert forecast(YEARS, doubling, 2005, "exponential") == pytest.approx([16, 32])
    assert forecast(YEARS, line[::-1], 2004, "linear") == pytest.approx([10])
    assert len(forecast(YEARS, line, 2003, "linear")) == 0
    gaps = forecast([2000, 2005, 2010], np.array([0.0, 10, 20]), 2011, "linear")
    assert gaps == pytest.approx([22])
    with pytest.raises(Invalid, match="three years at least; there are 2"):
        forecast([2000, 2001], line[:2], 2005, "linear")
    with pytest.raises(Invalid, match="above 0 in every year"):
        forecast(YEARS, np.array([0.0, 1, 2, 3]), 2005, "exponential")


def corner():
    built = np.zeros((5, 5), bool)
    built[0, 0] = True
    return built


def test_without_chance_the_best_cells_beside_what_is_built_come_first():
    """All cells by the corner have one built neighbour; suitability decides among them."""
    fit = np.full((5, 5), 0.5)
    fit[1, 1], fit[0, 1], fit[1, 0] = 0.9, 0.8, np.nan
    made = grow(corner(), fit, {2001: 1, 2002: 1}, np.random.default_rng(0), radius=1, chance=0)
    assert made.year[1, 1] == 2001
    # with (1, 1) built, (0, 1) has two of eight neighbours built: 0.8 · 2/8 beats all others
    assert made.year[0, 1] == 2002
    assert (made.year > 0).sum() == 2
    assert made.year[1, 0] == made.year[0, 0] == 0


def test_the_same_seed_grows_the_same_and_another_does_not():
    fit = np.ones((40, 40))
    built = np.zeros((40, 40), bool)
    built[18:22, 18:22] = True
    one, two, other = (
        grow(built, fit, {2001: 30, 2002: 30}, np.random.default_rng(seed)).year
        for seed in (1, 1, 2)
    )
    assert (one == two).all()
    assert (one != other).any()
    assert [(one == year).sum() for year in (2001, 2002)] == [30, 30]
    assert not (one[built] > 0).any()


def test_what_finds_no_place_is_told():
    fit = np.zeros((5, 5))
    fit[0, :3] = 1
    made = grow(corner(), fit, {2001: 1, 2002: 5}, np.random.default_rng(0))
    assert made.short == {2002: 4}
    assert (made.year > 0).sum() == 2


def test_the_figure_of_merit_by_hand():
    before = np.array([[1, 0, 0, 0, 0, 0]], bool)
    actual = np.array([[1, 1, 1, 0, 0, 0]], bool)
    told = np.array([[1, 1, 0, 1, 0, 0]], bool)
    found = agreement(before, actual, told)
    assert (found.hits, found.misses, found.false_alarms, found.rejections) == (1, 1, 1, 2)
    assert found.figure_of_merit == pytest.approx(1 / 3)
    assert found.by_chance == pytest.approx(0.8 / 3.2)
    assert agreement(before, before, before).figure_of_merit == 1


def test_a_city_that_grows_by_the_rule_is_foretold_far_better_than_by_chance():
    """Grown from one seed, told with another: the rule is known, only the luck is not."""
    x, y = np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 60))
    fit = np.exp(-2 * (x**2 + y**2))
    built = x**2 + y**2 < 0.05
    demand = dict.fromkeys(range(2001, 2006), 60)
    truth, guess = (
        built | (grow(built, fit, demand, np.random.default_rng(n)).year > 0) for n in (5, 6)
    )
    found = agreement(built, truth, guess)
    assert found.figure_of_merit > 3 * found.by_chance
