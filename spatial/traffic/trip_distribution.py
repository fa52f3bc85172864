"""The analysis `trip-distribution`: the ends of trips find each other."""

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field

from spatial.analyses.inputs import Inputs, Label, LayerName, OptionalLayer
from spatial.analyses.making import TABLE, new_layer
from spatial.analyses.reading import readings
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.frame import fetch
from spatial.layer import Column
from spatial.traffic import gravity, tables
from spatial.traffic.example import example
from spatial.traffic.graph import Floats, Integers
from spatial.traffic.reach import reach
from spatial.traffic.reading import By, Network, read_roads

#: Fewer trips than this between two zones are none: of any sum they are less than its rounding.
LEAST = 1e-9
COLUMNS = (
    Column("origin", "bigint", "fid of the zone"),
    Column("destination", "bigint", "fid of the zone"),
    Column("purpose", "text"),
    Column("trips", "double precision", "of the day, or of the hour"),
    Column("cost", "double precision", "minutes, or metres"),
)


type Positive = Annotated[float, Field(gt=0)]


def _by_name(value: Any) -> Any:
    """A text of names and numbers as both."""
    if isinstance(value, str) and "=" in value:
        return dict(one.split("=", 1) for one in value.replace(" ", "").split(",") if "=" in one)
    return value


class DistributionInputs(Inputs):
    """Between which zones, over which network, how far on average, and of which hour."""

    ends: Annotated[
        LayerName,
        Label(
            "出行端点表：zone、purpose、production、attraction（trip-generation 的 _ends）",
            "table of zone, purpose, production, attraction, as 'trip-generation' makes it",
        ),
    ]
    zones: Annotated[LayerName, Label("交通小区", "the layer of zones")]
    network: Network
    by: By = "time"
    mean: Annotated[
        Positive | dict[str, Positive],
        BeforeValidator(_by_name),
        Label(
            "平均出行成本：分钟或米；可按目的给出，如 work=12,other=8",
            "mean cost of a trip to calibrate to, or for each purpose, as work=12,other=8",
        ),
    ]
    hour: Annotated[
        int | None,
        Field(ge=0, le=23),
        Label("小时，缺省为全日", "the hour from this one on; the whole day where not given"),
    ] = None
    factors: Annotated[
        OptionalLayer,
        Label(
            "时段系数表：purpose、hour、from_home、to_home；缺省为示例",
            "table of purpose, hour, from_home, to_home; an example where not given",
        ),
    ] = None
    vehicles: Annotated[
        float, Field(gt=0), Label("每次出行折合车辆数", "vehicles for each trip")
    ] = 1.0


@analysis(
    "trip-distribution",
    zh="出行分布",
    en="Trip distribution",
    about_zh="双约束重力模型：按路网成本把产生量与吸引量分布到小区之间（IPF 平衡），衰减系数标定到"
    "给定的平均成本；可取某一小时（时段系数），折算为车辆。成果为出行表，可直接用于 assignment。",
    about_en="The doubly constrained gravity model over the network's costs, balanced by iterative "
    "proportional fitting and calibrated to a mean cost; of the day, or of an hour by factors, in "
    "vehicles. Gives a table of trips that 'assignment' takes with the same zones.",
)
def trip_distribution(run: Run, inputs: DistributionInputs) -> Outcome:
    """See `spatial.traffic.gravity`; raises Invalid for tables that will not do.

    A trip within a zone costs half of that to the nearest other zone.
    """
    roads, srid, (zones,) = read_roads(run, inputs.network, inputs.zones)
    tabled = [inputs.ends] + ([] if inputs.factors is None else [inputs.factors])
    with readings(run.database, tabled, run.asof, run.grant) as (pg, views):
        ends, *more = (fetch(run.database, pg, view) for view in views)
    factors = more[0] if more else example("time_of_day")
    nodes, count = roads.nearest(zones.point), len(zones.frame)
    near = reach(run, inputs.network, roads, nodes, nodes, inputs.by)
    cost = np.full((count, count), np.inf)
    cost[near.origin, near.goal] = near.cost
    within(cost)
    made, parts, tables_of = list[gravity.Trips](), list[pd.DataFrame](), dict[str, float]()
    moved = 0.0
    for purpose, production, attraction in by_purpose(ends, zones.fid):
        if isinstance(inputs.mean, dict) and purpose not in inputs.mean:
            raise Invalid(f"'mean' tells nothing of trips of the purpose {purpose}")
        mean = inputs.mean[purpose] if isinstance(inputs.mean, dict) else inputs.mean
        found = gravity.calibrated(cost, production, attraction, mean)
        made.append(found)
        tables_of[purpose] = found.beta
        trips = found.trips
        if inputs.hour is not None:
            trips = gravity.at_hour(trips, *shares(factors, purpose, inputs.hour))
        moved += float(trips.sum())
        row, column = np.nonzero(trips > LEAST)
        parts.append(pd.DataFrame({
            "origin": zones.fid[row], "destination": zones.fid[column], "purpose": purpose,
            "trips": inputs.vehicles * trips[row, column], "cost": cost[row, column],
        }))  # fmt: skip
        run.progress(0.2 + 0.7 * len(made) / (len(made) + 1), purpose)
    rows = pd.concat(parts, ignore_index=True)
    given = float(tables.numbers(ends, ("production",)).sum())
    placed = sum(float(one.trips.sum()) for one in made)
    stranded = sum(one.stranded for one in made)
    off = sum(one.off * float(one.trips.sum()) for one in made)
    notes = [f"{stranded:.12g} trips have nowhere to go"] if stranded else []
    notes += ["not converged: zones cannot reach as many ends as they have trips"] * (off > 1e-6)
    return Outcome(
        {"layer": new_layer(run, rows, COLUMNS, srid, geometry_type=TABLE)},
        Certificate(
            "trips produced = trips between zones + stranded; each zone keeps its ends",
            given, placed + stranded, abs(given - placed - stranded) + off,
            1e-9 * max(1.0, given), "trips a day", dropped=stranded, notes=tuple(notes),
        ),
        {
            "zones": count,
            "trips_a_day": placed,
            "trips": moved,
            "vehicles": float(rows["trips"].sum()),
            "mean": gravity.mean(sum((one.trips for one in made), np.zeros_like(cost)), cost),
            "beta": tables_of,
            "rounds": [one.rounds for one in made],
        },
    )  # fmt: skip


def within(cost: Floats) -> None:
    """Give every zone a cost of its own: half of that to the nearest other."""
    np.fill_diagonal(cost, np.inf)
    least = cost.min(axis=1, initial=np.inf)
    np.fill_diagonal(cost, np.where(np.isfinite(least), least / 2, np.inf))


def by_purpose(ends: pd.DataFrame, zones: Integers) -> Iterator[tuple[str, Floats, Floats]]:
    """Productions and attractions of the zones (z,) by purpose; raises Invalid for odd rows."""
    place = {int(fid): row for row, fid in enumerate(zones)}
    values = {name: tables.numbers(ends, (name,)) for name in ("zone", "production", "attraction")}
    rows = [place.get(int(one), -1) if np.isfinite(one) else -1 for one in values["zone"]]
    if not rows or min(rows) < 0:
        raise Invalid("the table of ends is empty, or names a zone that is not there")
    for name in ("production", "attraction"):
        if not (np.isfinite(values[name]) & (values[name] >= 0)).all():
            raise Invalid(f"the ends' {name} must be numbers and not negative")
    purpose = ends["purpose"].astype(str) if "purpose" in ends else pd.Series("all", ends.index)
    for one in dict.fromkeys(purpose):
        mine, sums = (purpose == one).to_numpy(), np.zeros((2, len(zones)))
        for row, name in enumerate(("production", "attraction")):
            np.add.at(sums[row], np.asarray(rows)[mine], values[name][mine])
        if (sums[0].sum() > 0) != (sums[1].sum() > 0):
            raise Invalid(f"trips of {one} have only one end: nothing produces or attracts them")
        if sums.sum() > 0:
            yield one, sums[0], sums[1]


def shares(factors: pd.DataFrame, purpose: str, hour: int) -> tuple[float, float]:
    """The shares of a day's trips that travel in an hour from home and to home."""
    if "purpose" not in factors:
        raise Invalid("the table of factors needs a column purpose")
    mine = factors[factors["purpose"].astype(str) == purpose]
    if mine.empty:
        raise Invalid(f"the table of factors does not know the purpose {purpose}")
    row = mine[tables.numbers(mine, ("hour",)) == hour]
    found = [float(tables.numbers(row, (name,)).sum()) for name in ("from_home", "to_home")]
    if not all(0 <= one <= 1 for one in found):
        raise Invalid("factors are shares between 0 and 1")
    return found[0], found[1]
