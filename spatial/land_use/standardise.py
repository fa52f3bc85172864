"""Functions that turn a measure into a score between 0 and 1, each by its name."""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from spatial.land_use.polygons import Floats

Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Function(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Ramp(_Function):
    """From score 0 at `low` to score 1 at `high`, flat outside; `low` may be the larger."""

    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low == self.high:
            raise ValueError("low and high must differ")
        return self

    def _share(self, values: Floats) -> Floats:
        return np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)


class Linear(_Ramp):
    """s = (x − low) / (high − low), held between 0 and 1."""

    function: Literal["linear"] = "linear"

    def __call__(self, values: Floats) -> Floats:
        return self._share(values)


class Sigmoid(_Ramp):
    """s = sin²(t π/2) with t the linear share: an S between low and high (Eastman's J = 1)."""

    function: Literal["sigmoid"] = "sigmoid"

    def __call__(self, values: Floats) -> Floats:
        return np.asarray(np.sin(self._share(values) * np.pi / 2) ** 2)


class Triangular(_Function):
    """0 at low and high, 1 at peak, straight between; low < peak < high."""

    function: Literal["triangular"] = "triangular"
    low: Finite
    peak: Finite
    high: Finite

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low < self.peak < self.high:
            raise ValueError("low < peak < high must hold")
        return self

    def __call__(self, values: Floats) -> Floats:
        return _between(values, (self.low, self.peak, self.high), (0.0, 1.0, 0.0))


class Gaussian(_Function):
    """s = exp(−(x − peak)² / (2 spread²))."""

    function: Literal["gaussian"] = "gaussian"
    peak: Finite
    spread: Annotated[Finite, Field(gt=0)]

    def __call__(self, values: Floats) -> Floats:
        return np.asarray(np.exp(-((values - self.peak) ** 2) / (2 * self.spread**2)))


class Piecewise(_Function):
    """Straight between points (x, score), flat outside; x must grow."""

    function: Literal["piecewise"] = "piecewise"
    points: Annotated[
        tuple[tuple[Finite, Annotated[float, Field(ge=0, le=1)]], ...], Field(min_length=2)
    ]

    @model_validator(mode="after")
    def _check(self) -> Self:
        at = [x for x, _ in self.points]
        if any(b <= a for a, b in pairwise(at)):
            raise ValueError("the points must go from left to right")
        return self

    def __call__(self, values: Floats) -> Floats:
        at, scores = zip(*self.points, strict=True)
        return _between(values, at, scores)


class Categories(_Function):
    """A score for each word or code; `others` for all the rest, else these have none."""

    function: Literal["categories"] = "categories"
    scores: dict[str, Annotated[float, Field(ge=0, le=1)]]
    others: Annotated[float, Field(ge=0, le=1)] | None = None

    def __call__(self, values: npt.NDArray[Any]) -> Floats:
        rest = np.nan if self.others is None else self.others
        return np.array([np.nan if _none(v) else self.scores.get(_word(v), rest) for v in values])


#: Any of them, told apart by `function`.
Standard = Annotated[
    Linear | Sigmoid | Triangular | Gaussian | Piecewise | Categories,
    Field(discriminator="function"),
]


def _between(values: Floats, at: tuple[float, ...], scores: tuple[float, ...]) -> Floats:
    return np.where(np.isnan(values), np.nan, np.interp(values, at, scores))


def _none(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _word(value: Any) -> str:
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)
