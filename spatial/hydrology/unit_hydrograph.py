"""The SCS dimensionless unit hydrograph (NEH 630, chapters 15 and 16)."""

import numpy as np
import numpy.typing as npt

from spatial.hydrology.neighbours import Floats

_TIME = np.array([0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8,
                  1.9, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.2, 3.4, 3.6, 3.8, 4, 4.5, 5])  # fmt: skip
_FLOW = np.array([0, .03, .1, .19, .31, .47, .66, .82, .93, .99, 1, .99, .93, .86, .78, .68, .56,
                  .46, .39, .33, .28, .207, .147, .107, .077, .055, .04, .029, .021, .015, .011,
                  .005, 0])  # fmt: skip


_FINE = np.linspace(0, _TIME[-1], 5001)
_RUN_OFF = np.cumsum(np.interp(_FINE, _TIME, _FLOW))
_RUN_OFF /= _RUN_OFF[-1]


def lag(area_m2: npt.ArrayLike, slope_percent: npt.ArrayLike, kept_mm: npt.ArrayLike) -> Floats:
    """Hours from the middle of the excess rain to the peak.

    L = l^0.8 (S + 1)^0.7 / (1900 Y^0.5), l in ft, S in inches, Y in percent, with the length of
    flow l = 209 A^0.6, A in acres (NEH 630, (15-4a) and (15-5)). Slopes count as 0.1 % at least.
    """
    length = flow_length(area_m2)
    inches = np.asarray(kept_mm, float) / 25.4
    steep = np.maximum(np.asarray(slope_percent, float), 0.1)
    return np.asarray(length**0.8 * (inches + 1) ** 0.7 / (1900 * np.sqrt(steep)))


def flow_length(area_m2: npt.ArrayLike) -> Floats:
    """ft: l = 209 A^0.6, A in acres (NEH 630, (15-5))."""
    return np.asarray(209 * (np.asarray(area_m2, float) / 4046.8564224) ** 0.6)


def hydrograph(excess: Floats, step: float, area_m2: float, lag_hours: float) -> Floats:
    """m³/s at the end of each step (k + tail,), of excess rain (k,) mm in steps of minutes.

    The peak of a unit comes half a step and the lag after its start. The unit's ordinates are
    scaled so that the volume is that of the excess, exactly.
    """
    hours = step / 60
    peak = hours / 2 + lag_hours
    times = hours * np.arange(1, int(np.ceil(_TIME[-1] * peak / hours)) + 1)
    # a unit's mean over each step, from what has run off by its ends
    by = np.interp(np.concatenate([[0], times]) / peak, _FINE, _RUN_OFF)
    share = np.diff(by)
    return np.convolve(excess, share) / 1000 * area_m2 / (step * 60)
