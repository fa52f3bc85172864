"""What an indicator is: measures, a formula over them, a target; as data, valid in time."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from spatial.errors import Invalid
from twin_model.indicators.formula import parse
from twin_model.packed import Column

COUNTS = (
    "reported", "filed", "due", "in_time", "closed_of_due", "postponed", "closed", "returned",
    "marks", "marked",
)  # fmt: skip
type Statistic = Literal["count", "sum", "mean", "min", "max"]
type Light = Literal["green", "yellow", "red"]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CaseMeasure(_Document):
    """Cases of a window: in_time are of those due in it closed by their limit, and so on.

    marks, marked: the sum and number of the marks of cases that closed. category: how its code
    begins, `of` several. As known at the moment of knowledge.
    """

    of: Literal["cases"]
    count: Literal[
        "reported", "filed", "due", "in_time", "closed_of_due", "postponed", "closed", "returned",
        "marks", "marked",
    ]  # fmt: skip
    category: str = ""
    source: str | None = None
    department: str | None = None


class LayerMeasure(_Document):
    """Features of a layer at the window's end: their number, area (m²), length (m), or a column."""

    of: Literal["layer"]
    layer: str
    value: str | None = None  # a column, or area_m2, length_m
    statistic: Statistic = "count"
    filter: str | None = None

    @model_validator(mode="after")
    def _has_value(self) -> Self:
        if (self.value is None) != (self.statistic == "count"):
            raise ValueError("say of which value, or count the features")
        return self


class SeriesMeasure(_Document):
    """The newest values of a property at the window's end, of those no older than fresh_s."""

    of: Literal["series"]
    property: str
    layer: str | None = None
    statistic: Statistic = "mean"
    fresh_s: Annotated[float, Field(gt=0)] = 3600.0


class AlertMeasure(_Document):
    """Alerts that are open at the window's end, of a level or graver."""

    of: Literal["alerts"]
    least: Literal["blue", "yellow", "orange", "red"] = "blue"
    rule: str | None = None


type Measure = Annotated[
    CaseMeasure | LayerMeasure | SeriesMeasure | AlertMeasure, Field(discriminator="of")
]


class Indicator(_Document):
    """A formula over measures, what it should reach, and how far a window reaches back.

    better: whether more or less of it is. target: green from there on; yellow within `tolerance`
    of it, red beyond.
    """

    title_zh: str
    title_en: str = ""
    unit: str = ""
    group_zh: str = ""
    group_en: str = ""
    measures: Annotated[dict[str, Measure], Field(min_length=1, max_length=12)]
    formula: str
    window_h: Annotated[float, Field(gt=0, le=24 * 366)] = 168.0
    better: Literal["more", "less"] = "more"
    target: float | None = None
    tolerance: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        try:
            names = parse(self.formula).names
        except Invalid as error:
            raise ValueError(str(error)) from None
        if unknown := sorted(names - set(self.measures)):
            raise ValueError(f"the formula names '{unknown[0]}', which is no measure here")
        return self

    def light(self, value: float | None) -> Light | None:
        """Green, yellow or red; None where there is no value or no target."""
        if value is None or self.target is None:
            return None
        short = (self.target - value) * (1 if self.better == "more" else -1)
        return "green" if short <= 0 else "yellow" if short <= self.tolerance else "red"

    def values(self, measures: dict[str, Column]) -> Column:
        """The formula over measured columns of one length."""
        return np.broadcast_to(
            parse(self.formula).of(measures), next(iter(measures.values())).shape
        )
