"""Weights of criteria, and what a ranking owes to them: AHP, weighted sum, sensitivity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.errors import Invalid
from spatial.land_use.polygons import Floats, Indices

#: Mean consistency index of random reciprocal matrices of order 1, 2, …; Saaty (1980).
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57,
                1.59)  # fmt: skip
#: A ratio above this asks for judgements to be made anew.
CONSISTENT = 0.10
#: How far a judgement and its opposite may be from each other's reciprocal: 0.33 for 1/3.
_ROUNDING = 0.02


@dataclass(frozen=True)
class Priorities:
    """Weights (n,) that sum to 1, and how far the judgements agree with each other."""

    weights: Floats
    lambda_max: float
    index: float
    ratio: float


def ahp(matrix: Floats) -> Priorities:
    """The principal eigenvector of pairwise comparisons, and their consistency ratio.

    matrix (n, n): how many times the row matters more than the column, positive and reciprocal.
    λ is the largest eigenvalue, CI = (λ − n) / (n − 1), CR = CI / RI. Raises Invalid for other
    matrices and for more than 15 criteria. Source: Saaty (1980).
    """
    n = len(matrix)
    if matrix.shape != (n, n) or not 1 <= n <= len(RANDOM_INDEX):
        raise Invalid(f"pairwise comparisons are a square of 1 to {len(RANDOM_INDEX)} criteria")
    if not (np.isfinite(matrix).all() and (matrix > 0).all()):
        raise Invalid("pairwise comparisons are numbers above 0")
    if (np.abs(matrix * matrix.T - 1) > _ROUNDING).any():
        raise Invalid("pairwise comparisons must be reciprocal: if a is 3 to b, b is 1/3 to a")
    values, vectors = np.linalg.eig(matrix)
    largest = int(np.argmax(values.real))
    weights = np.abs(vectors[:, largest].real)
    lambda_max = float(values[largest].real)
    index = max(0.0, (lambda_max - n) / (n - 1)) if n > 1 else 0.0
    ratio = index / RANDOM_INDEX[n - 1] if RANDOM_INDEX[n - 1] else 0.0
    return Priorities(weights / weights.sum(), lambda_max, index, ratio)


def comparison_matrix(names: Sequence[str], said: Sequence[tuple[str, str, float]]) -> Floats:
    """(n, n) from judgements (a, b, how many times a matters more than b), one for each pair.

    Raises Invalid for unknown names, pairs that are missing or told twice.
    """
    at = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(names))
    seen: set[frozenset[str]] = set()
    for a, b, times in said:
        if a not in at or b not in at or a == b:
            raise Invalid(f"'{a}' to '{b}' compares no two criteria: there are {', '.join(names)}")
        if frozenset((a, b)) in seen:
            raise Invalid(f"'{a}' and '{b}' are compared twice")
        seen.add(frozenset((a, b)))
        if not times > 0:
            raise Invalid(f"'{a}' to '{b}' must be above 0")
        matrix[at[a], at[b]], matrix[at[b], at[a]] = times, 1 / times
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            if frozenset((a, b)) not in seen:
                raise Invalid(f"'{a}' and '{b}' are not compared: every pair must be")
    return matrix


def weighted_sum(scores: Floats, weights: Floats) -> Floats:
    """(n,) Σ wₖ sₖ of scores (n, k) with weights (k,); NaN where any score is."""
    return np.asarray(scores @ weights)


def ranks(total: Floats) -> Indices:
    """(n,) 1 for the best; equals share a rank; 0 where there is no score."""
    known = ~np.isnan(total)
    made = np.zeros(len(total), np.int64)
    made[known] = pd.Series(-np.round(total[known], 12)).rank(method="min")
    return made


@dataclass(frozen=True)
class Sensitivity:
    """What one criterion's weight decides.

    spearman: of the ranking with the weight lower and higher, to the ranking as it is; kept: the
    share of the leading units that lead then too; turns_at: the nearest weight at which another
    unit takes the lead, None where none does.
    """

    name: str
    weight: float
    lower: float
    higher: float
    spearman: tuple[float, float]
    kept: tuple[float, float]
    turns_at: float | None


def sensitivity(
    names: Sequence[str], scores: Floats, weights: Floats, change: float = 0.2, leading: int = 10
) -> list[Sensitivity]:
    """One weight at a time, `change` (a share of it) down and up, the others in proportion.

    scores (n, k) without NaN. With wₖ moved to w, the others become wⱼ (1 − w) / (1 − wₖ), so that
    every total is linear in w, and where another unit overtakes the leader is exact
    (Triantaphyllou and Sánchez 1997 ask the same of each pair).
    """
    base = weighted_sum(scores, weights)
    first = _leading(base, leading)
    return [
        Sensitivity(
            name,
            float(weights[k]),
            *(moved := _moved(weights[k], change)),
            (
                spearman(base, weighted_sum(scores, reweighted(weights, k, moved[0]))),
                spearman(base, weighted_sum(scores, reweighted(weights, k, moved[1]))),
            ),
            (
                _kept(first, weighted_sum(scores, reweighted(weights, k, moved[0]))),
                _kept(first, weighted_sum(scores, reweighted(weights, k, moved[1]))),
            ),
            _turns(scores, weights, base, k),
        )
        for k, name in enumerate(names)
    ]


def reweighted(weights: Floats, k: int, weight: float) -> Floats:
    """The weights with the k-th as given, and the others in proportion to what they were."""
    rest = 1 - weights[k]
    if len(weights) == 1:
        return weights
    made = weights * (1 - weight) / rest if rest else np.full(len(weights), (1 - weight))
    if not rest:
        made = made / (len(weights) - 1)
    made[k] = weight
    return np.asarray(made)


def spearman(one: Floats, two: Floats) -> float:
    """Rank correlation of two totals; 1 where either does not tell units apart."""
    a, b = (pd.Series(np.round(total, 12)).rank().to_numpy() for total in (one, two))
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return 1.0
    return float(np.corrcoef(a, b)[0, 1])


def direct(names: Sequence[str], told: Mapping[str, float]) -> Floats:
    """(n,) weights as told, brought to a sum of 1; all equal where none is told.

    Raises Invalid where only some are told, where one is negative or their sum is 0.
    """
    if not told:
        return np.full(len(names), 1 / len(names))
    if missing := [name for name in names if name not in told]:
        raise Invalid(f"there is no weight of {', '.join(missing)}: weigh all criteria or none")
    weights = np.array([told[name] for name in names], float)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise Invalid("weights are not negative, and one at least is above 0")
    return np.asarray(weights / weights.sum())


def _moved(weight: float, change: float) -> tuple[float, float]:
    return max(0.0, weight * (1 - change)), min(1.0, weight * (1 + change))


def _leading(total: Floats, count: int) -> Indices:
    return np.lexsort((np.arange(len(total)), -np.round(total, 12)))[:count]


def _kept(first: Indices, total: Floats) -> float:
    return len(np.intersect1d(first, _leading(total, len(first)))) / max(1, len(first))


def _turns(scores: Floats, weights: Floats, base: Floats, k: int) -> float | None:
    """The weight nearest to the present one at which another unit's total meets the leader's."""
    if len(base) < 2 or weights[k] == 1:
        return None
    leader = int(_leading(base, 1)[0])
    zero, one = (weighted_sum(scores, reweighted(weights, k, w)) for w in (0.0, 1.0))
    at_zero, at_one = zero[leader] - zero, one[leader] - one
    slope = at_one - at_zero
    with np.errstate(divide="ignore", invalid="ignore"):
        meets = -at_zero / slope
    ahead = base[leader] - base > 1e-12
    real = ahead & (slope != 0) & (meets >= 0) & (meets <= 1)
    if not real.any():
        return None
    found = meets[real]
    return float(found[np.argmin(np.abs(found - weights[k]))])
