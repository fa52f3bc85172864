"""The analysis `accessibility`: what every place reaches within a time, alone or shared."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.layer import Column
from spatial.traffic import tables
from spatial.traffic.access import floating_catchment, opportunities
from spatial.traffic.graph import Floats
from spatial.traffic.reach import reach
from spatial.traffic.reading import By, Network, Places, read_roads

COLUMNS = (
    Column("origin", "bigint", "fid of the origin"),
    Column("reached", "integer", "opportunities within the limit"),
    Column("nearest", "double precision", "cost of the nearest, where one is within the limit"),
    Column("accessibility", "double precision", "their sum, or supply for each person"),
)


class AccessibilityInputs(Inputs):
    """From where, to what, how far, and whether what is reached is shared."""

    network: Network
    origins: Annotated[LayerName, Label("起点图层", "the layer of origins")]
    opportunities: Annotated[
        LayerName, Label("机会图层：岗位、学校、医院、公园等", "jobs, schools, hospitals, parks …")
    ]
    limit: Annotated[
        float, Field(gt=0), Label("上限：分钟或米", "how far: minutes, or metres by distance")
    ]
    by: By = "time"
    method: Annotated[
        Literal["cumulative", "2sfca"],
        Label(
            "方法：cumulative 累积机会，2sfca 两步移动搜索法",
            "cumulative: all within the limit; 2sfca: shared among who can reach it",
        ),
    ] = "cumulative"
    weight: Annotated[
        str | None,
        Label("机会数量的字段，缺省每处计 1", "column of how much each offers; 1 where not given"),
    ] = None
    population: Annotated[
        str | None,
        Label("起点人口的字段，缺省每处计 1", "column of people at each origin; 1 where not given"),
    ] = None


@analysis(
    "accessibility",
    zh="可达性",
    en="Accessibility",
    about_zh="每个起点在给定时间或距离内沿路网可达的机会：累积机会法，或两步移动搜索法（2SFCA），"
    "后者证明：人口 × 人均可达供给之和 = 有人可达的供给。",
    about_en="Of every origin the opportunities within a time or distance: their sum, or by the "
    "two-step floating catchment area method (2SFCA) the supply for each person; its certificate: "
    "people × supply for each = the supply that somebody reaches.",
)
def accessibility(run: Run, inputs: AccessibilityInputs) -> Outcome:
    """Measure every origin, each place by its nearest node; raises Invalid for odd columns."""
    roads, _, (origins, goals) = read_roads(
        run, inputs.network, inputs.origins, inputs.opportunities
    )
    people, weight = numbers(origins, inputs.population), numbers(goals, inputs.weight)
    nodes = roads.nearest(origins.point), roads.nearest(goals.point)
    near = reach(run, inputs.network, roads, *nodes, inputs.by, inputs.limit)
    count = len(people)
    nearest = np.full(count, np.inf)
    np.minimum.at(nearest, near.origin, near.cost)
    if inputs.method == "2sfca":
        value, idle = floating_catchment(near, people, weight)
        left, right = float(weight.sum()), float(people @ value + idle.sum())
        equation = "supply = people x supply for each, summed + what nobody reaches"
        dropped = float(idle.sum())
    else:
        value, dropped = opportunities(near, count, weight), 0.0
        times = np.bincount(near.goal, minlength=len(weight))
        left, right = float(times @ weight), float(value.sum())
        equation = "opportunities x origins that reach each = what origins reach, summed"
    rows = origins.frame[["geometry"]].assign(
        origin=origins.fid,
        reached=np.bincount(near.origin, minlength=count),
        nearest=np.where(np.isfinite(nearest), nearest, np.nan),
        accessibility=value,
    )
    made: dict[str, Any] = {"geometry_type": origins.layer.geometry_type}
    return Outcome(
        {"layer": new_layer(run, rows, COLUMNS, origins.layer.srid, **made)},
        Certificate(
            equation, left, right, abs(left - right), 1e-9 * max(1.0, left), "opportunities",
            dropped=dropped,
        ),
        {
            "origins": count,
            "opportunities": len(weight),
            "without": int((~np.isfinite(nearest)).sum()),
            "mean": float(value.mean()) if count else None,
            "mean_of_people": float(people @ value / people.sum()) if people.sum() else None,
            "unreached": dropped,
        },
    )  # fmt: skip


def numbers(places: Places, column: str | None) -> Floats:
    """(k,) a column of places, not negative; ones where none is named."""
    if column is None:
        return np.ones(len(places.frame))
    if column not in places.frame:
        raise Invalid(f"'{places.layer.name}' has no column '{column}'")
    values = tables.numbers(places.frame, (column,))
    if not (np.isfinite(values) & (values >= 0)).all():
        raise Invalid(f"'{column}' of '{places.layer.name}' must be numbers and not negative")
    return values
