"""What the sample city's stewards say of its layers: catalogue entries and code lists, invented."""

from datasets.sample.land_codes import LAND
from spatial.metadata import Metadata

_PLANNING, _HOUSING = "自然资源和规划局", "住房和城乡建设局"
_WATER, _CIVIL, _URBAN = "水利局", "民政局", "城市管理局"

#: resource code, owner, frequency, abstracts in zh and en
_ENTRIES = {
    "districts": ("JL-01-001", _CIVIL, "annually", "市辖区界", "Boundaries of the districts"),
    "subdistricts": (
        "JL-01-002", _CIVIL, "annually", "街道与镇的界线", "Boundaries of subdistricts and towns",
    ),
    "communities": (
        "JL-01-003", _CIVIL, "annually", "社区与村的界线和人口",
        "Boundaries of communities and villages, with their people",
    ),
    "grid_cells": (
        "JL-02-001", _URBAN, "annually", "城市管理单元网格", "The cells of urban management",
    ),
    "water": ("JL-03-001", _WATER, "annually", "河流与湖泊", "Rivers and lakes"),
    "polders": ("JL-03-002", _WATER, "annually", "圩区范围", "Polders"),
    "parcels": (
        "JL-04-001", _PLANNING, "annually", "2000 年以来每块土地的用途",
        "The use of every parcel of land since 2000",
    ),
    "farmland_line": (
        "JL-04-002", _PLANNING, "asNeeded", "永久基本农田保护线", "Permanent basic farmland",
    ),
    "ecology_line": (
        "JL-04-003", _PLANNING, "asNeeded", "生态保护红线", "The ecological protection red line",
    ),
    "urban_line": (
        "JL-04-004", _PLANNING, "asNeeded", "城镇开发边界", "The urban development boundary",
    ),
    "roads": ("JL-05-001", _HOUSING, "annually", "道路中心线", "Centre lines of roads"),
    "bridges": ("JL-05-002", _HOUSING, "annually", "桥梁", "Bridges"),
    "buildings": (
        "JL-05-003", _HOUSING, "quarterly", "建筑轮廓与高度", "Outlines and heights of buildings",
    ),
    "lamps": ("JL-02-002", _URBAN, "monthly", "路灯", "Street lamps"),
    "manholes": ("JL-02-003", _URBAN, "monthly", "井盖", "Manhole covers"),
    "cameras": ("JL-02-004", _URBAN, "monthly", "监控探头", "Cameras"),
    "sensors": ("JL-02-005", _URBAN, "continual", "传感器及所测", "Sensors and what they measure"),
    "vehicles": ("JL-02-006", _URBAN, "continual", "车辆及驻地", "Vehicles and their stations"),
}  # fmt: skip
DESCRIBED = {
    name: Metadata(
        abstract_zh=f"{zh}（虚构的样例数据）。", abstract_en=f"{en}; invented, as a sample.",
        code=code, owner=owner, frequency=frequency, contact="data@jinlan.example",
        licence="https://creativecommons.org/publicdomain/zero/1.0/",
    )
    for name, (code, owner, frequency, zh, en) in _ENTRIES.items()
}  # fmt: skip
CODES = {"parcels": {"land_code": {code: zh for code, (zh, _) in LAND.items()}}}
