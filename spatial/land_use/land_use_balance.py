"""The analysis `land-use-balance`: 用地平衡表, and of two moments 空间功能结构调整表."""

from base64 import b64decode
from typing import Annotated, Any, Self

import pandas as pd
from pydantic import BeforeValidator, Field, model_validator

from spatial.analyses.inputs import Inputs, Label, LayerName, OptionalLayer, OptionalWorkbook
from spatial.analyses.making import new_layer
from spatial.analyses.reading import readings, require_shape
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, Outcome, Output, Run
from spatial.asof import format_instant
from spatial.certificate import Certificate
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.land_use.areas import TITLES, AreaChoice, AreaMethod, area_method
from spatial.land_use.balance import balance, changed
from spatial.land_use.balance_documents import HTML, Sheet, balance_page
from spatial.land_use.balance_faults import FAULTS, balance_faults
from spatial.land_use.balance_workbook import balance_workbook, default_template
from spatial.land_use.class_areas import OUTSIDE, ClassAreas, by_column, by_zone, zone_areas
from spatial.land_use.code_tree import tree_of
from spatial.land_use.criteria import read_json
from spatial.land_use.workbook_template import XLSX
from spatial.layer import Column, Layer
from spatial.query import Reading

RELATIVE = 1e-9
#: Edges that are cut are not quite straight on the ellipsoid, nor those of zones in another CRS.
CURVED = 1e-6
#: Zones that the certificate names.
NAMED = 20
_KEYS = ("zone", "class", "zh", "en")
_NUMBERS = ("parcels", "area_m2", "area_hm2", "area_mu", "share", "per_head_m2")
Heads = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class BalanceInputs(Inputs):
    """Which parcels, in which classes and zones, at which moments."""

    layer: Annotated[LayerName, Label("用地图层（基期）", "parcels (of the base year)")]
    target: Annotated[
        OptionalLayer,
        Label("目标年或方案的用地图层，如 parcels?datetime=2035&scenario=plan",
              "parcels of a target year or plan, such as parcels?datetime=2035&scenario=plan"),
    ] = None  # fmt: skip
    code: Annotated[str, Label("地类编码字段", "the column of codes")] = "land_code"
    codes: Annotated[
        str,
        Label("分类：gb21010、survey、planning、generic，或 JSON 行",
              "their classification: gb21010, survey, planning, generic, or JSON rows"),
    ] = "planning"  # fmt: skip
    level: Annotated[
        int,
        Field(ge=0, le=9),
        Label("级别：1 一级类，2 二级类……，0 原编码", "level: 1 the top …, 0 the codes themselves"),
    ] = 1
    zones: Annotated[OptionalLayer, Label("分区面图层", "polygon layer of zones")] = None
    zone_name: Annotated[
        str | None,
        Label("分区名称字段：分区图层的；无分区图层时为用地图层的",
              "column of the zones' names, or without zones of the parcels"),
    ] = None  # fmt: skip
    population: Annotated[
        Heads | dict[str, Heads] | None,
        BeforeValidator(read_json),
        Label("人口：总数，或按分区的 JSON（空键为全部）",
              "heads: of all, or JSON by zone, '' of all", unit="persons"),
    ] = None  # fmt: skip
    decimals: Annotated[
        int, Field(ge=0, le=6), Label("面积小数位数", "decimals of areas in hm² and mu")
    ] = 2
    area: AreaChoice = None
    faults: Annotated[
        bool,
        Label("另成图层：图斑重叠、重复与空缺，分区重叠",
              "also make a layer of where parcels overlap or are missing, and zones overlap"),
    ] = False  # fmt: skip
    template: Annotated[
        OptionalWorkbook,
        Label("本市的 Excel 模板（.xlsx），占位符见文档",
              "a city's own workbook (.xlsx) to fill; see the documentation for placeholders"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.zones is not None and not self.zone_name:
            raise ValueError("say by zone_name which column names the zones")
        return self


@analysis(
    "land-use-balance",
    zh="用地平衡表",
    en="Land-use balance",
    about_zh="按任一级地类、按行政区或任意分区汇总面积、占比与人均，单位平方米、公顷、亩；"
    "给出目标年时为空间功能结构调整表。数据库内汇总；取整后仍闭合，并标出被调整的数；"
    "附可打印页面与 Excel 表。",
    about_en="Area, share and area per head by class at any level, by district or any zone, in m², "
    "hm² and mu; with a target the table of structural change. Summed in the database; rounded "
    "figures close, and those that were moved are named; with a page to print and a workbook.",
)
def land_use_balance(run: Run, inputs: BalanceInputs) -> Outcome:
    """Sum, classify, round, write.

    Raises Invalid for layers without polygons, columns that are not there, and planar areas in
    degrees.
    """
    tree = tree_of(inputs.codes)
    layers = [one for one in (inputs.layer, inputs.target, inputs.zones) if one is not None]
    with readings(run.database, layers, run.asof, run.grant) as (pg, views):
        zones = views.pop() if inputs.zones is not None else None
        method = area_method(inputs.area, views[0].layer.srid)
        sums: list[ClassAreas] = []
        sizes: dict[str, float] = {}
        for view in views:
            area_method(method, view.layer.srid)
            _require(view.layer, inputs.code)
            run.progress(0.1 + 0.4 * len(sums), f"summing '{view.layer.name}'")
            if zones is None:
                if inputs.zone_name:
                    _require(view.layer, inputs.zone_name)
                sums.append(by_column(pg, view, inputs.code, method, inputs.zone_name))
            else:
                assert inputs.zone_name is not None
                _require(zones.layer, inputs.zone_name)
                sums.append(by_zone(pg, view, inputs.code, method, zones, inputs.zone_name))
        if zones is not None and inputs.zone_name:
            sizes = zone_areas(pg, zones, inputs.zone_name, views[0].layer.srid, method)
        found = _faults(run, pg, views, zones, inputs, method) if inputs.faults else None
        moments = " / ".join(format_instant(view.moment.valid_at) for view in views)  # type: ignore[arg-type]
        srid = views[0].layer.srid
    heads = inputs.population
    population = heads if isinstance(heads, dict) else {"": heads} if heads else None
    named = set(sizes).union(*(set(one.rows["zone"]) for one in sums))
    if unknown := sorted(set(population or ()) - named - {""}):
        raise Invalid(f"there is no zone '{unknown[0]}' for its population")
    made = [
        balance(
            one.rows, tree, level=inputs.level, decimals=inputs.decimals,
            population=population, zones=tuple(sizes),
        )
        for one in sums
    ]  # fmt: skip
    table = made[0].table if len(made) == 1 else changed(made[0].table, made[1].table)
    certificate = _certificate(sums, sizes)
    outputs: dict[str, Output] = {}
    if found is not None:
        outputs["faults"] = new_layer(
            run, found, FAULTS, srid, geometry_type="MultiPolygon", key="faults",
            title_zh="重叠与空缺", title_en="overlaps and gaps",
        )  # fmt: skip
    zh, en = (
        ("用地平衡表", "Land-use balance")
        if len(made) == 1
        else ("空间功能结构调整表", "Structural change of land use")
    )
    sheet = Sheet(
        table, zh, en, TITLES[method], moments, certificate, inputs.decimals,
        tree, inputs.level,
    )  # fmt: skip
    template = b64decode(inputs.template) if inputs.template else default_template(sheet)
    return Outcome(
        {
            "layer": new_layer(run, table, _columns(table), srid, title_zh=zh, title_en=en),
            "page": NewFile("balance.html", balance_page(sheet), HTML, zh, en),
            "workbook": NewFile("balance.xlsx", balance_workbook(sheet, template), XLSX, zh, en),
            "template": NewFile("template.xlsx", template, XLSX, "模板", "template"),
            **outputs,
        },
        certificate,
        _summary(method, sums, sizes, found) | {
            "unknown_codes": sorted({code for one in made for code in one.unknown}),
            "parcels_without_code": [one.missing for one in made],
            "adjusted": [
                f"{row['zone'] or '*'}/{row['class'] or '*'}: {row['adjusted']}"
                for row in table[table["adjusted"] != ""].to_dict("records")
            ],
        },
    )  # fmt: skip


def _faults(
    run: Run, pg: Pg, views: list[Reading], zones: Reading | None, inputs: BalanceInputs,
    method: AreaMethod,
) -> pd.DataFrame:  # fmt: skip
    """Of each state why its areas do not close; in the CRS of the first."""
    srid = views[0].layer.srid
    cutters = None
    if zones is not None:
        cutters = fetch(run.database, pg, zones, [str(inputs.zone_name)]).to_crs(srid)
        cutters = cutters.rename(columns={str(inputs.zone_name): "zone"}).astype({"zone": str})
    made: list[pd.DataFrame] = []
    for state, view in zip(("base", "target"), views, strict=False):
        run.progress(0.6, f"comparing the parcels of '{view.layer.name}'")
        parcels = fetch(run.database, pg, view, []).to_crs(srid)
        made.append(balance_faults(parcels, cutters, method).assign(state=state))
    found: pd.DataFrame = pd.concat(made, ignore_index=True)
    return found


def _require(layer: Layer, column: str) -> None:
    if layer.shape != "Geometry":
        require_shape(layer, "Polygon")
    if column not in layer.column_names:
        has = ", ".join(layer.column_names) or "none"
        raise Invalid(f"'{layer.name}' has no column {column}: it has {has}")


def _columns(table: pd.DataFrame) -> tuple[Column, ...]:
    return tuple(
        Column(
            str(name),
            "double precision" if str(name).startswith(_NUMBERS) else "text",
            {"zone": "分区", "class": "地类编码", "zh": "地类"}.get(str(name), ""),
        )
        for name in table
        if name in _KEYS or str(name).startswith(_NUMBERS) or name == "adjusted"
    )


def _certificate(sums: list[ClassAreas], sizes: dict[str, float]) -> Certificate:
    classes = [float(one.rows["area_m2"].sum()) for one in sums]
    residual = sum(
        max(abs(own - one.whole), one.residual) for own, one in zip(classes, sums, strict=True)
    )
    outside = [one.rows.loc[one.rows["zone"] == OUTSIDE, "area_m2"].sum() for one in sums]
    doubled = max(one.residual for one in sums) > RELATIVE * sums[0].whole
    return Certificate(
        equation="areas of classes = areas of parcels",
        left=sum(classes),
        right=sum(one.whole for one in sums),
        residual=residual,
        tolerance=RELATIVE * sum(one.whole for one in sums),
        unit="m²",
        balance={"in zones": sum(classes) - float(sum(outside)), "outside": float(sum(outside))},
        notes=(
            *(("zones overlap: what lies in several counts in each",) if doubled else ()),
            *(
                f"'{zone}': its parcels have {abs(gap):,.3f} m² {'less' if gap > 0 else 'more'} "
                f"than the zone: {'gaps' if gap > 0 else 'overlaps'}"
                for zone, gap in list(_gaps(sums[0], sizes).items())[:NAMED]
                if abs(gap) > CURVED * sizes[zone]
            ),
        ),
    )


def _gaps(sums: ClassAreas, sizes: dict[str, float]) -> dict[str, float]:
    """m² that the classes of each zone lack of it."""
    filled = sums.rows.groupby("zone")["area_m2"].sum()
    return {zone: size - float(filled.get(zone, 0.0)) for zone, size in sizes.items()}


def _summary(
    method: AreaMethod, sums: list[ClassAreas], sizes: dict[str, float], found: pd.DataFrame | None
) -> dict[str, Any]:
    """Of zones what their classes lack (gaps, > 0) or have too much (overlaps, < 0)."""
    said: dict[str, Any] = {
        "area": method,
        "parcels": [one.parcels for one in sums],
        "repaired": [one.repaired for one in sums],
        "area_m2": [one.whole for one in sums],
    }
    if found is not None:
        said["faults_m2"] = found.groupby("kind")["area_m2"].sum().to_dict()
    if sizes:
        filled = sums[0].rows.groupby("zone")["area_m2"].sum()
        said["empty_zones"] = sorted(zone for zone in sizes if zone not in filled)
        said["zone_gap_m2"] = _gaps(sums[0], sizes)
    return said
