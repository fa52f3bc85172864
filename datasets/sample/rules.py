"""What counts as wrong in the sample city: rules of alerts for its stations and vehicles."""

from typing import Any

_ESCALATE = (
    {"after_min": 10, "to": "district"},
    {"after_min": 30, "to": "city", "least": "orange"},
)
RULES: dict[str, dict[str, Any]] = {
    "high_water": {
        "title_zh": "水位超限",
        "title_en": "High water",
        "kind": "threshold",
        "layer": "sensors",
        "property": "water_level",
        "limits": {"blue": 3.7, "yellow": 3.85, "orange": 4.0, "red": 4.15},  # m
        "hysteresis": 0.05,
        "for_s": 30,
        "hold_s": 120,
        "escalate": _ESCALATE,
        "category": "0101",
        "case_at": "orange",
    },
    "heavy_rain": {
        "title_zh": "短时强降雨",
        "title_en": "Heavy rain",
        "kind": "threshold",
        "layer": "sensors",
        "property": "rainfall",
        "limits": {"blue": 4.0, "yellow": 6.0, "orange": 8.0},  # mm in five minutes
        "hysteresis": 0.5,
        "hold_s": 120,
        "escalate": _ESCALATE,
    },
    "silent_station": {
        "title_zh": "站点失联",
        "title_en": "Silent station",
        "kind": "silence",
        "layer": "sensors",
        "property": "water_level",
        "limits": {"yellow": 900},  # s
    },
    "standing_vehicle": {
        "title_zh": "车辆滞行",
        "title_en": "Standing vehicle",
        "kind": "threshold",
        "layer": "vehicles",
        "property": "speed",
        "side": "below",
        "limits": {"blue": 6.0},  # km/h
        "hysteresis": 2.0,
        "for_s": 60,
    },
}
