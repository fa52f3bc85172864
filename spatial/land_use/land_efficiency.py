"""The analysis `land-efficiency`: what industrial land yields, by parcel and enterprise."""

from typing import Annotated, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pydantic import BeforeValidator, Field, model_validator

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, Outcome, Run
from spatial.errors import Invalid
from spatial.land_use.criteria import read_json
from spatial.land_use.efficiency import FIGURES, efficiency
from spatial.land_use.ground import Ground, read, require_columns
from spatial.land_use.svg_map import svg_map
from spatial.layer import Column, ColumnType

_CLASSES = {"A": 0.2, "B": 0.5, "C": 0.25, "D": 0.05}
_COLOURS = ("#1a9850", "#a6d96a", "#fdae61", "#d73027", "#762a83", "#542788")
_TITLES = {"output": "产值", "tax": "税收", "floor_area": "建筑面积", "jobs": "从业人数"}
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class EfficiencyInputs(Inputs):
    """Which parcels, whose figures, and how they are weighed."""

    parcels: Annotated[LayerName, Label("宗地", "parcels")]
    parcel_key: Annotated[str, Label("宗地的编号字段", "the parcels' column of keys")]
    enterprises: Annotated[
        LayerName,
        Label("企业表：每企业每宗地一行", "table: a row for each enterprise on each parcel"),
    ]
    enterprise: Annotated[str, Label("企业名称或代码字段", "the table's column of enterprises")] = (
        "enterprise"
    )
    parcel: Annotated[str, Label("企业表中的宗地编号字段", "its column of parcels")] = "parcel"
    output: Annotated[str | None, Label("产值字段", "its column of output")] = None
    tax: Annotated[str | None, Label("税收字段", "its column of tax")] = None
    floor_area: Annotated[
        str | None, Label("建筑面积字段", "its column of floor area", unit="m²")
    ] = None
    jobs: Annotated[str | None, Label("从业人数字段", "its column of jobs")] = None
    land: Annotated[
        str | None,
        Label("企业用地面积字段，缺省时按建筑面积分摊宗地", "its column of land; else the parcel's "
              "is shared by floor area", unit="m²"),
    ] = None  # fmt: skip
    weights: Annotated[
        dict[str, Positive],
        BeforeValidator(read_json),
        Label("权重：JSON，缺省相等", "weights of figures, as JSON; equal by default"),
    ] = Field(default_factory=dict)
    benchmarks: Annotated[
        dict[str, Positive],
        BeforeValidator(read_json),
        Label("基准值（每公顷）：JSON，缺省取平均", "benchmarks per hm², as JSON; else the mean"),
    ] = Field(default_factory=dict)
    classes: Annotated[
        dict[str, Positive],
        BeforeValidator(read_json),
        Field(min_length=1, max_length=len(_COLOURS)),
        Label("分档与占比：JSON", "classes and their shares, as JSON"),
    ] = Field(default_factory=lambda: dict(_CLASSES))

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.figures():
            raise ValueError(f"name the table's column of one at least of {', '.join(FIGURES)}")
        for name in (*self.weights, *self.benchmarks):
            if name not in self.figures():
                raise ValueError(f"'{name}' is weighed, but its column is not named")
        if self.weights and set(self.weights) != set(self.figures()):
            raise ValueError("weigh all figures that are named, or none")
        return self

    def figures(self) -> dict[str, str]:
        """The table's column of each figure that is named."""
        return {name: getattr(self, name) for name in FIGURES if getattr(self, name)}


@analysis(
    "land-efficiency",
    zh="工业企业资源利用绩效",
    en="Land efficiency",
    about_zh="按宗地与企业计算每公顷与每亩的产值、税收、建筑面积与从业人数，对照基准值评分、"
    "排名并分档（A、B、C、D），附图与土地平衡证明。",
    about_en="Output, tax, floor area and jobs per hm² and per mu by parcel and enterprise, scored "
    "against benchmarks, ranked and classed (A, B, C, D), with a map and a balance of land.",
)
def land_efficiency(run: Run, inputs: EfficiencyInputs) -> Outcome:
    """Read, join, rate; raises Invalid for missing columns, doubled keys and words for numbers."""
    parcels, table = read(run, [inputs.parcels, inputs.enterprises], ["Polygon"])
    require_columns(parcels, "parcels", [inputs.parcel_key])
    ground = Ground.of(parcels)
    parcels = ground.bring(parcels)
    parcels["key"] = _keys(parcels[inputs.parcel_key])
    twice = parcels["key"].duplicated() & parcels["key"].notna()
    if twice.any():
        raise Invalid(f"the parcels have the key '{parcels.loc[twice, 'key'].iloc[0]}' twice")
    parcels["area_m2"] = shapely.area(parcels.geometry.to_numpy())
    made = efficiency(
        dict(zip(parcels["key"], parcels["area_m2"], strict=True)),
        _table(table, inputs),
        inputs.weights or dict.fromkeys(inputs.figures(), 1.0),
        inputs.classes,
        inputs.benchmarks,
    )
    figures = list(inputs.figures())
    joined = parcels[["fid", "key", "geometry"]].merge(
        made.parcels, left_on="key", right_on="parcel"
    )
    joined["parcel_fid"] = joined["fid"]
    columns = _columns(figures, Column("parcel", "text", "宗地"))
    own = _columns(figures, Column("enterprise", "text", "企业"))
    unmatched = made.unmatched["parcel"].fillna("").astype(str).unique()
    return Outcome(
        {
            "layer": new_layer(
                run, ground.back(joined), (Column("parcel_fid", "bigint"), *columns), ground.srid,
                geometry_type="MultiPolygon", title_zh="宗地", title_en="parcels",
            ),
            "enterprises": new_layer(
                run, made.enterprises, own, ground.srid, key="enterprises",
                title_zh="企业", title_en="enterprises",
            ),
            "map": NewFile(
                "efficiency.svg", _map(joined, inputs).encode(), "image/svg+xml", "图", "map"
            ),
        },
        made.certificate,
        {
            "area": ground.area,
            "enterprises": len(made.enterprises),
            "parcels": len(joined),
            "parcels_without": len(parcels) - len(joined),
            "rows_without_parcel": len(made.unmatched),
            "unknown_parcels": sorted(unmatched)[:20],
            "benchmarks_per_hm2": made.benchmarks,
            "classes": {
                "enterprises": _counts(made.enterprises, inputs),
                "parcels": _counts(joined, inputs),
            },
        },
    )  # fmt: skip


def _keys(column: pd.Series) -> pd.Series:
    """Keys as words, so that numbers and texts of the same digits meet."""
    plain = column.map(lambda v: str(int(v)) if isinstance(v, float) and v.is_integer() else v)
    return plain.map(lambda v: None if pd.isna(v) else str(v).strip())


def _table(table: gpd.GeoDataFrame, inputs: EfficiencyInputs) -> pd.DataFrame:
    named = inputs.figures() | ({"land_m2": inputs.land} if inputs.land else {})
    require_columns(table, "enterprises", [inputs.enterprise, inputs.parcel, *named.values()])
    made = pd.DataFrame(
        {"enterprise": _keys(table[inputs.enterprise]), "parcel": _keys(table[inputs.parcel])}
    )
    for name, column in named.items():
        try:
            made[name] = pd.to_numeric(table[column]).to_numpy(float)
        except (TypeError, ValueError):
            raise Invalid(f"the table's column {column} holds words, not numbers") from None
    nameless = made["enterprise"].isna()
    if nameless.any():
        raise Invalid(f"{int(nameless.sum())} rows of the table name no enterprise")
    return made


def _columns(figures: list[str], key: Column) -> tuple[Column, ...]:
    number: ColumnType = "double precision"
    made = [key, Column("land_m2", number, "用地面积")]
    for name in figures:
        made += [
            Column(name, number, _TITLES[name]),
            Column(f"{name}_per_hm2", number, f"每公顷{_TITLES[name]}"),
            Column(f"{name}_per_mu", number, f"亩均{_TITLES[name]}"),
        ]
    if "floor_area" in figures:
        made.append(Column("plot_ratio", number, "容积率"))
    return (*made, Column("score", number, "得分"), Column("rank", number, "名次"),
            Column("class", "text", "分档"))  # fmt: skip


def _counts(frame: pd.DataFrame, inputs: EfficiencyInputs) -> dict[str, int]:
    return {name: int((frame["class"] == name).sum()) for name in (*inputs.classes,)} | {
        "none": int(frame["class"].isna().sum())
    }


def _map(joined: gpd.GeoDataFrame, inputs: EfficiencyInputs) -> str:
    colours: dict[str, tuple[str, str]] = {
        name: (colour, name) for name, colour in zip(inputs.classes, _COLOURS, strict=False)
    }
    colours["none"] = ("#d8d8d8", "未评 unrated")
    classes: list[Any] = joined["class"].fillna("none").tolist()
    return svg_map(np.asarray(joined.geometry, object), classes, colours)
