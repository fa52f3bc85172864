"""Every registered analysis as an OGC API process, described from the registry alone."""

from typing import Any

from pygeoapi.process.base import BaseProcessor

import twin_model.known  # noqa: F401
from ogc_api.execution import GEOJSON, JSON, RESULT
from spatial.analyses import registry
from spatial.analyses.inputs import Label
from spatial.analyses.registry import Analysis, Input

_TIME = {"type": "string"}
#: What every execution may say beside the analysis's own inputs.
COMMON = (
    Input(
        "datetime", Label("时点：读哪一时的城市", "instant: which state of the city"), False, _TIME
    ),
    Input(
        "known_at", Label("当时所知：按哪一版记录", "by which edition of the books"), False, _TIME
    ),
    Input("scenario", Label("方案", "scenario: in which plan"), False, {"type": "string"}),
    Input("output", Label("成果图层名", "name of the layer to make"), False, {"type": "string"}),
)
#: Before an analysis's name among pygeoapi's resources, where no layer's can begin so.
PROCESS = "process:"
MODES = ("sync-execute", "async-execute")
_NAMES = {"type": "object", "additionalProperties": {"type": "string"}}
_RESULT = {
    "title": {"en": "the job's result", "zh": "作业结果"},
    "description": {
        "en": "what was made, a summary, and the certificate of its balance; as GeoJSON the "
        "features that were made",
        "zh": "生成的成果、摘要与平衡证明；以 GeoJSON 表示时为生成的要素",
    },
    "schema": {
        "oneOf": [
            {
                "type": "object",
                "contentMediaType": JSON,
                "required": ["job", "status", "outputs", "summary", "certificate"],
                "properties": {
                    "job": {"type": "string", "format": "uuid"},
                    "status": {"type": "string"},
                    "outputs": _NAMES,
                    "summary": {"type": "object"},
                    "certificate": {"type": ["object", "null"]},
                    "links": {"type": "array", "items": {"type": "object"}},
                },
            },
            {"type": "object", "contentMediaType": GEOJSON},
        ]
    },
}


class AnalysisProcess(BaseProcessor):  # type: ignore[misc]
    """The description of one analysis; `ogc_api.manager` runs it as a job."""

    def __init__(self, definition: dict[str, Any]) -> None:
        super().__init__(definition, description(registry.find(definition["analysis"])))


def process_resources() -> dict[str, dict[str, Any]]:
    """pygeoapi's resource entries, one for each analysis."""
    processor = f"{__name__}.{AnalysisProcess.__name__}"
    return {
        f"{PROCESS}{one.name}": {
            "type": "process",
            "processor": {"name": processor, "analysis": one.name},
        }
        for one in registry.every()
    }


def description(analysis: Analysis) -> dict[str, Any]:
    """The process's metadata, its texts in both languages for pygeoapi to choose from."""
    return {
        "version": "1.0.0",
        "id": analysis.name,
        "title": {"en": analysis.title_en, "zh": analysis.title_zh},
        "description": {"en": analysis.about_en, "zh": analysis.about_zh},
        "jobControlOptions": list(MODES),
        "outputTransmission": ["value", "reference"],
        "keywords": [analysis.name],
        "links": [],
        "inputs": {one.name: _input(one) for one in (*analysis.inputs(), *COMMON)},
        "outputs": {RESULT: _RESULT},
    }


def _input(one: Input) -> dict[str, Any]:
    label = {"en": one.label.en, "zh": one.label.zh}
    return {
        "title": label,
        "description": label,
        "schema": dict(one.schema),
        "minOccurs": int(one.required),
        "maxOccurs": 1,
    }
