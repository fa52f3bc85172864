"""The analysis `growth`: what was built when, and where it may be built next."""

from datetime import datetime
from typing import Annotated, Any, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pydantic import Field, model_validator

from spatial import planned
from spatial.analyses.grids import grid_at
from spatial.analyses.inputs import Inputs, Label, LayerName, Names, RasterName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewRaster, Outcome, Run
from spatial.asof import DEFAULT_ZONE
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use import cells as raster
from spatial.land_use.criteria import Criteria, distinct
from spatial.land_use.evaluation import evaluate, weigh
from spatial.land_use.ground import read
from spatial.land_use.growth_layer import growth_layer
from spatial.land_use.growth_model import Cells, Growth, Trend, agreement, forecast, grow
from spatial.land_use.growth_years import Built, buildings_by_year, built_by_year
from spatial.land_use.polygons import Floats
from spatial.land_use.units import Units, measured
from spatial.layer import Column
from spatial.period import Period
from spatial.query import snapshot

#: Construction land of the 2023 classification (用地用海分类), by the first two digits.
BUILT = ("07", "08", "09", "10", "11", "12", "13", "14", "15")
COLUMNS = (
    Column("year", "integer", "年份"),
    Column("kind_zh", "text", "类别"),
    Column("kind_en", "text"),
    Column("built_m2", "double precision", "建设用地面积"),
    Column("cells", "bigint", "建设用地格数"),
    Column("new_cells", "bigint", "新增格数"),
    Column("lost_cells", "bigint", "减少格数"),
    Column("buildings", "bigint", "竣工建筑数"),
    Column("floor_area_m2", "double precision", "竣工建筑面积"),
)
Year = Annotated[int, Field(ge=1800, le=2200)]


class GrowthInputs(Inputs):
    """Whose growth, since when, until when, and by which rule."""

    parcels: Annotated[LayerName, Label("有历史状态的用地图层", "layer of land use with its past")]
    code: Annotated[str, Label("地类代码字段", "its column of codes")] = "land_code"
    built: Annotated[
        Names, Field(min_length=1), Label("建设用地代码的前缀", "prefixes of codes of built land")
    ] = BUILT
    buildings: Annotated[LayerName | None, Label("建筑", "buildings")] = None
    built_year: Annotated[str, Label("建筑的竣工年份字段", "their column of years")] = "built_year"
    floors: Annotated[str, Label("建筑的层数字段", "their column of storeys")] = "floors"
    since: Annotated[Year, Label("起始年", "first year")]
    horizon: Annotated[Year, Label("预测到哪一年", "last year to forecast")]
    holdout: Annotated[
        Year | None,
        Label("回测：只知道到这一年", "back-test: nothing is known after this year"),
    ] = None
    cell: Annotated[float, Field(gt=0), Label("格网大小", "size of a cell", unit="m")] = 100.0
    trend: Annotated[Trend, Label("趋势：linear、exponential、mean", "how amounts go on")] = (
        "linear"
    )
    suitability: Annotated[
        RasterName | None, Label("适宜性栅格，0 到 1", "raster of suitability, 0 to 1")
    ] = None
    criteria: Annotated[
        Criteria, Label("或适宜性准则：同 suitability", "or criteria of it, as for suitability")
    ] = ()
    keep_free: Annotated[
        LayerName | None, Label("不得建设的范围", "where nothing may be built")
    ] = None
    radius: Annotated[
        int, Field(ge=1, le=20), Label("邻域半径，格", "radius of the neighbourhood", unit="cells")
    ] = 2
    chance: Annotated[
        float, Field(ge=0, le=5), Label("随机程度，0 为无", "how much is chance; 0 for none")
    ] = 0.5
    seed: Annotated[int, Field(ge=0), Label("随机种子", "seed of the random numbers")] = 1
    plan: Annotated[
        str | None,
        Label("另成建设用地图层，预测写入以此命名的新方案",
              "also make a layer of built-up land, its forecast in a new scenario of this name"),
    ] = None  # fmt: skip

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.suitability is not None and self.criteria:
            raise ValueError("give suitability as a raster or by criteria, not both")
        distinct(self.criteria)
        return self


@analysis(
    "growth",
    zh="城镇增长",
    en="Growth",
    about_zh="逐年的建设用地与建筑，趋势外推与元胞自动机（适宜性、邻域、限制、随机种子）给出的未来年份，"
    "并对留出年份回测（命中、遗漏、虚报、优度 FoM，与随机分布对比）。",
    about_en="Land and buildings by year, and coming years by trend and a cellular automaton "
    "(suitability, neighbourhood, constraints, a seed), back-tested against years held out: hits, "
    "misses, false alarms and figure of merit, beside that of chance.",
)
def growth(run: Run, inputs: GrowthInputs) -> Outcome:
    """Read the years, forecast, place, back-test; raises Invalid where years do not follow."""
    years = _years(run, inputs)
    if inputs.plan is not None:
        with snapshot(run.database) as pg:
            planned.require_free(pg, inputs.plan)
    (now,) = read(run, [inputs.parcels], ["Polygon"])
    units = Units.of_grid(now, inputs.cell)
    grid = units.grid
    assert grid is not None
    built = built_by_year(run, inputs.parcels, inputs.code, inputs.built, years, units.ground, grid)
    fit = _fit(run, units, inputs)
    run.progress(0.8, f"growing to {inputs.horizon}")
    made, wanted = _grown(built, years[-1], inputs.horizon, fit, inputs)
    table = _table(run, units, built, made, inputs)
    since = built.since()
    year = np.where(made.year > 0, made.year, since).astype(float)
    year[year == 0] = np.nan
    coming = range(years[-1] + 1, inputs.horizon + 1)
    outputs: dict[str, Any] = {
        "layer": NewRaster.of(
            units.write(run.folder / "year_built.tif", year.ravel()[units.cells], "year built"),
            title_zh="建成年份", title_en="year built",
        ),
        "forecast": NewRaster(
            tuple((_state(run, units, built, made, one), _period(one, inputs)) for one in coming),
            "预测", "forecast", style={"colormap": "oranges", "rescale": [0, 1]},
        ),
        "years": new_layer(run, table, COLUMNS, grid.srid, key="years",
                           title_zh="逐年", title_en="by year"),
    }  # fmt: skip
    if inputs.plan is not None:
        outputs["land"] = growth_layer(run, grid, since, made.year, inputs.plan)
    summary: dict[str, Any] = {
        "area": units.ground.area,
        "years": [years[0], years[-1]],
        "built_m2": float(built.area[-1]),
        "forecast_m2": float(table["built_m2"].iloc[-1]),
        "cells_without_place": sum(made.short.values()),
        "seed": inputs.seed,
        "scenario": inputs.plan,
    }
    if inputs.holdout is not None:
        summary["back_test"] = _back_test(built, fit, units.mask(), inputs)
    return Outcome(outputs, _certificate(built, made, wanted), summary)


def _years(run: Run, inputs: GrowthInputs) -> list[int]:
    when = run.asof.valid_at
    assert isinstance(when, datetime)
    last = when.astimezone(DEFAULT_ZONE).year
    if not inputs.since <= last - 2:
        raise Invalid(f"growth needs three years at least: {inputs.since} to {last} are fewer")
    if not last < inputs.horizon <= last + 100:
        raise Invalid(f"the horizon must lie within a century after {last}")
    if inputs.holdout is not None and not inputs.since + 2 <= inputs.holdout < last:
        raise Invalid(f"the year held out must lie from {inputs.since + 2} to {last - 1}")
    return list(range(inputs.since, last + 1))


def _fit(run: Run, units: Units, inputs: GrowthInputs) -> Floats:
    """(rows, columns) suitability; NaN off the area and where nothing may be built."""
    assert units.grid is not None
    score = np.ones(len(units.places))
    if inputs.suitability is not None:
        around = gpd.GeoSeries(units.areas, crs=units.ground.plane)
        field = raster.Field.read(grid_at(run, inputs.suitability).path, around)
        score = field.onto(units.grid)[units.cells]
        if np.nanmin(score, initial=0) < 0 or np.nanmax(score, initial=0) > 1:
            raise Invalid(f"'{inputs.suitability}' is no suitability: it must lie from 0 to 1")
    elif inputs.criteria:
        values = measured(run, units, inputs.criteria)
        score = evaluate(inputs.criteria, values, weigh(inputs.criteria)[0]).total
    if inputs.keep_free is not None:
        (frame,) = read(run, [inputs.keep_free], ["Polygon"])
        closed = units.ground.bring(frame).geometry.to_numpy()
        score = np.where(_within(units, closed), np.nan, score)
    return np.asarray(units.spread(score), float)


def _within(units: Units, shapes: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    at, _ = shapely.STRtree(shapes).query(units.middles, predicate="intersects")
    return np.isin(np.arange(len(units.middles)), at)


def _grown(
    built: Built, start: int, until: int, fit: Floats, inputs: GrowthInputs
) -> tuple[Growth, dict[int, int]]:
    """What is placed after a year that is known, and what each year wanted."""
    known = built.years.index(start) + 1
    counts = np.array([float(one.sum()) for one in built.cells[:known]])
    ahead = np.rint(forecast(built.years[:known], counts, until, inputs.trend))
    wanted = np.diff(ahead, prepend=counts[-1]).astype(int)
    demand = dict(zip(range(start + 1, until + 1), wanted.tolist(), strict=True))
    rng = np.random.default_rng(inputs.seed)
    made = grow(
        built.cells[known - 1], fit, demand, rng, radius=inputs.radius, chance=inputs.chance
    )
    return made, demand


def _back_test(built: Built, fit: Floats, area: Cells, inputs: GrowthInputs) -> dict[str, Any]:
    """The years after the one held out, told from it alone, against what happened."""
    assert inputs.holdout is not None
    made, demand = _grown(built, inputs.holdout, built.years[-1], fit, inputs)
    before = built.cells[built.years.index(inputs.holdout)]
    found = agreement(before, built.cells[-1], made.year > 0, area)
    return {
        "from": inputs.holdout,
        "to": built.years[-1],
        "hits": found.hits,
        "misses": found.misses,
        "false_alarms": found.false_alarms,
        "figure_of_merit": found.figure_of_merit,
        "by_chance": found.by_chance,
        "cells_told": sum(demand.values()),
        "cells_new": found.hits + found.misses,
    }


def _table(
    run: Run, units: Units, built: Built, made: Growth, inputs: GrowthInputs
) -> pd.DataFrame:
    """A row for each year, known and to come."""
    rows = []
    before = built.cells[0]
    for year, area, now in zip(built.years, built.area, built.cells, strict=True):
        rows.append((year, "已有", "observed", area, int(now.sum()), int((now & ~before).sum()),
                     int((before & ~now).sum())))  # fmt: skip
        before = now
    ahead = forecast(built.years, built.area, inputs.horizon, inputs.trend)
    total = int(before.sum())
    for year, area in enumerate(ahead, built.years[-1] + 1):
        new = int((made.year == year).sum())
        total += new
        rows.append((year, "预测", "forecast", float(area), total, new, 0))
    table = pd.DataFrame(rows, columns=[column.name for column in COLUMNS[:7]])
    if inputs.buildings is None:
        return table.assign(buildings=None, floor_area_m2=np.nan)
    (frame,) = read(run, [inputs.buildings], ["Polygon"])
    own = buildings_by_year(
        units.ground.bring(frame), inputs.built_year, inputs.floors, built.years
    )
    return table.merge(own.reset_index(), on="year", how="left").astype({"buildings": "Int64"})


def _state(run: Run, units: Units, built: Built, made: Growth, year: int) -> Any:
    now = built.cells[-1] | ((made.year > 0) & (made.year <= year))
    return units.write(
        run.folder / f"built_{year}.tif", now.ravel()[units.cells].astype(float), "built"
    )


def _period(year: int, inputs: GrowthInputs) -> Period:
    start = datetime(year, 1, 1, tzinfo=DEFAULT_ZONE)
    last = year == inputs.horizon
    return Period(start, None if last else datetime(year + 1, 1, 1, tzinfo=DEFAULT_ZONE))


def _certificate(built: Built, made: Growth, wanted: dict[int, int]) -> Certificate:
    """Cells at the horizon are those of now, and what was wanted less what found no place."""
    first, now = int(built.cells[0].sum()), int(built.cells[-1].sum())
    pairs = list(zip(built.cells[:-1], built.cells[1:], strict=True))
    new = sum(int((b & ~a).sum()) for a, b in pairs)
    lost = sum(int((a & ~b).sum()) for a, b in pairs)
    placed, short = int((made.year > 0).sum()), sum(made.short.values())
    ahead = sum(wanted.values())
    return Certificate(
        equation="cells at the horizon = first year + new - lost + wanted - without place",
        left=now + placed,
        right=first + new - lost + ahead - short,
        residual=abs(now - first - new + lost) + abs(placed - ahead + short),
        tolerance=0,
        unit="cells",
        balance={"first year": first, "new": new, "lost": lost, "now": now, "wanted": ahead,
                 "without place": short, "placed": placed},
    )  # fmt: skip
