"""The analysis `warning-thresholds`: stages and rain of stations against four warning levels."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import model_validator

from spatial.analyses.inputs import Inputs, Label, LayerName
from spatial.analyses.making import new_layer
from spatial.analyses.registry import analysis
from spatial.analyses.run import NewFile, Outcome, Run
from spatial.analyses.series import SeriesName, SeriesSelection, open_series
from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.hydrology.datum import same_datums
from spatial.hydrology.layers import table_at
from spatial.hydrology.thresholds import LEVELS, rain_ranks, stage_ranks, turns
from spatial.hydrology.warning_limits import (
    RainLimits,
    rain_limits,
    rain_rules,
    stage_limits,
    stage_rules,
)
from spatial.layer import Column
from spatial.query import snapshot

STATIONS = (
    Column("station", "text", "测站"),
    Column("kind", "text", "类别"),
    Column("level", "text", "当前等级"),
    Column("peak_level", "text", "最高等级"),
    Column("value", "double precision", "最近值"),
    Column("peak", "double precision", "最大值"),
    Column("at", "timestamptz", "最近时间"),
    Column("peak_at", "timestamptz", "最大值时间"),
    Column("readings", "bigint", "读数"),
)
EVENTS = (
    Column("station", "text", "测站"),
    Column("kind", "text", "类别"),
    Column("at", "timestamptz", "时间"),
    Column("before", "text", "原等级"),
    Column("after", "text", "新等级"),
    Column("value", "double precision", "读数值"),
)


class WarningInputs(Inputs):
    """The stations with their limits, and what they read."""

    stations: Annotated[
        LayerName,
        Label(
            "测站图层：站码与 blue、yellow、orange、red（或汛限、警戒、保证、历史最高水位）",
            "stations: code, and limits blue, yellow, orange, red (or flood_limit, warning, "
            "guaranteed, highest)",
        ),
    ]
    station: Annotated[str, Label("站码字段", "the column of a station's code")] = "code"
    stages: Annotated[SeriesName | None, Label("水位序列", "series of stages", unit="m")] = None
    rain: Annotated[
        SeriesName | None,
        Label("雨量序列（每条为上一条以来的雨量）", "series of rain, each since the one before"),
    ] = None
    rain_limits: Annotated[
        LayerName | None,
        Label(
            "雨量阈值表：level、hours、depth（mm），可带 station；缺省为暴雨预警信号标准",
            "limits of rain: a table of level, hours and depth (mm), perhaps by station; China's "
            "rainstorm signals by default",
        ),
    ] = None
    vertical_datum: Annotated[
        str | None, Label("水位读数的高程基准", "the vertical datum of the stages")
    ] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.stages is None and self.rain is None:
            raise ValueError("give series of 'stages' or of 'rain', or both")
        return self


@analysis(
    "warning-thresholds",
    zh="水位与雨量预警阈值",
    en="Warning thresholds",
    about_zh="测站水位对照汛限、警戒、保证与历史最高水位，时段雨量对照暴雨预警标准：蓝黄橙红四级，"
    "给出当前与最高等级、升降级过程，以及可直接装入孪生告警的规则文件。凭证：读数逐条计入。",
    about_en="Stages against each station's flood-limit, warning, guaranteed and highest levels, "
    "and the rain of some hours against limits: four levels, now and at most, every change of "
    "level, and a file of rules for the twin's alerts. The certificate counts every reading.",
)
def warning_thresholds(run: Run, inputs: WarningInputs) -> Outcome:
    """Judge each station's readings up to the AsOf; see `spatial.hydrology.thresholds`.

    Raises Invalid for limits that do not rise, datums that differ, and negative rain.
    """
    stations = table_at(run, inputs.stations)
    if inputs.station not in stations:
        raise Invalid(f"the stations have no column '{inputs.station}'")
    stations = stations.assign(station=stations[inputs.station].astype(str))
    same_datums(inputs.vertical_datum, stations)
    known = set(stations["station"])
    parts: list[pd.DataFrame] = []
    rules: dict[str, Any] = {}
    total = 0
    if inputs.stages is not None:
        limits = stage_limits(stations)
        found = _readings(run, inputs.stages, "m")
        total += len(found)
        for station, rows in found.groupby("station"):
            if (own := limits.get(str(station))) is not None:
                ranks = stage_ranks(rows["value"].to_numpy(float), own)
                parts.append(rows.assign(kind="stage", rank=ranks))
        rules |= dict(stage_rules(inputs.stages, limits))
    if inputs.rain is not None:
        told = None if inputs.rain_limits is None else table_at(run, inputs.rain_limits)
        depths = rain_limits(told)
        found = _readings(run, inputs.rain, "mm")
        total += len(found)
        parts += _rained(found, known, depths)
        rules |= dict(rain_rules(inputs.rain, known, depths))
    if not parts:
        raise Invalid("no station has both limits and readings in that time")
    judged = pd.concat(parts, ignore_index=True)
    rows, events = _summed(judged, stations), _events(judged)
    assert stations.crs is not None
    srid = int(stations.crs.to_epsg())
    return Outcome(
        {
            "layer": new_layer(run, rows, STATIONS, srid, geometry_type="Geometry"),
            "events": new_layer(
                run, events, EVENTS, srid, key="events", title_zh="升降级", title_en="changes"
            ),
            "rules": NewFile(
                "rules.json", json.dumps(rules, ensure_ascii=False, indent=1).encode(),
                "application/json", "告警规则", "rules of alerts",
            ),
        },
        Certificate(
            "readings = judged + of stations without limits",
            total, int(rows["readings"].sum()) + (total - len(judged)),
            abs(len(judged) - int(rows["readings"].sum())), 0, "readings",
            {"readings": total, "judged": len(judged), "without limits": total - len(judged)},
        ),
        {
            "stations": len(rows),
            "levels": {one: int((rows["level"] == one).sum()) for one in LEVELS},
            "peak_levels": {one: int((rows["peak_level"] == one).sum()) for one in LEVELS},
            "changes": len(events),
        },
    )  # fmt: skip


def _readings(run: Run, chosen: SeriesSelection, unit: str) -> pd.DataFrame:
    """station, at, value and seconds, by station and moment; raises Invalid for other units."""
    with snapshot(run.database) as pg:
        rows = open_series(pg, chosen, run.grant).read(pg, run.asof)
    if rows["property"].nunique() > 1:
        raise Invalid(f"'{chosen.layer}' has several properties: name the one that is meant")
    strange = set(rows["unit"].dropna()) - {unit, ""}
    if strange:
        raise Invalid(f"the readings are in {strange.pop()}, not in {unit}")
    rows = rows.rename(columns={"asset": "station"})[["station", "at", "value"]]
    return rows.sort_values(["station", "at"], kind="stable", ignore_index=True)


def _rained(found: pd.DataFrame, known: set[str], told: RainLimits) -> Iterator[pd.DataFrame]:
    for one, rows in found.groupby("station"):
        limits = told.get(str(one), told.get(None))
        if one in known and limits:
            seconds = (rows["at"] - rows["at"].iloc[0]).dt.total_seconds().to_numpy()
            ranks = rain_ranks(seconds, rows["value"].to_numpy(float), limits)
            yield rows.assign(kind="rain", rank=ranks)


def _summed(judged: pd.DataFrame, stations: gpd.GeoDataFrame) -> pd.DataFrame:
    places = stations.drop_duplicates("station").set_index("station").geometry
    rows = []
    for (station, kind), one in judged.groupby(["station", "kind"], sort=True):
        last, top = one.iloc[-1], one.iloc[int(one["value"].to_numpy(float).argmax())]
        rows.append(
            {
                "station": station, "kind": kind, "readings": len(one),
                "level": LEVELS[int(last["rank"])], "peak_level": LEVELS[int(one["rank"].max())],
                "value": float(last["value"]), "peak": float(top["value"]),
                "at": last["at"], "peak_at": top["at"], "geometry": places[station],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _events(judged: pd.DataFrame) -> pd.DataFrame:
    names, parts = np.array(LEVELS, object), []
    for _, one in judged.groupby(["station", "kind"], sort=True):
        ranks = one["rank"].to_numpy(np.int64)
        at = turns(ranks)
        before = np.concatenate([[0], ranks[:-1]])
        parts.append(one.iloc[at].assign(before=names[before[at]], after=names[ranks[at]]))
    return pd.concat(parts, ignore_index=True)
