"""The analysis `site-selection`: parcels under constraints, ranked, each with its reasons."""

from html import escape
from typing import Annotated, Self

import numpy as np
import shapely
from pydantic import Field, model_validator

from spatial.analyses.inputs import Inputs, Label, LayerName, RasterName
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, Outcome, Run
from spatial.land_use.criteria import Comparisons, Criteria, Criterion, distinct
from spatial.land_use.evaluation import EXCLUDED, SCORED, Evaluation, evaluate, weigh
from spatial.land_use.ground import read
from spatial.land_use.sites import reasons, required
from spatial.land_use.standardise import Linear
from spatial.land_use.suitability import parcel_layer, sensitivity_table, summary
from spatial.land_use.svg_map import Backdrop, svg_map
from spatial.land_use.units import Units, measured
from spatial.layer import Column

#: Cuts of a line that are no occupation but the drawing of edges; as a share of the parcel.
_EDGE = 1e-6
_COLOURS = {
    "excluded": ("#bdbdbd", "排除 excluded"),
    "unknown": ("#f3e3b3", "数据缺失 no data"),
    "fit": ("#9ecae1", "可选 fit"),
    "best": ("#08519c", "推荐 best"),
}
_BEHIND = {
    "urban": ("#f2f2f2", "城镇开发边界 urban boundary"),
    "farmland": ("#f4f0c8", "永久基本农田 basic farmland"),
    "ecology": ("#d3ead0", "生态保护红线 red line"),
    "roads": ("#c9c9c9", "道路 roads"),
}
type Least = Annotated[float | None, Field(gt=0)]


class SiteInputs(Inputs):
    """Which parcels are candidates, and what a site must be."""

    parcels: Annotated[LayerName, Label("候选宗地", "candidate parcels")]
    area_min: Annotated[Least, Label("最小面积", "least area", unit="m²")] = None
    area_max: Annotated[Least, Label("最大面积", "largest area", unit="m²")] = None
    compactness_min: Annotated[Least, Label("最小紧凑度 4πA/P²", "least compactness 4πA/P²")] = None
    width_min: Annotated[Least, Label("最小宽度", "least width", unit="m")] = None
    roads: Annotated[LayerName | None, Label("道路", "roads")] = None
    road_within: Annotated[
        float, Field(gt=0), Label("到道路的最大距离", "largest distance to a road", unit="m")
    ] = 100.0
    dem: Annotated[RasterName | None, Label("高程栅格", "raster of heights")] = None
    slope_max: Annotated[
        float, Field(gt=0), Label("最大平均坡度", "largest mean slope", unit="degree")
    ] = 15.0
    farmland: Annotated[
        LayerName | None, Label("永久基本农田：不得占用", "basic farmland: none to be taken")
    ] = None
    ecology: Annotated[
        LayerName | None, Label("生态保护红线：不得占用", "ecological red line: none to be taken")
    ] = None
    urban: Annotated[
        LayerName | None, Label("城镇开发边界：须在界内", "urban boundary: to lie within")
    ] = None
    criteria: Annotated[
        Criteria,
        Label("其他准则：JSON，同 suitability", "further criteria: JSON, as for suitability"),
    ] = ()
    comparisons: Annotated[Comparisons, Label("两两比较（AHP）", "pairwise judgements (AHP)")] = ()
    best: Annotated[int, Field(gt=0, le=100), Label("推荐前几名", "how many to recommend")] = 10
    change: Annotated[
        float, Field(gt=0, lt=1), Label("敏感性：权重变动的比例", "sensitivity: share of a weight")
    ] = 0.2

    @model_validator(mode="after")
    def _check(self) -> Self:
        distinct(self.wanted())
        return self

    def wanted(self) -> list[Criterion]:
        """All that is required, as criteria."""
        made = [*self._of_shape(), *self._of_place(), *self._of_lines(), *self.criteria]
        if not any(one.standard is not None for one in made):
            made.append(Criterion(name="size", title_zh="面积", title_en="area", measure="area",
                                  standard=Linear(low=0, high=100_000)))  # fmt: skip
        return made

    def _of_shape(self) -> list[Criterion]:
        made = []
        if self.area_min or self.area_max:
            made.append(required("area", "面积", "area", measure="area", at_least=self.area_min,
                                 at_most=self.area_max))  # fmt: skip
        if self.compactness_min:
            made.append(required("compactness", "紧凑度", "compactness", measure="compactness",
                                 at_least=self.compactness_min))  # fmt: skip
        if self.width_min:
            made.append(required("width", "宽度", "width", measure="width",
                                 at_least=self.width_min))  # fmt: skip
        return made

    def _of_place(self) -> list[Criterion]:
        made = []
        if self.roads is not None:
            made.append(required("road", "距道路", "distance to a road", measure="distance",
                                 layer=self.roads, at_most=self.road_within))  # fmt: skip
        if self.dem is not None:
            made.append(required("slope", "平均坡度", "mean slope", measure="slope",
                                 raster=self.dem, at_most=self.slope_max))  # fmt: skip
        return made

    def _of_lines(self) -> list[Criterion]:
        made = []
        for name, zh, en in (
            ("farmland", "占永久基本农田", "on basic farmland"),
            ("ecology", "占生态保护红线", "within the ecological red line"),
        ):
            if getattr(self, name) is not None:
                made.append(required(name, zh, en, measure="share", layer=getattr(self, name),
                                     at_most=_EDGE))  # fmt: skip
        if self.urban is not None:
            made.append(
                required("urban", "在城镇开发边界内", "within the urban boundary",
                         measure="share", layer=self.urban, at_least=1 - _EDGE)
            )  # fmt: skip
        return made


@analysis(
    "site-selection",
    zh="选址",
    en="Site selection",
    about_zh="在面积、形状、道路可达、坡度、距离与控制线等条件下筛选宗地并排名，"
    "每块地说明入选或排除的理由（中英文），附图与可打印的页面。",
    about_en="Parcels that meet constraints of area, shape, access, slope, distance and control "
    "lines, ranked; each with its reasons in Chinese and English, a map and a page to print.",
)
def site_selection(run: Run, inputs: SiteInputs) -> Outcome:
    """Measure, exclude, score and rank; raises Invalid for missing columns or weights."""
    criteria = inputs.wanted()
    weights, priorities = weigh(criteria, inputs.comparisons)
    (parcels,) = read(run, [inputs.parcels], ["Polygon"])
    units = Units.of_parcels(parcels)
    values = measured(run, units, criteria)
    made = evaluate(criteria, values, weights)
    run.progress(0.85, "telling the reasons")
    told = {language: reasons(criteria, values, made, language) for language in ("zh", "en")}
    best = _best(made, inputs.best)
    drawing = _draw(run, units, made, best, inputs)
    fids = units.frame["fid"].to_numpy()
    return Outcome(
        {
            "layer": parcel_layer(run, units, made, values, {
                Column("reasons_zh", "text", "理由"): told["zh"],
                Column("reasons_en", "text"): told["en"],
            }),
            "sensitivity": sensitivity_table(
                run, made.names, made.scores[made.status == SCORED], weights, inputs.change,
                inputs.best, units.ground.srid,
            ),
            "map": NewFile("sites.svg", drawing.encode(), "image/svg+xml", "图", "map"),
            "page": NewFile(
                "sites.html", _page(drawing, fids, made, told, best),
                "text/html; charset=utf-8", "报告", "report",
            ),
        },
        made.certificate("m²", np.asarray(shapely.area(units.areas))),
        {
            "area": units.ground.area,
            "candidates": len(fids),
            **summary(made, priorities),
            "best": [
                {
                    "parcel_fid": int(fids[row]), "rank": int(made.rank[row]),
                    "score": float(made.total[row]),
                    "reasons_zh": told["zh"][row], "reasons_en": told["en"][row],
                }
                for row in best
            ],
        },
    )  # fmt: skip


def _best(made: Evaluation, count: int) -> list[int]:
    """The places of the leading parcels, the first first."""
    scored = np.flatnonzero(made.status == SCORED)
    order = np.lexsort((scored, made.rank[scored]))
    return [int(row) for row in scored[order][:count]]


def _draw(run: Run, units: Units, made: Evaluation, best: list[int], inputs: SiteInputs) -> str:
    words = np.select(
        [made.status == SCORED, made.status == EXCLUDED], ["fit", "excluded"], "unknown"
    ).astype(object)
    words[best] = "best"
    given = {name: getattr(inputs, name) for name in _BEHIND if getattr(inputs, name) is not None}
    frames = zip(given, read(run, list(given.values())), strict=True)
    behind = [
        Backdrop(np.asarray(units.ground.bring(frame).geometry, object), *_BEHIND[name])
        for name, frame in frames
    ]
    labels = {row: str(made.rank[row]) for row in best}
    return svg_map(units.areas, list(words), _COLOURS, labels, behind)


def _page(
    drawing: str, fids: np.ndarray, made: Evaluation, told: dict[str, list[str]], best: list[int]
) -> bytes:
    rows = "".join(
        f"<tr><td>{made.rank[row]}</td><td>{fids[row]}</td><td>{made.total[row]:.3f}</td>"
        f"<td>{escape(told['zh'][row])}<br><small>{escape(told['en'][row])}</small></td></tr>"
        for row in best
    )
    return f"""<!doctype html><html lang="zh"><meta charset="utf-8">
<title>选址 · Site selection</title><style>body {{ font: 14px/1.5 sans-serif; max-width: 62em;
margin: 2em auto }} table {{ border-collapse: collapse }} th, td {{ border: 1px solid #999;
padding: .3em .5em; text-align: left; vertical-align: top }} small {{ color: #555 }}</style>
<h1>选址 · Site selection</h1>{drawing}<table><thead><tr><th>名次<br><small>Rank</small></th>
<th>宗地<br><small>Parcel</small></th><th>得分<br><small>Score</small></th>
<th>理由<br><small>Reasons</small></th></tr></thead><tbody>{rows}</tbody></table></html>
""".encode()
