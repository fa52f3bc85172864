"""Design storms: how much it has rained by when."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from spatial.errors import Invalid
from spatial.hydrology.neighbours import Floats
from spatial.hydrology.shallow.series import Series

#: mm per minute of 1 L/(s·hm²).
_PER_MINUTE = 60 / 10_000

_HOURS = np.array([0, 2, 4, 6, 7, 8, 8.5, 9, 9.5, 9.75, 10, 10.5, 11, 11.5, 11.75, 12, 12.5, 13,
                   13.5, 14, 16, 20, 24])  # fmt: skip
#: Share of a day's rain that has fallen by then: SCS types (Chow, Maidment, Mays 1988, 14.4).
_FALLEN = {
    "scs-i": [0, .035, .076, .125, .156, .194, .219, .254, .303, .362, .515, .583, .624, .654,
              .669, .682, .706, .727, .748, .767, .830, .926, 1],
    "scs-ia": [0, .050, .116, .206, .268, .425, .480, .520, .550, .564, .577, .601, .624, .645,
               .655, .664, .683, .701, .719, .736, .800, .906, 1],
    "scs-ii": [0, .022, .048, .080, .098, .120, .133, .147, .163, .172, .181, .204, .235, .283,
               .357, .663, .735, .772, .799, .820, .880, .952, 1],
    "scs-iii": [0, .020, .043, .072, .089, .115, .130, .148, .167, .178, .189, .216, .250, .298,
                .339, .500, .702, .751, .785, .811, .886, .957, 1],
}  # fmt: skip


@dataclass(frozen=True)
class Storm:
    """rain: (k,) mm that falls in each step; step: minutes; begins: when, if it was measured."""

    rain: Floats
    step: float
    begins: datetime | None = None

    @property
    def depth(self) -> float:
        """mm in all."""
        return float(self.rain.sum())

    @property
    def intensity(self) -> Series:
        """mm/h by seconds since it began; none after it."""
        times = np.arange(len(self.rain) + 1, dtype=np.float64) * 60 * self.step
        return Series(times, np.append(self.rain * 60 / self.step, 0.0), steps=True)


@dataclass(frozen=True)
class IntensityFormula:
    """A city's 暴雨强度公式: q = 167 A (1 + C lg P) / (t + b)^n in L/(s·hm²), t in minutes.

    The defaults are those of Suzhou, 2025.
    """

    A: float = 17.969
    C: float = 1.24
    b: float = 18.415
    n: float = 0.785

    def intensity(self, minutes: npt.ArrayLike, years: float) -> Floats:
        """q for a duration and a return period P. Raises Invalid where it is not positive."""
        strength = 167 * self.A * (1 + self.C * np.log10(years))
        if not strength > 0:
            raise Invalid(f"the intensity formula gives no rain for a return period of {years:g} a")
        return np.asarray(strength / (np.asarray(minutes, float) + self.b) ** self.n)

    def depth(self, minutes: npt.ArrayLike, years: float) -> Floats:
        """mm that fall in a duration: q t, with 1 L/(s·hm²) being 0.006 mm/min."""
        long = np.asarray(minutes, float)
        strength = self.intensity(np.where(long > 0, long, 1.0), years)
        return np.asarray(strength * long * _PER_MINUTE)


def chicago(
    formula: IntensityFormula, years: float, duration: float, peak: float, step: float
) -> Storm:
    """Keifer and Chu's (1957) storm: about its peak every span holds what the formula gives.

    peak: share of the duration before the peak. The rain of each step is the difference of what has
    fallen, so the sum is exactly that of the formula for the duration. Minutes and years.
    """
    times = _times(duration, step)
    before, after = peak * duration - times, times - peak * duration
    fallen = np.zeros(len(times))
    if peak > 0:
        fallen -= peak * formula.depth(np.maximum(before, 0) / peak, years)
    if peak < 1:
        fallen += (1 - peak) * formula.depth(np.maximum(after, 0) / (1 - peak), years)
    return Storm(np.diff(fallen), step)


def scs(kind: str, depth: float, step: float) -> Storm:
    """A day's rain of so many mm by an SCS type: scs-i, scs-ia, scs-ii, scs-iii."""
    if depth < 0:
        raise Invalid("rain cannot be negative")
    times = _times(24 * 60, step)
    return Storm(np.diff(np.interp(times / 60, _HOURS, np.array(_FALLEN[kind]))) * depth, step)


def measured(minutes: Floats, rain: Floats, step: float) -> Storm:
    """Rain of a gauge: each reading fell evenly since the one before; the first in one step.

    minutes: (k,) since any moment, ascending; rain: (k,) mm. Raises Invalid for negative rain,
    missing values and times that do not ascend.
    """
    if not len(rain):
        raise Invalid("the gauge has no readings in that time")
    if not np.isfinite(rain).all():
        raise Invalid("the gauge has readings without a value")
    if (rain < 0).any():
        raise Invalid("rain cannot be negative")
    if (np.diff(minutes) <= 0).any():
        raise Invalid("the gauge's readings are not in the order of time")
    ends = np.concatenate([[minutes[0] - step], minutes])
    fallen = np.concatenate([[0.0], np.cumsum(rain)])
    steps = int(np.ceil((ends[-1] - ends[0]) / step - 1e-9))
    times = ends[0] + step * np.arange(steps + 1)
    return Storm(np.diff(np.interp(times, ends, fallen)), step)


def _times(duration: float, step: float) -> Floats:
    steps = round(duration / step)
    if steps < 1 or abs(steps * step - duration) > 1e-9 * duration:
        raise Invalid(f"steps of {step:g} min do not divide a storm of {duration:g} min")
    times: Floats = step * np.arange(steps + 1, dtype=np.float64)
    return times
