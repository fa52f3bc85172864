"""Flow from basin to basin: Muskingum's routing through reaches in series."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from spatial.errors import Invalid
from spatial.hydrology.neighbours import Floats

#: What of a wave may still be in a reach when it counts as passed, as a share.
_REST = 1e-15


def muskingum(inflow: Floats, step: float, travel: float, weight: float) -> Floats:
    """m³/s at the end of a reach that a wave takes `travel` hours to pass; step: hours.

    Storage S = K (x I + (1 - x) O), K = travel, x = weight: 0 flattens the wave most, and it may
    be 0.3 at most. So that no coefficient is negative the reach is parted into as many as fit
    steps; one that is shorter than step / (2 (1 - x)) passes the wave at once (Chow, Maidment,
    Mays 1988, 8.4). The volume is that of the inflow.
    """
    if not 0 <= weight <= 0.3:
        raise Invalid("Muskingum's x lies between 0 and 0.3")
    if travel < 0 or not np.isfinite(travel):
        raise Invalid("a wave's time of travel must not be negative")
    if travel < step / (2 * (1 - weight)):
        return inflow
    parts = max(1, round(travel / step))
    k = travel / parts
    bottom = k * (1 - weight) + step / 2
    first, second = step / 2 - k * weight, step / 2 + k * weight
    kept = (k * (1 - weight) - step / 2) / bottom
    tail = parts + (int(np.ceil(np.log(_REST) / np.log(kept))) if kept > _REST else 1)
    for _ in range(parts):
        wide = np.concatenate([inflow, np.zeros(tail)])
        inflow = np.asarray(lfilter([first / bottom, second / bottom], [1.0, -kept], wide))
    return np.asarray(inflow)


def route(
    flows: Sequence[Floats], onward: npt.NDArray[np.int64], travel: Floats, weight: float,
    step: float,
) -> list[Floats]:  # fmt: skip
    """What leaves each basin: its own flow and, through its reach, what comes from above.

    onward: (n,) the place of the next basin, -1 where the water leaves. travel: (n,) hours through
    each basin's reach; step: hours. Raises Invalid for basins that flow in a circle.
    """
    count = np.bincount(onward[onward >= 0], minlength=len(onward))
    ready = [int(one) for one in np.flatnonzero(count == 0)]
    above: list[Floats] = [np.zeros(0)] * len(onward)
    out: list[Floats] = [np.zeros(0)] * len(onward)
    done = 0
    while ready:
        one = ready.pop()
        done += 1
        passed = muskingum(above[one], step, float(travel[one]), weight)
        out[one] = _added(flows[one], passed if above[one].any() else above[one])
        to = int(onward[one])
        if to >= 0:
            above[to] = _added(above[to], out[one])
            count[to] -= 1
            if count[to] == 0:
                ready.append(to)
    if done < len(onward):
        raise Invalid("the basins flow in a circle")
    return out


def _added(one: Floats, other: Floats) -> Floats:
    made = np.zeros(max(len(one), len(other)))
    made[: len(one)] += one
    made[: len(other)] += other
    return made


def downstream(numbers: Sequence[object], onward: Sequence[object]) -> npt.NDArray[np.int64]:
    """(n,) places of the basins that others name; -1 for what is no basin here, such as 0."""
    place = {str(number): row for row, number in enumerate(numbers)}
    if len(place) < len(numbers):
        raise Invalid("two basins have the same number")
    return np.array([place.get(str(one), -1) for one in onward], np.int64)
