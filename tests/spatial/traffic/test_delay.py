"""Delay functions against quadrature and differences, and equilibria over them."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from spatial.errors import Invalid
from spatial.traffic.case import Case
from spatial.traffic.delay import BPR, CONICAL, DAVIDSON, delay, delays, summed
from spatial.traffic.solving import solve

CURVES = [(BPR, 4.0), (BPR, 1.0), (BPR, 2.5), (CONICAL, 4.0), (CONICAL, 1.5), (DAVIDSON, 0.2)]


@pytest.mark.parametrize(("form", "p"), CURVES)
def test_slopes_and_integrals(form, p):
    curve = np.array([[form, p, 50.0]])
    for flow in (0.0, 20.0, 49.0, 90.0):
        rise, steep, more, less = (np.empty(1) for _ in range(4))
        delays(curve, np.array([flow]), rise, steep)
        assert rise[0] == delay(form, p, flow / 50)[0] >= 0
        whole = quad(lambda x: delay(form, p, x / 50)[0], 0, flow, points=[47.5], limit=200)[0]
        assert summed(curve, np.array([flow]))[0] == pytest.approx(whole, rel=1e-7, abs=1e-12)
        if flow:
            delays(curve, np.array([flow + 1e-4]), more, less)
            up = more[0]
            delays(curve, np.array([flow - 1e-4]), more, less)
            assert steep[0] == pytest.approx((up - more[0]) / 2e-4, rel=1e-5)


def test_published_values():
    """A conical link at its capacity takes twice its free time, whatever alpha (Spiess 1990)."""
    assert [delay(CONICAL, p, 1.0)[0] for p in (1.5, 4.0, 10.0)] == pytest.approx([1, 1, 1])
    assert delay(DAVIDSON, 0.25, 0.5)[0] == pytest.approx(0.25)


def network(**columns):
    return pd.DataFrame({
        "init_node": 1, "term_node": 2, "free_flow_time": [10.0, 12.0, 11.0], "capacity": 40.0,
        "b": 0.2, "power": 4.0, "function": ["conical", "davidson", "bpr"],
    } | columns)  # fmt: skip


PAIRS = pd.DataFrame({"origin": [1], "destination": [2], "trips": [100.0]})


@pytest.mark.parametrize("method", ["bush", "bi-conjugate"])
def test_unlike_links_are_evened_out(method):
    case = Case.of(network(), PAIRS)
    found = solve(case, method, gap=1e-9)
    cost = found.cost
    assert cost == pytest.approx(np.full(3, cost[0]), rel=1e-6)
    assert found.flow.sum() == pytest.approx(100)
    assert (found.flow > 1).all()


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"function": "akcelik"}, "is none of bpr, conical, davidson"),
        ({"power": 1.0}, "conical alpha, is not above 1"),
        ({"capacity": 0.0}, "capacity is zero"),
        ({"b": np.nan}, "b is negative or no number"),
    ],
)
def test_functions_that_make_no_sense(columns, why):
    with pytest.raises(Invalid, match=why):
        Case.of(network(**columns), PAIRS)


def test_the_optimum_is_of_bpr_alone():
    with pytest.raises(Invalid, match="BPR"):
        solve(Case.of(network(), PAIRS), principle="system")
