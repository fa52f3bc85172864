"""A quantity over the time of a run: a hydrograph, a level, the intensity of rain."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from spatial.errors import Invalid

type Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Values at times in seconds: straight between them, or in steps that hold until the next.

    Before the first time and after the last the nearest value holds. Raises Invalid for times
    that do not ascend and values that are missing.
    """

    times: Doubles
    values: Doubles
    steps: bool = False

    def __post_init__(self) -> None:
        if not len(self.times) or len(self.times) != len(self.values):
            raise Invalid("a series needs as many values as times, at least one")
        if not (np.isfinite(self.times).all() and np.isfinite(self.values).all()):
            raise Invalid("a series has a gap: a time or a value is missing")
        if (np.diff(self.times) <= 0).any():
            raise Invalid("the times of a series must ascend, each once")

    @classmethod
    def constant(cls, value: float) -> Self:
        """The same always."""
        return cls(np.zeros(1), np.array([float(value)]))

    def at(self, time: float) -> float:
        """The value at a time."""
        if self.steps:
            place = np.searchsorted(self.times, time, side="right") - 1
            return float(self.values[int(np.clip(place, 0, None))])
        return float(np.interp(time, self.times, self.values))

    def total(self, start: float, end: float) -> float:
        """The integral from start to end."""
        return self._until(end) - self._until(start)

    @cached_property
    def _sums(self) -> Doubles:
        wide = np.diff(self.times)
        mean = self.values[:-1] if self.steps else (self.values[1:] + self.values[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(wide * mean)])

    def _until(self, time: float) -> float:
        place = int(np.clip(np.searchsorted(self.times, time, side="right") - 1, 0, None))
        first = self.values[place]
        height = first if self.steps else (first + self.at(time)) / 2
        if time < self.times[0]:
            height = first
        return float(self._sums[place] + (time - self.times[place]) * height)
