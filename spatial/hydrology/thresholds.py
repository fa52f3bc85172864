"""Four warning levels by limits: of a stage, and of the rain of some hours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spatial.errors import Invalid
from spatial.hydrology.neighbours import Floats

LEVELS = ("none", "blue", "yellow", "orange", "red")
#: Blue to red, by the names that a station's limits go by: 汛限, 警戒, 保证, 历史最高水位.
STAGES = {
    "blue": ("blue", "flood_limit", "flood_limit_level", "汛限水位", "蓝"),
    "yellow": ("yellow", "warning", "warning_level", "警戒水位", "黄"),
    "orange": ("orange", "guaranteed", "guaranteed_level", "保证水位", "橙"),
    "red": ("red", "highest", "highest_level", "历史最高水位", "红"),
}  # fmt: skip

type Ranks = npt.NDArray[np.int64]


class RainLimit(NamedTuple):
    """So many mm within so many hours give a level, 1 (blue) to 4 (red)."""

    level: int
    hours: float
    depth: float


#: 暴雨预警信号 of 《气象灾害预警信号发布与传播办法》 (China Meteorological Administration, 2007).
RAIN = (RainLimit(1, 12, 50), RainLimit(2, 6, 50), RainLimit(3, 3, 50), RainLimit(4, 3, 100))


def check(limits: Floats) -> None:
    """Raise Invalid unless the limits (4,) that are told rise from blue to red."""
    told = limits[~np.isnan(limits)]
    if not len(told):
        raise Invalid("there is no limit at all")
    if not np.isfinite(told).all() or (np.diff(told) <= 0).any():
        raise Invalid("limits must rise from blue to red")


def stage_ranks(stage: Floats, limits: Floats) -> Ranks:
    """(n,) 0 to 4 for each stage: the highest limit (4,) that it reaches; NaN limits are none."""
    check(limits)
    reached = stage[:, None] >= limits[None, :]
    return np.asarray((reached * np.arange(1, 5)).max(axis=1))


def fallen(seconds: Floats, rain: Floats, hours: float) -> Floats:
    """(n,) mm within the hours up to each reading, which tells the rain since the one before.

    seconds: ascending. A reading counts in part where the hours begin within it; the first tells
    what fell at its own moment. Raises Invalid for negative rain and times out of order.
    """
    if not np.isfinite(rain).all() or (rain < 0).any():
        raise Invalid("rain must be told, and not be negative")
    if (np.diff(seconds) <= 0).any():
        raise Invalid("readings must be in the order of time, each once")
    sums = np.cumsum(rain)
    before = np.interp(seconds - hours * 3600, seconds, sums, left=0.0)
    return np.asarray(sums - before)


def rain_ranks(seconds: Floats, rain: Floats, limits: Sequence[RainLimit]) -> Ranks:
    """(n,) 0 to 4 at each reading: the highest level of which the hours hold the depth."""
    ranks = np.zeros(len(rain), np.int64)
    for one in limits:
        enough = fallen(seconds, rain, one.hours) >= one.depth - 1e-9 * one.depth
        ranks[enough] = np.maximum(ranks[enough], one.level)
    return ranks


def turns(ranks: Ranks) -> Ranks:
    """The places at which the rank is another than before; before the first it is none."""
    return np.flatnonzero(np.diff(ranks, prepend=0))
