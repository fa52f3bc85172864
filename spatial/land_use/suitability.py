"""The analysis `suitability`: land evaluated by several criteria, on parcels or on a grid."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pydantic import Field, model_validator

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewLayer, NewRaster, Outcome, Run
from spatial.land_use.criteria import Comparisons, Criteria, distinct
from spatial.land_use.evaluation import SCORED, STATUS, Evaluation, evaluate, weigh
from spatial.land_use.grid_suitability import grid_suitability
from spatial.land_use.ground import read
from spatial.land_use.polygons import Floats
from spatial.land_use.units import Units, columns_of, measured
from spatial.land_use.weighting import CONSISTENT, Priorities, Sensitivity, sensitivity
from spatial.layer import Column

SENSITIVITY = (
    Column("criterion", "text", "准则"),
    Column("weight", "double precision", "权重"),
    Column("lower", "double precision", "减小后的权重"),
    Column("higher", "double precision", "增大后的权重"),
    Column("spearman_lower", "double precision", "减小后的秩相关"),
    Column("spearman_higher", "double precision", "增大后的秩相关"),
    Column("kept_lower", "double precision", "减小后前列保留"),
    Column("kept_higher", "double precision", "增大后前列保留"),
    Column("turns_at", "double precision", "首位易主的权重"),
)


#: How a raster of scores is drawn.
SCORES = {"colormap": "ylgnbu", "rescale": [0, 1]}


class SuitabilityInputs(Inputs):
    """What to evaluate, by which criteria."""

    parcels: Annotated[
        LayerName | None, Label("待评价的宗地", "parcels to evaluate")
    ] = None  # fmt: skip
    area: Annotated[
        LayerName | None, Label("评价范围，按格网评价", "the area to evaluate on a grid")
    ] = None
    cell: Annotated[float, Field(gt=0), Label("格网大小", "size of a cell", unit="m")] = 50.0
    criteria: Annotated[
        Criteria,
        Field(min_length=1),
        Label("准则：JSON 数组，见文档", "criteria: a JSON array, see the documentation"),
    ]
    comparisons: Annotated[
        Comparisons,
        Label('两两比较（AHP）：[["a","b",3],…]', 'pairwise judgements (AHP): [["a","b",3],…]'),
    ] = ()
    change: Annotated[
        float, Field(gt=0, lt=1), Label("敏感性：权重变动的比例", "sensitivity: share of a weight")
    ] = 0.2
    leading: Annotated[
        int, Field(gt=0), Label("敏感性：看前多少名", "sensitivity: how many lead")
    ] = 10

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.parcels is None) == (self.area is None):
            raise ValueError("give either `parcels`, or an `area` for a grid")
        distinct(self.criteria)
        return self


@analysis(
    "suitability",
    zh="适宜性评价",
    en="Suitability",
    about_zh="多准则评价：由矢量与栅格因子（距离、密度、占比、属性、均值、坡度）标准化、加权求和，"
    "权重直接给出或由 AHP（附一致性比例），可设限制条件；附排名对权重的敏感性。",
    about_en="Multi-criteria evaluation: measures of vector and raster factors (distance, density, "
    "share, attribute, mean, slope), standardised and summed by weights told or from AHP with its "
    "consistency ratio, under constraints; and how the ranking hangs on the weights.",
)
def suitability(run: Run, inputs: SuitabilityInputs) -> Outcome:
    """Measure, score, rank, and write parcels or a raster, with the table of sensitivity.

    Raises Invalid where no criterion scores, weights are incomplete, or columns are missing.
    """
    weights, priorities = weigh(inputs.criteria, inputs.comparisons)
    if inputs.area is not None:
        return _of_grid(run, inputs, weights, priorities)
    assert inputs.parcels is not None
    (frame,) = read(run, [inputs.parcels], ["Polygon"])
    units = Units.of_parcels(frame)
    values = measured(run, units, inputs.criteria)
    run.progress(0.85, f"scoring {len(units.places)} units")
    made = evaluate(inputs.criteria, values, weights)
    scores = made.scores[made.status == SCORED]
    return Outcome(
        {
            "layer": parcel_layer(run, units, made, values),
            "sensitivity": sensitivity_table(
                run, made.names, scores, weights, inputs.change, inputs.leading, units.ground.srid
            ),
        },
        made.certificate("m²", np.asarray(shapely.area(units.areas))),
        {"area": units.ground.area, **summary(made, priorities)},
    )


def _of_grid(
    run: Run, inputs: SuitabilityInputs, weights: Floats, priorities: Priorities | None
) -> Outcome:
    assert inputs.area is not None
    made = grid_suitability(run, inputs.area, inputs.cell, inputs.criteria, weights)
    names = [one.name for one in inputs.criteria if one.standard is not None]
    table = sensitivity_table(
        run, names, made.sample, weights, inputs.change, inputs.leading, made.ground.srid
    )
    return Outcome(
        {"layer": NewRaster.of(made.file, style=SCORES), "sensitivity": table},
        made.certificate(),
        {
            "area": made.ground.area,
            **_told(made.status, names, weights, made.broken, priorities),
            "sensitivity_of_cells": len(made.sample),
        },
    )


def summary(made: Evaluation, priorities: Priorities | None) -> dict[str, Any]:
    """How many units became what, the weights, and how consistent judgements were."""
    status = {n: int((made.status == n).sum()) for n in range(len(STATUS))}
    broken = {name: int(one.sum()) for name, one in made.broken.items()}
    return _told(status, made.names, made.weights, broken, priorities)


def _told(
    status: Mapping[int, int], names: Sequence[str], weights: Floats, broken: Mapping[str, int],
    priorities: Priorities | None,
) -> dict[str, Any]:  # fmt: skip
    told: dict[str, Any] = {
        "units": sum(status.values()),
        "status": {en: status.get(n, 0) for n, (_, en) in enumerate(STATUS)},
        "weights": dict(zip(names, map(float, weights), strict=True)),
        "excluded_by": dict(broken),
    }
    if priorities is not None:
        told["ahp"] = {
            "lambda_max": priorities.lambda_max,
            "consistency_index": priorities.index,
            "consistency_ratio": priorities.ratio,
            "consistent": priorities.ratio <= CONSISTENT,
        }
    return told


def parcel_layer(
    run: Run,
    units: Units,
    made: Evaluation,
    values: dict[str, npt.NDArray[Any]],
    told: Mapping[Column, Sequence[str]] = MappingProxyType({}),
) -> NewLayer:
    """Every parcel with its score, rank and status, what was measured, and what each scored.

    told: further columns of words.
    """
    names = columns_of(list(values))
    frame = units.frame[["fid", "geometry"]].rename(columns={"fid": "parcel_fid"})
    frame["score"], frame["rank"] = made.total, pd.array(made.rank, dtype="Int64")
    frame.loc[made.rank == 0, "rank"] = pd.NA
    for at, language in enumerate(("zh", "en")):
        frame[f"status_{language}"] = [STATUS[one][at] for one in made.status]
    frame["excluded_by"] = [
        ", ".join(name for name, broken in made.broken.items() if broken[row])
        for row in range(len(frame))
    ]
    columns = [
        Column("parcel_fid", "bigint", "宗地要素号"),
        Column("score", "double precision", "得分"),
        Column("rank", "bigint", "名次"),
        Column("status_zh", "text", "状态"),
        Column("status_en", "text"),
        Column("excluded_by", "text", "排除的准则"),
    ]
    for name, found in values.items():
        words = found.dtype == object
        frame[f"m_{names[name]}"] = (
            [None if v is None else str(v) for v in found] if words else found
        )
        columns.append(Column(f"m_{names[name]}", "text" if words else "double precision", name))
    for k, name in enumerate(made.names):
        frame[f"s_{names[name]}"] = made.scores[:, k]
        columns.append(Column(f"s_{names[name]}", "double precision", name))
    for column, said in told.items():
        frame[column.name] = list(said)
    columns.extend(told)
    return new_layer(
        run, units.ground.back(frame), columns, units.ground.srid, geometry_type="MultiPolygon"
    )


def sensitivity_table(
    run: Run, names: Sequence[str], scores: Floats, weights: Floats, change: float, leading: int,
    srid: int,
) -> NewLayer:  # fmt: skip
    """How the ranking of units with scores (n, k) hangs on each weight, as a table."""
    found = sensitivity(names, scores, weights, change, leading) if len(scores) else []
    return new_layer(
        run, _table(found), SENSITIVITY, srid, key="sensitivity",
        title_zh="敏感性", title_en="sensitivity",
    )  # fmt: skip


def _table(told: list[Sensitivity]) -> pd.DataFrame:
    rows = [
        (one.name, one.weight, one.lower, one.higher, *one.spearman, *one.kept, one.turns_at)
        for one in told
    ]
    return pd.DataFrame(rows, columns=[column.name for column in SENSITIVITY])
