"""Whose business is what in the sample city: categories, departments, calendar, indicators."""

from typing import Any

AREAS = {"layer": "communities", "column": "code"}


def _hours(amount: float, unit: str = "emergency_hours") -> dict[str, Any]:
    return {"amount": amount, "unit": unit}


#: 01 emergencies, 02 components, 03 the look of the city: code, titles, limit
CATEGORIES: dict[str, dict[str, Any]] = {
    "0101": {"title_zh": "道路积水", "title_en": "Flooded road", "limit": _hours(2)},
    "0102": {"title_zh": "井盖缺失", "title_en": "Missing manhole cover", "limit": _hours(4)},
    "0103": {"title_zh": "交通事故拥堵", "title_en": "Jam by an accident", "limit": _hours(1)},
    "0201": {"title_zh": "路灯不亮", "title_en": "Dark street lamp",
             "limit": _hours(2, "working_days")},
    "0202": {"title_zh": "道路破损", "title_en": "Broken road surface",
             "limit": _hours(5, "working_days")},
    "0301": {"title_zh": "占道经营", "title_en": "Trading on the road",
             "limit": _hours(4, "working_hours")},
    "0302": {"title_zh": "暴露垃圾", "title_en": "Litter", "limit": _hours(8, "working_hours")},
}  # fmt: skip
DEPARTMENTS: dict[str, dict[str, Any]] = {
    "water": {"title_zh": "水务局", "title_en": "Water Bureau"},
    "works": {"title_zh": "市政设施管理处", "title_en": "Municipal Works"},
    "traffic": {"title_zh": "交警支队", "title_en": "Traffic Police"},
    "order": {"title_zh": "城市管理局", "title_en": "Urban Management Bureau"},
}
ASSIGNMENTS: dict[str, dict[str, Any]] = {
    "water": {"category": "0101", "department": "water"},
    "works_covers": {"category": "0102", "department": "works"},
    "works": {"category": "02", "department": "works"},
    "traffic": {"category": "0103", "department": "traffic"},
    "order": {"category": "03", "department": "order"},
}
_HOLIDAYS = (
    "2026-01-01 2026-01-02 2026-01-03 2026-02-15 2026-02-16 2026-02-17 2026-02-18 2026-02-19 "
    "2026-02-20 2026-02-21 2026-02-22 2026-02-23 2026-04-04 2026-04-05 2026-04-06 2026-05-01 "
    "2026-05-02 2026-05-03 2026-05-04 2026-05-05 2026-06-19 2026-06-20 2026-06-21 2026-09-25 "
    "2026-09-26 2026-09-27 2026-10-01 2026-10-02 2026-10-03 2026-10-04 2026-10-05 2026-10-06 "
    "2026-10-07"
)
CALENDAR = {
    "holidays": _HOLIDAYS.split(),
    "workdays": [
        "2026-01-04",
        "2026-02-14",
        "2026-02-28",
        "2026-05-09",
        "2026-09-20",
        "2026-10-10",
    ],
}  # fmt: skip


def _cases(count: str, category: str = "") -> dict[str, Any]:
    return {"of": "cases", "count": count, "category": category}


def _layer(name: str, filter: str | None = None, value: str | None = None) -> dict[str, Any]:
    statistic = "count" if value is None else "sum"
    return {"of": "layer", "layer": name, "filter": filter, "value": value, "statistic": statistic}


def _rate(zh: str, en: str, part: Any, whole: Any, target: float, **more: Any) -> dict[str, Any]:
    return {
        "title_zh": zh, "title_en": en, "unit": "%", "formula": "100 * part / whole",
        "measures": {"part": part, "whole": whole}, "target": target, "tolerance": 10,
    } | more  # fmt: skip


_SERVICE = {"group_zh": "城市管理", "group_en": "City management"}
_SAFETY = {"group_zh": "城市安全", "group_en": "City safety"}
_STATE = {"group_zh": "城市运行", "group_en": "City life"}
INDICATORS: dict[str, dict[str, Any]] = {
    "emergencies_handled": _SAFETY | _rate(
        "紧急事件有效处置率", "Emergencies handled in time",
        _cases("in_time", "01"), _cases("due", "01"), 90,
    ),
    "on_time": _SERVICE | _rate(
        "按期结案率", "Closed on time", _cases("in_time"), _cases("due"), 90
    ),
    "closing": _SERVICE | _rate(
        "结案率", "Closed of those due", _cases("closed_of_due"), _cases("due"), 95, tolerance=5
    ),
    "returned": _SERVICE | _rate(
        "返工率", "Returned of those closed", _cases("returned"), _cases("closed"), 5,
        better="less", tolerance=5,
    ),
    "satisfaction": _SERVICE | {
        "title_zh": "满意度", "title_en": "Satisfaction", "unit": "/5", "formula": "sum / n",
        "measures": {"sum": _cases("marks"), "n": _cases("marked")}, "target": 4, "tolerance": 0.5,
    },
    "reported": _SERVICE | {
        "title_zh": "上报案件", "title_en": "Cases reported", "formula": "n",
        "measures": {"n": _cases("reported")},
    },
    "grave_alerts": _SAFETY | {
        "title_zh": "橙红告警", "title_en": "Orange and red alerts", "formula": "n", "window_h": 1,
        "measures": {"n": {"of": "alerts", "least": "orange"}}, "better": "less", "target": 0,
        "tolerance": 2,
    },
    "highest_water": _SAFETY | {
        "title_zh": "最高水位", "title_en": "Highest water", "unit": "m", "formula": "x",
        "measures": {"x": {"of": "series", "property": "water_level", "statistic": "max"}},
        "window_h": 1, "better": "less", "target": 3.7, "tolerance": 0.3,
    },
    "heaviest_rain": _SAFETY | {
        "title_zh": "最大五分钟雨量", "title_en": "Heaviest rain in five minutes", "unit": "mm",
        "measures": {"x": {"of": "series", "property": "rainfall", "statistic": "max"}},
        "formula": "x", "window_h": 1, "better": "less", "target": 4, "tolerance": 4,
    },
    "fine_dust": _STATE | {
        "title_zh": "细颗粒物", "title_en": "Fine dust (PM2.5)", "unit": "ug/m3", "formula": "x",
        "measures": {"x": {"of": "series", "property": "pm2_5", "fresh_s": 7200}},
        "window_h": 24, "better": "less", "target": 35, "tolerance": 40,
    },
    "stations_heard": _STATE | _rate(
        "监测站在线率", "Stations heard of in the hour",
        {"of": "series", "property": "water_level", "statistic": "count"},
        _layer("sensors", "property = 'water_level'"), 95, tolerance=5, window_h=1,
    ),
    "lamps_intact": _STATE | _rate(
        "路灯完好率", "Lamps intact", _layer("lamps", "state = 'intact'"), _layer("lamps"), 96,
        tolerance=2, window_h=24,
    ),
    "green_land": _STATE | _rate(
        "绿地与开敞空间占比", "Share of green and open land",
        _layer("parcels", "land_code LIKE '14%'", "area_m2"), _layer("parcels", None, "area_m2"),
        5, tolerance=2, window_h=8760,
    ),
}  # fmt: skip
