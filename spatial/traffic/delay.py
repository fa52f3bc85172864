"""By how much congestion delays: functions of a link's flow, each 0 where nobody drives."""

from collections.abc import Mapping

import numpy as np
from numba import njit

from spatial.traffic.graph import Floats

BPR, CONICAL, DAVIDSON = 0, 1, 2
#: The functions by the names that the column `function` of a network may hold.
FORMS: Mapping[str, int] = {"bpr": BPR, "conical": CONICAL, "davidson": DAVIDSON}
#: Davidson's function goes on in a straight line from this share of the capacity on.
STRAIGHT = 0.95


@njit(cache=True, nogil=True)
def delay(form: int, p: float, u: float) -> tuple[float, float]:
    """The delay at u = flow / scale and its derivative, in free times.

    BPR (1964): u ** p. Conical (Spiess 1990), p > 1 as its alpha and b = (2 p - 1) / (2 p - 2):
    1 + sqrt(p² (1 - u)² + b²) - p (1 - u) - b. Davidson (1966), p as its J: p u / (1 - u), from
    u = 0.95 on along its tangent (Tisato 1991).
    """
    if form == CONICAL:
        b = (2.0 * p - 1.0) / (2.0 * p - 2.0)
        root = np.sqrt(p * p * (1.0 - u) * (1.0 - u) + b * b)
        return 1.0 + root - p * (1.0 - u) - b, p - p * p * (1.0 - u) / root
    if form == DAVIDSON:
        v = min(u, STRAIGHT)
        steep = p / ((1.0 - v) * (1.0 - v))
        return p * v / (1.0 - v) + (u - v) * steep, steep
    if p == 4.0:
        cube = u * u * u
        return cube * u, 4.0 * cube
    if p == 1.0:
        return u, 1.0
    if u <= 0.0:
        return (0.0 if p > 0.0 else 1.0), 0.0
    lower = u ** (p - 1.0)
    return lower * u, p * lower


@njit(cache=True, nogil=True)
def delays(curve: Floats, flow: Floats, rise: Floats, steep: Floats) -> None:
    """Fill (m,) delays and their slopes. curve: (m, 3) form, parameter, scale."""
    for a in range(len(flow)):
        scale = curve[a, 2]
        h, slope = delay(int(curve[a, 0]), curve[a, 1], flow[a] / scale)
        rise[a], steep[a] = h, slope / scale


def summed(curve: Floats, flow: Floats) -> Floats:
    """(m,) the delays integrated from no flow."""
    form, p, scale = curve.T
    u = flow / scale
    found = np.zeros(len(flow))
    bpr, cone, lane = (form == one for one in (BPR, CONICAL, DAVIDSON))
    found[bpr] = u[bpr] ** (p[bpr] + 1) / (p[bpr] + 1)
    found[cone] = _conical(p[cone], u[cone])
    found[lane] = _davidson(p[lane], u[lane])
    return np.asarray(found * scale)


def _conical(p: Floats, u: Floats) -> Floats:
    b = (2 * p - 1) / (2 * p - 2)

    def part(w: Floats) -> Floats:
        return np.asarray(
            w / 2 * np.sqrt(p**2 * w**2 + b**2) + b**2 / (2 * p) * np.arcsinh(p * w / b)
        )

    return np.asarray((1 - p - b) * u + p * u**2 / 2 + part(np.ones(len(u))) - part(1 - u))


def _davidson(p: Floats, u: Floats) -> Floats:
    v = np.minimum(u, STRAIGHT)
    beyond = (u - v) * v / (1 - v) + (u - v) ** 2 / (2 * (1 - v) ** 2)
    return np.asarray(p * (-v - np.log1p(-v) + beyond))
