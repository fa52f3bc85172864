"""The analyses `control-line-check` and `control-line-conflicts`: 三线 and what they forbid."""

from typing import Annotated, Any, Self

import geopandas as gpd
from pydantic import model_validator

from spatial.analyses.inputs import Inputs, Label, LayerName, Names, OnMap
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, Outcome, Run
from spatial.land_use.areas import TITLES
from spatial.land_use.control_lines import check, conflicts
from spatial.land_use.control_report import control_page
from spatial.land_use.control_rules_profile import EFFECTS, KINDS, rules_of
from spatial.land_use.drawn import Drawn, drawn_frame
from spatial.land_use.ground import Ground, read, require_columns
from spatial.layer import Column

LINES = ("farmland", "ecology", "urban")
_TEXTS = ("title", "verdict", "clause", "exceptions")
EVIDENCE = (
    Column("project_fid", "bigint", "项目要素号"),
    Column("kind", "text", "类别"),
    Column("line_fid", "bigint", "控制线要素号"),
    Column("area_m2", "double precision", "面积"),
    Column("share", "double precision", "占项目比例"),
)
VERDICTS = (
    Column("project_fid", "bigint", "项目要素号"),
    Column("rule", "text", "规则"),
    Column("area_m2", "double precision", "面积"),
    Column("share", "double precision", "占项目比例"),
    Column("verdict", "text", "结论"),
    *(Column(f"{name}_{language}", "text") for name in _TEXTS for language in ("zh", "en")),
    Column("claimed", "text", "所援引的例外"),
)
CONFLICTS = (
    Column("line_a", "text"),
    Column("line_b", "text"),
    Column("fid_a", "bigint"),
    Column("fid_b", "bigint"),
    Column("area_m2", "double precision", "面积"),
)
Farmland = Annotated[LayerName | None, Label("永久基本农田", "permanent basic farmland")]
Ecology = Annotated[LayerName | None, Label("生态保护红线", "ecological protection red line")]
Urban = Annotated[
    LayerName | None, Label("城镇开发边界，可带分区", "urban development boundary, zoned or not")
]
ZoneField = Annotated[
    str | None,
    Label("城镇开发边界的分区字段，缺省为 zone", "the boundary's column of zones; zone by default"),
]


def _with_a_line[M: Inputs](inputs: M) -> M:
    if all(getattr(inputs, name) is None for name in LINES):
        raise ValueError("give at least one of farmland, ecology and urban")
    return inputs


class CheckInputs(Inputs):
    """Which project, against which lines, by which rules."""

    project: Annotated[
        LayerName | None, Label("项目或方案的面图层", "polygon layer of a project or plan")
    ] = None
    boundary: Annotated[
        Drawn | None,
        Label("项目边界：GeoJSON，经纬度", "boundary of a project, as GeoJSON in degrees"),
        OnMap("polygon"),
    ] = None
    farmland: Farmland = None
    ecology: Ecology = None
    urban: Urban = None
    zone_field: ZoneField = None
    rules: Annotated[
        str | dict[str, Any],
        Label("规则：china、plain 或同样形式的 JSON", "rules: china, plain, or JSON of that form"),
    ] = "china"
    claimed: Annotated[
        Names, Label("所援引例外情形的代号", "ids of the exceptions that the project claims")
    ] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.project is None) == (self.boundary is None):
            raise ValueError("give either a layer `project` or a GeoJSON `boundary`")
        return _with_a_line(self)


@analysis(
    "control-line-check",
    zh="控制线检查",
    en="Control-line check",
    about_zh="项目或方案占用永久基本农田、生态保护红线的面积与比例，及在城镇开发边界各分区和边界外的部分；"
    "逐条规则给出结论、条款与例外情形，附占用图斑、结论表、可打印的报告与面积平衡证明。",
    about_en="What a project or plan takes of permanent basic farmland and of the ecological red "
    "line, what lies in each zone of the urban boundary and outside it; a verdict by rule with its "
    "clause and exceptions, with the evidence as a layer, a table, a page to print and a "
    "certificate of areas.",
)
def control_line_check(run: Run, inputs: CheckInputs) -> Outcome:
    """Read, check, and write evidence, verdicts and page.

    Raises Invalid for rules that cannot be read and what `control_lines.check` refuses.
    """
    rules = rules_of(inputs.rules)
    lines = _lines(run, inputs)
    run.progress(0.2, "reading the project")
    if inputs.project is not None:
        (project,) = read(run, [inputs.project], ["Polygon"])
    else:
        assert inputs.boundary is not None
        project = drawn_frame(inputs.boundary).to_crs(next(iter(lines.values())).crs)
    ground = Ground.of(project)
    run.progress(0.4, f"checking {len(project)} features")
    checked = check(
        ground.bring(project),
        {name: ground.bring(line) for name, line in lines.items()},
        rules,
        frozenset(inputs.claimed),
    )
    zh, en = EFFECTS[checked.verdict]
    area = checked.evidence.groupby("kind")["area_m2"].sum()
    evidence = ground.back(checked.evidence)
    return Outcome(
        {
            "layer": new_layer(
                run, evidence, EVIDENCE, ground.srid, geometry_type="MultiPolygon",
                title_zh="占用图斑", title_en="evidence",
            ),
            "verdicts": new_layer(
                run, checked.verdicts, VERDICTS, ground.srid, key="verdicts",
                title_zh="结论", title_en="verdicts",
            ),
            "page": NewFile(
                "control-line-check.html",
                control_page(checked, rules, TITLES[ground.area], str(run.asof.params())),
                "text/html; charset=utf-8", "报告", "report",
            ),
        },
        checked.certificate,
        {
            "area": ground.area,
            "verdict": checked.verdict,
            "verdict_zh": zh,
            "verdict_en": en,
            "area_m2": {kind: float(area.get(kind, 0.0)) for kind in KINDS},
            "project_m2": checked.certificate.balance["project"],
        },
    )  # fmt: skip


class ConflictInputs(Inputs):
    """The lines to compare."""

    farmland: Farmland = None
    ecology: Ecology = None
    urban: Urban = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        return _with_a_line(self)


@analysis(
    "control-line-conflicts",
    zh="三线冲突检查",
    en="Conflicts of the control lines",
    about_zh="永久基本农田、生态保护红线、城镇开发边界两两之间及各自内部的重叠：冲突矩阵与图斑。",
    about_en="Where permanent basic farmland, the ecological red line and the urban boundary "
    "overlap each other or themselves: the conflict matrix, and where.",
)
def control_line_conflicts(run: Run, inputs: ConflictInputs) -> Outcome:
    """Read the lines and overlay each pair."""
    lines = _lines(run, inputs)
    ground = Ground.of(next(iter(lines.values())))
    found, certificate = conflicts({name: ground.bring(one) for name, one in lines.items()})
    sums = found.groupby(["line_a", "line_b"])["area_m2"].sum()
    matrix = {a: {b: float(sums.get((a, b), sums.get((b, a), 0.0))) for b in lines} for a in lines}
    layer = new_layer(run, ground.back(found), CONFLICTS, ground.srid, geometry_type="MultiPolygon")
    return Outcome({"layer": layer}, certificate, {"area": ground.area, "matrix_m2": matrix})


def _lines(run: Run, inputs: CheckInputs | ConflictInputs) -> dict[str, gpd.GeoDataFrame]:
    """The lines that are given, the urban one with its zones in `zone`."""
    given = {name: getattr(inputs, name) for name in LINES if getattr(inputs, name) is not None}
    lines = dict(zip(given, read(run, list(given.values()), ["Polygon"] * len(given)), strict=True))
    field = getattr(inputs, "zone_field", None)
    if "urban" in lines and field:
        require_columns(lines["urban"], "urban", [field])
        lines["urban"] = lines["urban"].assign(zone=lines["urban"][field])
    return lines
