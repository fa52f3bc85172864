"""An analysis is defined once; its inputs are checked wherever they come from."""

import pytest
import trial_analyses  # noqa: F401

from spatial.analyses import registry
from spatial.errors import Invalid, NotFound


@pytest.fixture
def trial():
    return registry.find("trial")


def test_texts_and_json_give_the_same_inputs(trial):
    texts = trial.parse({"layer": " plots ", "seconds": "1.5", "words": "a, b"})
    assert texts == trial.parse({"layer": "plots", "seconds": 1.5, "words": ["a", "b"]})
    assert texts.words == ("a", "b")
    assert texts.layer == "plots"


def test_every_wrong_input_is_named_with_its_reason(trial):
    with pytest.raises(Invalid) as caught:
        trial.parse({"seconds": "soon", "ends": "happily", "colour": "red"})
    message = str(caught.value)
    assert "'layer' is missing" in message
    assert "'seconds': input should be a valid number" in message
    assert "'ends': input should be 'well', 'badly' or 'oddly'" in message
    assert "there is no input 'colour'" in message


def test_inputs_are_described_with_kinds_units_and_both_languages(trial):
    layer, seconds, *_ = trial.inputs()
    assert (layer.name, layer.required, layer.label.zh) == ("layer", True, "图层")
    assert layer.schema["x-input-kind"] == "layer"
    assert (seconds.required, seconds.schema["x-ogc-unit"]) == (False, "s")
    assert seconds.schema["default"] == 0.0


def test_an_unknown_analysis_is_answered_with_near_names():
    with pytest.raises(NotFound, match="perhaps land-use-overlay"):
        registry.find("landuse-overlay")
    assert {"land-use-overlay", "trial"} <= {one.name for one in registry.every()}
