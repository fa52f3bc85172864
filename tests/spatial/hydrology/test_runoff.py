"""Runoff against TR-55, storms against their formula, hydrographs by their volume and peak."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from rasterio.transform import from_origin

from spatial.errors import Invalid
from spatial.hydrology.curve_number import CurveNumbers, moistened, runoff
from spatial.hydrology.design_storm import IntensityFormula, chicago, measured, scs
from spatial.hydrology.routing import downstream, muskingum, route
from spatial.hydrology.runoff_balance import balance
from spatial.hydrology.runoff_ground import RunoffGround, shares
from spatial.hydrology.unit_hydrograph import hydrograph, lag

INCH = 25.4
SUZHOU = IntensityFormula()


@pytest.mark.parametrize(("number", "inches"), [(70, 2.81), (75, 3.28), (77, 3.48)])
def test_tr55_examples(number, inches):
    assert runoff(6 * INCH, number) / INCH == pytest.approx(inches, abs=0.005)


def test_little_rain_is_kept_and_all_runs_off_water():
    assert runoff(0.2 * (25400 / 70 - 254), 70) == 0
    assert runoff(0.0, 100) == 0
    assert runoff(37.0, 100) == 37
    with pytest.raises(Invalid, match="negative"):
        runoff(-1.0, 70)
    with pytest.raises(Invalid, match="curve numbers"):
        runoff(1.0, 0)


def test_moisture_is_near_the_published_table():
    """NEH 630, table 10-1: CN 70 is 51 when dry, 85 when wet; 80 is 63 and 91."""
    for number, dry, wet in ((70, 51, 85), (80, 63, 91), (60, 40, 78)):
        assert moistened(number, "dry") == pytest.approx(dry, abs=2)
        assert moistened(number, "wet") == pytest.approx(wet, abs=2)
        assert moistened(number, "average") == number


def test_classes_have_the_covers_of_their_longest_code():
    numbers = CurveNumbers.built_in()
    assert numbers.of_class("070102", "good").tolist() == [77, 85, 90, 92]
    assert numbers.of_class("1401", "good").tolist() == [39, 61, 74, 80]
    assert numbers.of_class("1401", "poor").tolist() == [68, 79, 86, 89]
    assert numbers.of_class("0301", "fair").tolist() == [36, 60, 73, 79]
    assert numbers.of_class("1701", "good").tolist() == [100] * 4
    assert numbers.of_class("99", "good") is None


def test_every_cover_of_a_class_has_numbers_that_rise_with_the_soil():
    numbers = CurveNumbers.built_in()
    for code in numbers.covers:
        for condition in ("poor", "fair", "good"):
            assert (np.diff(numbers.of_class(code, condition)) >= 0).all()


def test_a_table_of_ones_own():
    own = CurveNumbers.of(pd.DataFrame({"class": ["x"], "A": [1], "B": [2], "C": [3], "D": [4]}))
    assert own.of_class("x1", "good").tolist() == [1, 2, 3, 4]
    with pytest.raises(Invalid, match="no column 'D'"):
        CurveNumbers.of(pd.DataFrame({"class": ["x"], "A": [1], "B": [2], "C": [3]}))


def test_suzhous_formula():
    """q of 60 minutes once in 2 years, worked out: 3000.823 x 1.373277 / 78.415^0.785."""
    expected = 3000.823 * (1 + 1.24 * 0.30103) / 78.415**0.785
    assert SUZHOU.intensity(60, 2) == pytest.approx(expected, rel=1e-6)
    assert SUZHOU.depth(60, 2) == pytest.approx(expected * 0.36, rel=1e-6)


def test_a_formula_without_b_gives_nothing_in_no_time():
    """q = 167 / t^0.5: 60 minutes hold 167 x 60^0.5 x 0.006 mm."""
    bare = IntensityFormula(A=1, C=0, b=0, n=0.5)
    assert bare.depth(0, 1) == 0
    assert chicago(bare, 1, 60, 0.5, 5).depth == pytest.approx(167 * 60**0.5 * 0.006)


@pytest.mark.parametrize("peak", [0.0, 0.43, 1.0])
def test_the_chicago_storm_holds_what_the_formula_gives(peak):
    storm = chicago(SUZHOU, 2, 180, peak, 1)
    assert storm.depth == pytest.approx(float(SUZHOU.depth(180, 2)), rel=1e-12)
    assert (storm.rain > 0).all()
    top = int(storm.rain.argmax())
    assert abs(top - 180 * peak) <= 1
    if peak == 0.43:
        # any span about the peak, parted as the storm is
        middle, span = 0.43 * 180, 50
        steps = storm.rain[round(middle - 0.43 * span) : round(middle + 0.57 * span)]
        assert steps.sum() == pytest.approx(float(SUZHOU.depth(span, 2)), rel=0.02)


@pytest.mark.parametrize("kind", ["scs-i", "scs-ia", "scs-ii", "scs-iii"])
def test_scs_days(kind):
    storm = scs(kind, 100, 15)
    assert storm.depth == pytest.approx(100)
    assert len(storm.rain) == 96
    assert (storm.rain >= 0).all()
    assert scs(kind, 0, 15).depth == 0


def test_type_ii_has_its_peak_before_noon():
    storm = scs("scs-ii", 100, 15)
    assert storm.rain.argmax() == 47
    assert storm.rain[47] == pytest.approx(30.6)


def test_a_gauge_is_spread_over_steps():
    storm = measured(np.array([0.0, 60, 90]), np.array([2.0, 6, 3]), 30)
    np.testing.assert_allclose(storm.rain, [2, 3, 3, 3])
    for minutes, rain, message in (
        ([0, 0], [1, 1], "order of time"),
        ([0, 5], [1, -1], "negative"),
        ([0, 5], [1, np.nan], "without a value"),
        ([], [], "no readings"),
    ):
        with pytest.raises(Invalid, match=message):
            measured(np.array(minutes, float), np.array(rain, float), 30)


def test_steps_must_divide_the_storm():
    with pytest.raises(Invalid, match="do not divide"):
        chicago(SUZHOU, 2, 180, 0.4, 7)


def test_the_units_peak_is_the_published_one():
    """qp = 0.208 A Q / Tp: 1 km², 1 mm, lag 2 h."""
    flow = hydrograph(np.array([1.0]), 1.0, 1e6, 2.0)
    peak = 1 / 120 + 2.0
    assert flow.max() == pytest.approx(0.208 / peak, rel=0.01)
    assert (flow.argmax() + 0.5) / 60 == pytest.approx(peak, rel=0.02)
    assert flow.sum() * 60 == pytest.approx(1000, rel=1e-12)


def test_lag_by_hand():
    """One square mile at 4 % with S = 3 in: l = 209 x 640^0.6 ft = 10,090 ft; L = 1.109 h."""
    length = 209 * 640**0.6
    expected = length**0.8 * 4**0.7 / (1900 * 2)
    assert lag(640 * 4046.8564224, 4.0, 3 * INCH) == pytest.approx(expected)
    assert expected == pytest.approx(1.109, rel=0.01)


def test_rain_is_runoff_and_what_the_ground_keeps():
    storm = scs("scs-ii", 6 * INCH, 15)
    area = np.array([[2e6, 0, 1e6], [0, 3e6, 5e5]])
    made = balance(storm, area, np.array([70.0, 75.0, np.nan]), np.array([1.0, 2.0]))
    proof = made.certificate(1.5e6)
    assert proof.holds, proof
    assert proof.left == pytest.approx(5e6 * 6 * INCH / 1000)
    np.testing.assert_allclose(made.depth / INCH, [2.805, 3.282], atol=1e-3)
    np.testing.assert_allclose(made.area, [2e6, 3e6])
    table = made.table()
    assert (table["peak_m3s"] > 0).all()
    assert (table["peak_minute"] > 12 * 60).all()


def test_a_wave_is_late_lower_and_whole():
    inflow = np.concatenate([np.zeros(2), [10, 40, 25, 10, 5], np.zeros(3)])
    for travel, weight in ((0.1, 0.2), (0.25, 0.0), (1.0, 0.2), (2.3, 0.3), (6.0, 0.1)):
        out = muskingum(inflow, 0.25, travel, weight)
        assert out.sum() == pytest.approx(inflow.sum(), rel=1e-12)
        assert (out >= -1e-12).all()
        middle = [(np.arange(len(one)) * one).sum() / one.sum() * 0.25 for one in (inflow, out)]
        late = travel if travel >= 0.25 / (2 * (1 - weight)) else 0
        assert middle[1] - middle[0] == pytest.approx(late, rel=1e-9)
        assert out.max() <= inflow.max() + 1e-12
    with pytest.raises(Invalid):
        muskingum(inflow, 0.25, 1.0, 0.4)


def test_basins_in_series_lose_no_water_and_in_a_circle_are_refused():
    flows = [np.array([1.0, 2, 1]), np.array([4.0, 4]), np.array([0.0, 3])]
    out = route(flows, np.array([2, 2, -1]), np.array([1.0, 1, 1]), 0.2, 1.0)
    assert out[0].tolist() == [1, 2, 1]
    assert out[2].sum() == pytest.approx(15, rel=1e-12)
    at_once = route(flows, np.array([2, 2, -1]), np.zeros(3), 0.2, 1.0)
    assert at_once[2].tolist() == [5, 9, 1]
    assert downstream([7, 8, 9], [9, 9, 0]).tolist() == [2, 2, -1]
    with pytest.raises(Invalid, match="circle"):
        route(flows, np.array([1, 0, -1]), np.ones(3), 0.2, 1.0)
    with pytest.raises(Invalid, match="same number"):
        downstream([7, 7], [0, 0])


def test_the_balance_follows_the_water_through_the_basins():
    storm = scs("scs-ii", 100, 15)
    area = np.array([[2e6], [3e6], [1e6]])
    made = balance(storm, area, np.array([80.0]), np.array([1.0, 2.0, 1.0]))
    routed = made.routed(np.array([1, 2, -1]), 1.0, 0.2)
    assert routed.certificate(0).holds
    table = routed.table()
    assert table["outflow_peak_m3s"].iloc[0] == table["peak_m3s"].iloc[0]
    last = table.iloc[2]
    assert table["peak_m3s"].max() < last["outflow_peak_m3s"] < table["peak_m3s"].sum()
    assert last["outflow_peak_minute"] > last["peak_minute"]
    whole = routed.hydrograph(2)
    volume = whole["outflow_m3s"].sum() * 15 * 60
    assert volume == pytest.approx((routed.depth / 1000 * routed.area).sum(), rel=1e-10)


def test_no_rain_is_no_runoff():
    made = balance(scs("scs-i", 0, 60), np.array([[1e6]]), np.array([80.0]), np.array([1.0]))
    assert made.certificate(0).holds
    assert made.table()["peak_m3s"].tolist() == [0]


def test_kinds_of_ground():
    use = gpd.GeoDataFrame(
        {"code": ["1401", "0902"]}, geometry=[shapely.box(0, 0, 20, 40), shapely.box(20, 0, 30, 40)]
    )
    soil = gpd.GeoDataFrame({"g": ["A"]}, geometry=[shapely.box(0, 20, 40, 40)])
    house = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10)])
    ground = RunoffGround.of(
        CurveNumbers.built_in(), "good", (use, "code"), (soil, "g"), house, "C"
    )
    kinds = ground.kinds((4, 4), from_origin(0, 40, 10, 10))
    expected = [[39, 39, 89, np.nan]] * 2 + [[74, 74, 94, np.nan]] * 2
    expected[3] = [98, 74, 94, np.nan]
    np.testing.assert_array_equal(ground.number[kinds], expected)
    basins = np.array([[1, 1, 1, 0]] * 4, np.int32)
    area = shares(basins, kinds, np.full(4, 100.0), 1, len(ground.number))
    assert area.sum() == 1600
    assert area[1, ground.number == 39].sum() == 400
    with pytest.raises(Invalid, match="class '77'"):
        RunoffGround.of(
            CurveNumbers.built_in(),
            "good",
            (use.assign(code="77"), "code"),
            (soil, "g"),
            house,
            "C",
        )
    with pytest.raises(Invalid, match="no soil group"):
        RunoffGround.of(
            CurveNumbers.built_in(), "good", (use, "code"), (soil.assign(g="E"), "g"), house, "C"
        )
