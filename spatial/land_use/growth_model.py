"""How built-up land grows: its trend, and a cellular automaton that places it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from spatial.errors import Invalid
from spatial.land_use.polygons import Floats

type Trend = Literal["linear", "exponential", "mean"]
type Cells = npt.NDArray[np.bool_]
#: What a cell with nothing built around it keeps of its potential, so that new places can begin.
_ALONE = 0.01


def forecast(years: Sequence[int], amounts: Floats, until: int, trend: Trend) -> Floats:
    """Amounts of the years after the last one, up to `until`; they go on from the last amount.

    linear: by the slope of the least-squares line; exponential: by the rate of that of the
    logarithms; mean: by the mean yearly change of the last five years told (or all, if fewer).
    Never less than the last amount: what is built stays. Raises Invalid for fewer than 3 years,
    and for an exponential trend of amounts that are not above 0.
    """
    at = np.asarray(years, float)
    if len(at) < 3:
        raise Invalid(f"a trend needs three years at least; there are {len(at)}")
    ahead = np.arange(1, until - years[-1] + 1)
    if trend == "exponential":
        if not (amounts > 0).all():
            raise Invalid("an exponential trend needs amounts above 0 in every year")
        rate = np.polyfit(at - at[0], np.log(amounts), 1)[0]
        made = amounts[-1] * np.exp(rate * ahead)
    elif trend == "linear":
        made = amounts[-1] + np.polyfit(at - at[0], amounts, 1)[0] * ahead
    else:
        first = max(0, len(at) - 6)
        made = amounts[-1] + (amounts[-1] - amounts[first]) / (at[-1] - at[first]) * ahead
    return np.asarray(np.maximum(made, amounts[-1]), float)


@dataclass(frozen=True)
class Growth:
    """year (rows, columns): when each cell is built, 0 never; short: by year the cells that found
    no place."""

    year: npt.NDArray[np.int32]
    short: dict[int, int]


def grow(
    built: Cells,
    suitability: Floats,
    demand: dict[int, int],
    rng: np.random.Generator,
    *,
    radius: int = 2,
    chance: float = 0.5,
) -> Growth:
    """Place each year's demand of cells where their potential is greatest, one year after another.

    built, suitability (rows, columns): suitability 0 to 1, 0 or NaN where nothing may be built;
    demand: cells to add by year. potential = s · (n + 0.01) / 1.01 · (1 + (−ln u)^chance), with n
    the share built of the (2 radius + 1)² cells around a cell without itself, u uniform from `rng`;
    chance 0 leaves none. Source: White and Engelen (1993), their disturbance term and constrained
    demand, with two states.
    """
    now = built.copy()
    year = np.zeros(built.shape, np.int32)
    short: dict[int, int] = {}
    fit = np.nan_to_num(suitability)
    size = 2 * radius + 1
    for when, wanted in sorted(demand.items()):
        around = uniform_filter(now.astype(float), size, mode="constant") * size**2 - now
        near = np.clip(around / (size**2 - 1), 0, 1)
        luck = 1 + (-np.log(1 - rng.random(built.shape))) ** chance if chance else 1.0
        potential = np.where(now, 0.0, fit * (near + _ALONE) / (1 + _ALONE) * luck).ravel()
        free = int((potential > 0).sum())
        order = np.argsort(-potential, kind="stable")[: min(wanted, free)]
        now.ravel()[order] = True
        year.ravel()[order] = when
        if wanted > free:
            short[when] = wanted - free
    return Growth(year, short)


@dataclass(frozen=True)
class Agreement:
    """Cells of a map of change against what happened: hits, misses, false alarms, and neither."""

    hits: int
    misses: int
    false_alarms: int
    rejections: int

    @property
    def figure_of_merit(self) -> float:
        """hits / (hits + misses + false alarms): the overlap of the changes (Pontius 2008)."""
        changed = self.hits + self.misses + self.false_alarms
        return self.hits / changed if changed else 1.0

    @property
    def by_chance(self) -> float:
        """The figure of merit that the same number of cells, strewn evenly, could expect."""
        n = self.hits + self.misses + self.false_alarms + self.rejections
        actual, told = self.hits + self.misses, self.hits + self.false_alarms
        hits = actual * told / n if n else 0.0
        return hits / (actual + told - hits) if actual + told - hits else 1.0


def agreement(before: Cells, actual: Cells, told: Cells, within: Cells | None = None) -> Agreement:
    """How the cells told to become built are those that did, among cells not built before.

    within: the area that counts; all by default.
    """
    free = ~before if within is None else ~before & within
    return Agreement(
        hits=int((free & actual & told).sum()),
        misses=int((free & actual & ~told).sum()),
        false_alarms=int((free & ~actual & told).sum()),
        rejections=int((free & ~actual & ~told).sum()),
    )
