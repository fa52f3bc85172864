"""The analysis `indicators`: the city's vital signs by area and in time, as a table."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import pandas as pd
from pydantic import Field

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import Outcome, Run
from spatial.analyses.selection import selection
from spatial.asof import Interval
from spatial.certificate import Certificate
from spatial.errors import Invalid, NotFound
from spatial.layer import Column
from spatial.moment import resolve
from spatial.query import snapshot
from twin_model.cases import config
from twin_model.cases.rates import rates
from twin_model.indicators.indicators import indicators
from twin_model.indicators.model import CaseMeasure, Indicator

COLUMNS = (
    Column("name", "text"),
    Column("title_zh", "text", "指标"),
    Column("title_en", "text"),
    Column("area", "text", "区域"),
    Column("to", "timestamptz", "截止"),
    Column("value", "double precision", "值"),
    Column("unit", "text", "单位"),
    Column("target", "double precision", "目标"),
    Column("light", "text", "灯"),
)
_BALANCE = Indicator(
    title_zh="上报", measures={"n": CaseMeasure(of="cases", count="reported")}, formula="n"
)


class IndicatorInputs(Inputs):
    """Of which areas, how far back."""

    by: Annotated[
        LayerName | None, Label("分区图层（带 code），缺省全市", "areas with codes; else the city")
    ] = None
    windows: Annotated[
        int, Field(ge=2, le=400), Label("回溯的周期数", "how many windows, the newest last")
    ] = 12


@analysis(
    "indicators",
    zh="城市体征",
    en="Indicators",
    about_zh="按配置的公式，由图层、读数、案件与告警计算城市体征，分区分期，带目标与红黄绿灯，写成表；"
    "用 known_at 即为当时所报。证明：全市上报案件 = 各区之和 + 区外。",
    about_en="The city's vital signs by their configured formulas over layers, series, cases and "
    "alerts, by area and in time, with targets and lights, as a table; with known_at as they were "
    "reported then. The certificate: cases reported in the city = by areas, summed + in none.",
)
def vital_signs(run: Run, inputs: IndicatorInputs) -> Outcome:
    """Measure each; raises NotFound where none is configured."""
    with snapshot(run.database) as pg:
        moment = resolve(pg, run.asof)
        if isinstance(moment.valid_at, Interval):
            raise Invalid("indicators are of one moment, not of an interval")
        wanted = config.at(pg, "indicator", moment.valid_at, datetime.now(UTC))
        if not wanted:
            raise NotFound("no indicator is configured: PUT /twin/settings/indicator/{name}")
        by = None if inputs.by is None else selection(inputs.by).layer
        told = indicators(
            run.database, pg, run.grant, moment, wanted, by=by, windows=inputs.windows
        )
        ours = indicators(run.database, pg, run.grant, moment, {"n": _BALANCE}, by=by)
        span = moment.valid_at - timedelta(hours=_BALANCE.window_h), moment.valid_at
        (whole,), counted = (
            rates(pg, run.grant, *span, moment.known_at, of) for of in (None, "area")
        )
    rows = pd.DataFrame(
        [
            {
                "name": one["name"], "title_zh": one["title_zh"], "title_en": one["title_en"],
                "area": one["area"], "to": past["to"], "value": past["value"],
                "unit": one["unit"], "target": one["target"],
                "light": wanted[one["name"]].light(past["value"]),
            }
            for one in told
            if "error" not in one
            for past in one["history"]
        ],
        columns=[column.name for column in COLUMNS],
    )  # fmt: skip
    rows["to"] = pd.to_datetime(rows["to"], utc=True, format="ISO8601")
    summed = sum(one["value"] for one in ours)
    codes = tuple(one["area"] for one in ours if one["area"] is not None)
    outside = sum(one.reported for one in counted if not (one.group or "").startswith(codes))
    outside *= by is not None
    lights = [one["light"] for one in told if one.get("light")]
    failed = tuple(f"{one['name']}: {one['error']}" for one in told if "error" in one)
    return Outcome(
        {"layer": new_layer(run, rows, COLUMNS, 4326)},
        Certificate(
            "cases reported in the last week = by areas, summed + in none",
            whole.reported, summed + outside, abs(whole.reported - summed - outside), 0.0, "cases",
            dropped=outside, notes=failed,
        ),
        {name: lights.count(name) for name in ("green", "yellow", "red")}
        | {"indicators": len(wanted), "failed": len(failed)},
    )  # fmt: skip
