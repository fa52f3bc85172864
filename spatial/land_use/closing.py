"""Figures that close: rounded so that their sum is the rounded total; adjusted to a control."""

from dataclasses import dataclass

import numpy as np

from spatial.errors import Invalid
from spatial.land_use.polygons import Floats, Indices


@dataclass(frozen=True)
class Closed:
    """(n,) rounded figures whose sum is `total`, and which of them were moved by a last digit."""

    values: Floats
    total: float
    adjusted: Indices


def close(values: Floats, decimals: int, total: float | None = None) -> Closed:
    """Round half up to so many decimals; where the sum then misses the rounded total, move the
    figures that rounding moved most the other way by one unit of the last digit each.

    Zeros stay zeros, so that no class comes into being. total: of the exact figures, their sum
    where it is not given. Raises Invalid where the figures miss the total by more than rounding.
    """
    scale = 10.0**decimals
    scaled = np.asarray(values, float) * scale
    whole = np.floor(scaled + 0.5).astype(np.int64)
    aim = int(np.floor((scaled.sum() if total is None else total * scale) + 0.5))
    missing = aim - int(whole.sum())
    free = np.flatnonzero(scaled != 0)
    if abs(missing) > len(free):
        raise Invalid("the figures miss their total by more than rounding: adjust them first")
    order = np.argsort(np.sign(missing) * (whole[free] - scaled[free]), kind="stable")
    moved = np.sort(free[order[: abs(missing)]])
    whole[moved] += np.sign(missing)
    return Closed(whole / scale, aim / scale, moved)


def adjust(areas: Floats, control: float) -> Floats:
    """(n,) areas in proportion to what they are, their sum the controlled total (控制面积).

    Each takes control/Σ of itself. Raises Invalid where there is no area to adjust.
    """
    whole = float(areas.sum())
    if not whole > 0:
        raise Invalid("there is no area that could be adjusted to a controlled total")
    return np.asarray(areas * (control / whole))
