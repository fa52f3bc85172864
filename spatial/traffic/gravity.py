"""Trips between zones by the gravity model: near and attractive zones draw more of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from spatial.errors import Invalid
from spatial.traffic.graph import Floats

#: Rows and columns are right within this share of their sums.
CLOSE = 1e-12
ROUNDS = 10_000
_STEEPEST = 700.0
_STEEPENINGS = 40


@dataclass(frozen=True)
class Trips:
    """trips: (o, d) between zones. beta: of the deterrence. rounds: of the fitting.

    off: by what share of all trips rows and columns miss their sums. stranded: trips produced
    or attracted where no path leads.
    """

    trips: Floats
    beta: float
    rounds: int
    off: float
    stranded: float

    def mean(self, cost: Floats) -> float:
        """The mean cost of a trip."""
        return mean(self.trips, cost)


def fitted(seed: Floats, rows: Floats, columns: Floats) -> tuple[Floats, int, float]:
    """(o, d) the seed scaled by rows and columns until they sum to `rows` (o,) and `columns` (d,).

    Iterative proportional fitting (Deming and Stephan 1940; Furness 1965). Also the rounds it
    took, and the share of the sum by which rows and columns still miss.
    """
    made, total = seed.astype(float).copy(), max(float(rows.sum()), 1e-300)
    off = np.inf
    for turn in range(ROUNDS):
        for axis, wanted in ((1, rows), (0, columns)):
            got = made.sum(axis=axis, keepdims=True)
            scale = np.divide(
                np.expand_dims(wanted, axis), got, out=np.zeros_like(got), where=got > 0
            )
            made *= scale
        off = float(np.abs(made.sum(axis=1) - rows).sum()) / total
        off = max(off, float(np.abs(made.sum(axis=0) - columns).sum()) / total)
        if off <= CLOSE:
            return made, turn + 1, off
    return made, ROUNDS, off


def gravity(cost: Floats, production: Floats, attraction: Floats, beta: float) -> Trips:
    """Doubly constrained trips T = A P B D exp(-beta * cost) (Wilson 1967).

    cost: (o, d), infinite where no path leads; production (o,) and attraction (d,) of a day.
    What can go nowhere is left out and told; the attractions of the rest are scaled to the
    productions of the rest.
    """
    there = np.isfinite(cost)
    made = np.where(there @ attraction > 0, production, 0.0)
    drawn = np.where(production @ there > 0, attraction, 0.0)
    stranded = float(production.sum() - made.sum())
    if drawn.sum() > 0:
        drawn = drawn * (made.sum() / drawn.sum())
    low = np.where(there, cost, np.inf).min(axis=1, initial=np.inf)
    low = np.where(np.isfinite(low), low, 0.0)
    far = np.where(there, cost - low[:, None], 0.0)  # each row's own scale, lest all vanish
    seed = np.where(there, np.exp(-np.minimum(beta * far, _STEEPEST)), 0.0)
    seed *= (made > 0)[:, None] & (drawn > 0)[None, :]
    trips, rounds, off = fitted(seed, made, drawn)
    return Trips(trips, beta, rounds, off, stranded)


def calibrated(cost: Floats, production: Floats, attraction: Floats, wanted: float) -> Trips:
    """The gravity model whose trips cost `wanted` on average (Hyman 1969), by root finding.

    Raises Invalid for a mean that no deterrence gives, with the bounds that it can have.
    """

    def above(beta: float) -> float:
        return gravity(cost, production, attraction, beta).mean(cost) - wanted

    most = above(0.0)
    if abs(most) <= 1e-9 * wanted:
        return gravity(cost, production, attraction, 0.0)
    beta = 1.0 / wanted
    least = above(beta)
    for _ in range(_STEEPENINGS):
        if least <= 0 or beta * wanted > _STEEPEST:
            break
        beta *= 1.5
        least = above(beta)
    if most < 0 or least > 0:
        raise Invalid(
            f"trips cannot cost {wanted:.4g} on average: between these zones it is "
            f"{wanted + least:.4g} to {wanted + most:.4g}"
        )
    root: Callable[..., float] = brentq
    return gravity(cost, production, attraction, root(above, 0.0, beta, xtol=1e-12, rtol=1e-10))


def mean(trips: Floats, cost: Floats) -> float:
    """The mean cost of (o, d) trips; 0 where there are none."""
    total = float(trips.sum())
    return float((trips * np.where(trips > 0, cost, 0.0)).sum()) / total if total else 0.0


def at_hour(trips: Floats, from_home: float, to_home: float) -> Floats:
    """(z, z) the trips of one hour of a day's, told from producing to attracting zone.

    The shares `from_home` travel so in that hour, and `to_home` the other way; over a day either
    comes to a half (NCHRP Report 365, chapter 8).
    """
    return np.asarray(from_home * trips + to_home * trips.T)
