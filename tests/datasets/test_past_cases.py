"""The sample city's duties: they fit what governs cases, and are the same from a seed."""

from datetime import UTC, datetime

import numpy as np

from datasets.sample import duties
from datasets.sample.past_cases import past_cases
from twin_model.cases import config
from twin_model.cases.calendar import parse
from twin_model.indicators.model import Indicator

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_settings_are_settings() -> None:
    parse(duties.CALENDAR)
    for code, one in duties.CATEGORIES.items():
        config.Category.model_validate(one)
        assignments = {
            name: config.Assignment.model_validate(one) for name, one in duties.ASSIGNMENTS.items()
        }
        assert config.department_of(assignments, code, "") in duties.DEPARTMENTS
    for one in duties.INDICATORS.values():
        indicator = Indicator.model_validate(one)
        assert indicator.title_zh
        assert indicator.title_en
    assert duties.INDICATORS["emergencies_handled"]["target"] == 90


def test_past_cases_are_the_same_from_a_seed() -> None:
    weight = np.array([0.0, 1, 3])
    one, other = (past_cases(1, NOW, weight) for _ in range(2))
    assert one == other != past_cases(2, NOW, weight)
    assert [case.at for case in one] == sorted(case.at for case in one)
    assert {case.place for case in one} == {1, 2}
    late = np.mean([case.pace > 1 for case in one])
    assert 0.03 < late < 0.2
    assert any(case.noted_after for case in one)
