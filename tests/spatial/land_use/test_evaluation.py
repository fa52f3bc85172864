"""Units evaluated by hand: scores, exclusions, gaps, ranks."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from spatial.errors import Invalid
from spatial.land_use.criteria import Comparisons, Criteria, Criterion
from spatial.land_use.evaluation import EXCLUDED, SCORED, UNKNOWN, evaluate, weigh

ROAD = {"name": "road", "measure": "distance", "layer": "roads",
        "standard": {"function": "linear", "low": 100, "high": 0}}  # fmt: skip
SLOPE = {"name": "slope", "measure": "slope", "raster": "dem", "at_most": 15,
         "standard": {"function": "linear", "low": 20, "high": 0}}  # fmt: skip
AWAY = {"name": "river", "measure": "distance", "layer": "rivers", "at_least": 50}
MEASURED = {
    "road": np.array([0.0, 50, 100, np.nan, 20]),
    "slope": np.array([10.0, 0, 16, 5, np.nan]),
    "river": np.array([60.0, 50, 70, 90, 10]),
}


def criteria(*said):
    return TypeAdapter(Criteria).validate_python(list(said))


def test_scores_exclusions_and_gaps():
    given = criteria(ROAD | {"weight": 3}, SLOPE | {"weight": 1}, AWAY)
    weights, _ = weigh(given)
    made = evaluate(given, MEASURED, weights)
    assert weights == pytest.approx([0.75, 0.25])
    assert list(made.status) == [SCORED, SCORED, EXCLUDED, UNKNOWN, EXCLUDED]
    assert made.total == pytest.approx([0.875, 0.625, np.nan, np.nan, np.nan], nan_ok=True)
    assert list(made.rank) == [1, 2, 0, 0, 0]
    assert list(made.broken["river"]) == [False] * 4 + [True]
    certificate = made.certificate("parcels", np.array([1.0, 2, 4, 8, 16]))
    assert certificate.balance == {
        "units": 31, "scored": 3, "excluded": 20, "without data": 8,
    }  # fmt: skip
    assert certificate.holds
    assert "'road' knows nothing of 1 units" in certificate.notes


def test_what_is_missing_may_have_a_score():
    given = criteria(ROAD | {"missing": 0}, SLOPE | {"missing": 0.5})
    made = evaluate(given, MEASURED, weigh(given)[0])
    assert list(made.status) == [SCORED, SCORED, EXCLUDED, SCORED, SCORED]
    assert made.total[3:] == pytest.approx([(0 + 0.75) / 2, (0.8 + 0.5) / 2])


def test_judgements_weigh_too():
    given = criteria(ROAD, SLOPE)
    weights, found = weigh(given, [("road", "slope", 3.0)])
    assert weights == pytest.approx([0.75, 0.25])
    assert found.ratio == 0
    with pytest.raises(Invalid, match="not from both"):
        weigh(criteria(ROAD | {"weight": 1}, SLOPE), [("road", "slope", 3.0)])
    with pytest.raises(Invalid, match="no criterion scores"):
        weigh(criteria(AWAY))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"measure": "density", "layer": "a"}, "density needs radius"),
        ({"measure": "slope"}, "slope needs raster"),
        ({"measure": "distance", "layer": "a"}, "has a standard, or at_least"),
        ({"measure": "share", "layer": "a", "at_least": 2, "at_most": 1}, "more than at_most"),
        (
            {"measure": "value", "raster": "a", "standard": {"function": "categories",
                                                             "scores": {}}},
            "categories score an attribute",
        ),
        ({"measure": "smell", "layer": "a", "at_most": 1}, "input should be"),
    ],
)  # fmt: skip
def test_criteria_that_make_no_sense(said, reason):
    with pytest.raises(ValidationError, match=f"(?i){reason}"):
        Criterion.model_validate({"name": "x"} | said)


def test_texts_of_a_command_line():
    assert TypeAdapter(Criteria).validate_python(
        '{"name": "a", "measure": "distance", "layer": "roads?filter=rank < 2", "at_most": 5}'
    )[0].layer.filter == "rank < 2"  # fmt: skip
    read = TypeAdapter(Comparisons).validate_python
    assert read('[["a", "b", "1/4"], ["a", "c", 2]]') == (("a", "b", 0.25), ("a", "c", 2.0))
    for wrong in ("{", '[["a", "b"]]', '[["a", "b", "much"]]', '[["a", "b", "1/0"]]'):
        with pytest.raises(ValidationError):
            read(wrong)
