"""The storm of an analysis: designed, or read from a gauge of the twin."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from spatial.analyses.inputs import Inputs, Label
from spatial.analyses.run import Run
from spatial.analyses.series import SeriesName, open_series
from spatial.errors import Invalid
from spatial.hydrology.design_storm import IntensityFormula, Storm, chicago, measured, scs
from spatial.query import snapshot

StormKind = Literal["chicago", "scs-i", "scs-ia", "scs-ii", "scs-iii", "gauge"]
KIND = Label(
    "雨型：chicago 芝加哥、scs-i 至 scs-iii、gauge 实测",
    "Chicago's by a formula of intensity, an SCS type of a day, or a gauge's",
)


class StormInputs(Inputs):
    """Which rain falls, if any. The formula's defaults are those of Suzhou, 2025."""

    storm: Annotated[StormKind | None, KIND] = None
    depth: Annotated[
        float | None,
        Field(ge=0, allow_inf_nan=False),
        Label("SCS 雨型的日雨量", "a day's rain, for the SCS types", unit="mm"),
    ] = None
    gauge: Annotated[
        SeriesName | None,
        Label("实测雨量序列（每条读数为上一读数以来的雨量）",
              "a series of rain, each reading that since the one before"),
    ] = None  # fmt: skip
    years: Annotated[float, Field(gt=0), Label("重现期 P", "return period P", unit="a")] = 2.0
    storm_duration: Annotated[
        float, Field(gt=0, le=2880), Label("历时", "how long it rains (Chicago)", unit="min")
    ] = 180.0
    step: Annotated[float, Field(gt=0, le=60), Label("步长", "time step", unit="min")] = 5.0
    formula_a: Annotated[float, Field(gt=0), Label("暴雨强度公式 A", "A of the formula")] = 17.969
    formula_c: Annotated[float, Field(ge=0), Label("暴雨强度公式 C", "C of the formula")] = 1.24
    formula_b: Annotated[
        float, Field(ge=0), Label("暴雨强度公式 b", "b of the formula", unit="min")
    ] = 18.415
    formula_n: Annotated[float, Field(gt=0, le=2), Label("暴雨强度公式 n", "n of the formula")] = (
        0.785
    )
    peak: Annotated[
        float, Field(ge=0, le=1), Label("雨峰系数 r", "share of the time before the peak")
    ] = 0.43

    @model_validator(mode="after")
    def _what_the_storm_needs(self) -> Self:
        if (self.storm or "").startswith("scs") != (self.depth is not None):
            raise ValueError("give 'depth' with the SCS types, and with these alone")
        if (self.storm == "gauge") != (self.gauge is not None):
            raise ValueError("give 'gauge' with storm=gauge, and with that alone")
        return self

    def falls(self, run: Run) -> Storm:
        """The storm. Raises Invalid for steps that do not divide it, and readings that are none."""
        assert self.storm is not None
        if self.storm == "gauge":
            return self._measured(run)
        if self.depth is not None:
            return scs(self.storm, self.depth, self.step)
        formula = IntensityFormula(self.formula_a, self.formula_c, self.formula_b, self.formula_n)
        return chicago(formula, self.years, self.storm_duration, self.peak, self.step)

    def _measured(self, run: Run) -> Storm:
        assert self.gauge is not None
        with snapshot(run.database) as pg:
            rows = open_series(pg, self.gauge, run.grant).read(pg, run.asof)
        if len(rows[["asset", "property"]].drop_duplicates()) > 1:
            raise Invalid("'gauge' names several series: name the asset and the property of one")
        units = set(rows["unit"].dropna()) - {"mm", ""}
        if units:
            raise Invalid(f"the gauge's readings are in {units.pop()}, not in mm")
        rows = rows.sort_values("at", kind="stable")
        since = (rows["at"] - rows["at"].min()).dt.total_seconds().to_numpy() / 60
        storm = measured(np.asarray(since, float), rows["value"].to_numpy(float), self.step)
        begins = rows["at"].iloc[0].to_pydatetime() - timedelta(minutes=self.step)
        return replace(storm, begins=begins)
