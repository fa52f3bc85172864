"""Criteria of a decision: what is measured, how it scores, and what it must not be."""

import json
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from spatial.analyses.inputs import LayerName, RasterName
from spatial.land_use.standardise import Categories, Finite, Standard

type Measure = Literal[
    "distance", "access", "density", "share", "attribute", "value", "slope", "area", "compactness",
    "width",
]  # fmt: skip
_NEEDS: dict[str, tuple[str, ...]] = {
    "distance": ("layer",),
    "access": ("layer", "network"),
    "density": ("layer", "radius"),
    "share": ("layer",),
    "attribute": ("field",),
    "value": ("raster",),
    "slope": ("raster",),
}


class Criterion(BaseModel):
    """One criterion. With `standard` it scores; with `at_least` or `at_most` it excludes.

    measure: `distance` to the nearest feature of `layer` (m); `access` to it along a `network`, the
    least `by` time (minutes) or distance (m), from node to node; `density` of it within `radius` m
    (features, km or km² per km²); `share` of the unit that it covers; `attribute`: the value of
    `field`, the parcel's own or that of the feature of `layer` at the unit's middle; `value`: mean
    of `raster`; `slope` of it (degrees); of the unit itself its `area` (m²), its `compactness`
    (4π area / perimeter²) and its `width`, the short side of its smallest rectangle (m).
    weight: relative to the others. missing: the score where nothing is known; without it the unit
    has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=40)]
    title_zh: str = ""
    title_en: str = ""
    measure: Measure
    layer: LayerName | None = None
    network: LayerName | None = None
    by: Literal["time", "distance"] = "time"
    raster: RasterName | None = None
    field: str | None = None
    radius: Annotated[Finite, Field(gt=0)] | None = None
    standard: Standard | None = None
    weight: Annotated[Finite, Field(ge=0)] | None = None
    at_least: Finite | None = None
    at_most: Finite | None = None
    missing: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        lacks = [name for name in _NEEDS.get(self.measure, ()) if getattr(self, name) is None]
        if lacks:
            raise ValueError(f"{self.measure} needs {' and '.join(lacks)}")
        if self.network is not None and self.measure != "access":
            raise ValueError(f"{self.measure} takes no network: access does")
        if self.standard is None and not self.bounded:
            raise ValueError("a criterion has a standard, or at_least or at_most")
        if isinstance(self.standard, Categories) and (self.measure != "attribute" or self.bounded):
            raise ValueError("categories score an attribute that has no bounds")
        if self.bounded and (self.at_least or 0.0) > (self.at_most if self.at_most is not None
                                                     else float("inf")):  # fmt: skip
            raise ValueError("at_least is more than at_most")
        return self

    @property
    def bounded(self) -> bool:
        return self.at_least is not None or self.at_most is not None

    def title(self, language: str) -> str:
        """Its title in zh or en, else the name."""
        return (self.title_zh if language == "zh" else self.title_en) or self.name


def read_json(value: Any) -> Any:
    """A value as it is, or the JSON of a text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"this is not JSON: {error}") from None
    return value


def _several(value: Any) -> Any:
    value = read_json(value)
    return [value] if isinstance(value, dict) else value


def _times(value: Any) -> Any:
    """Judgements as numbers, also where written as 1/3."""
    try:
        return [[a, b, float(Fraction(str(times)))] for a, b, times in read_json(value)]
    except (TypeError, ValueError, ZeroDivisionError):
        raise ValueError('judgements are [["a", "b", 3], ["a", "c", "1/2"], …]') from None


def distinct(criteria: Iterable[Criterion]) -> None:
    """Raise ValueError where two criteria have one name."""
    names = [one.name for one in criteria]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two criteria are called {', '.join(sorted(twice))}")


#: Criteria as JSON: an array of them, or one alone.
Criteria = Annotated[tuple[Criterion, ...], BeforeValidator(_several)]
#: Pairwise judgements for AHP: a matters so many times as much as b.
Comparisons = Annotated[tuple[tuple[str, str, float], ...], BeforeValidator(_times)]
