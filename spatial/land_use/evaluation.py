"""Units of land evaluated by criteria: scores, what is excluded and why, the ranking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.certificate import Certificate
from spatial.errors import Invalid
from spatial.land_use.criteria import Criterion
from spatial.land_use.polygons import Flags, Floats, Indices
from spatial.land_use.weighting import (
    Priorities,
    ahp,
    comparison_matrix,
    direct,
    ranks,
    weighted_sum,
)

SCORED, EXCLUDED, UNKNOWN = 0, 1, 2
STATUS = (("已评分", "scored"), ("排除", "excluded"), ("数据缺失", "no data"))


@dataclass(frozen=True)
class Evaluation:
    """n units by k criteria that score. `total` (n,) is NaN for units that are not scored.

    scores (n, k); broken: by each criterion with bounds, the units (n,) that it excludes; lacking:
    by each criterion the units of which it knows nothing.
    """

    names: tuple[str, ...]
    weights: Floats
    scores: Floats
    total: Floats
    rank: Indices
    status: Indices
    broken: Mapping[str, Flags]
    lacking: Mapping[str, Flags]

    def certificate(self, unit: str, size: Floats | None = None) -> Certificate:
        """That every unit (or its size) is scored, excluded or without data."""
        sizes = np.ones(len(self.status)) if size is None else size
        parts = [float(sizes[self.status == one].sum()) for one in (SCORED, EXCLUDED, UNKNOWN)]
        lacking = {name: int(lacks.sum()) for name, lacks in self.lacking.items()}
        return proof(parts, float(sizes.sum()), unit, lacking)


def proof(
    parts: Sequence[float], whole: float, unit: str, lacking: Mapping[str, int]
) -> Certificate:
    """That what is scored, excluded and without data (3,) adds up to the whole.

    lacking: by criterion, of how many units it knows nothing.
    """
    return Certificate(
        equation="units = scored + excluded + without data",
        left=whole,
        right=sum(parts),
        residual=abs(whole - sum(parts)),
        tolerance=1e-9 * whole,
        unit=unit,
        balance={"units": whole, "scored": parts[0], "excluded": parts[1],
                 "without data": parts[2]},
        notes=tuple(
            f"'{name}' knows nothing of {lacks} units" for name, lacks in lacking.items() if lacks
        ),
    )  # fmt: skip


def weigh(
    criteria: Sequence[Criterion], comparisons: Sequence[tuple[str, str, float]] = ()
) -> tuple[Floats, Priorities | None]:
    """Weights of the criteria that score: by judgements (AHP), else as told, else equal.

    Raises Invalid where no criterion scores, and where weights are told both ways.
    """
    factors = [one for one in criteria if one.standard is not None]
    if not factors:
        raise Invalid("no criterion scores: give one at least a standard")
    names = [one.name for one in factors]
    told = {one.name: one.weight for one in factors if one.weight is not None}
    if not comparisons:
        return direct(names, told), None
    if told:
        raise Invalid("weights come from comparisons or from the criteria, not from both")
    found = ahp(comparison_matrix(names, comparisons))
    return found.weights, found


def evaluate(
    criteria: Sequence[Criterion], measured: Mapping[str, npt.NDArray[Any]], weights: Floats
) -> Evaluation:
    """Score (n,) measures of each criterion, exclude by bounds, and rank.

    A unit that any bound excludes is excluded, whatever else is missing; else one that lacks a
    score, or a measure that has bounds, is without data, unless the criterion says what missing
    ones score (then bounds let them pass).
    """
    factors = [one for one in criteria if one.standard is not None]
    count = len(next(iter(measured.values())))
    columns: list[Floats] = []
    for one in factors:
        assert one.standard is not None
        values = measured[one.name]
        score = one.standard(values)
        columns.append(score if one.missing is None else np.where(np.isnan(score), one.missing,
                                                                 score))  # fmt: skip
    scores = np.column_stack(columns) if columns else np.zeros((count, 0))
    broken: dict[str, Flags] = {}
    lacking = {one.name: np.isnan(scores[:, k]) for k, one in enumerate(factors)}
    for one in (each for each in criteria if each.bounded):
        values = np.asarray(measured[one.name], float)
        low = -np.inf if one.at_least is None else one.at_least
        high = np.inf if one.at_most is None else one.at_most
        broken[one.name] = (values < low) | (values > high)
        unknown = np.isnan(values) if one.missing is None else np.zeros(count, bool)
        lacking[one.name] = lacking.get(one.name, np.zeros(count, bool)) | unknown
    excluded = np.any([np.zeros(count, bool), *broken.values()], axis=0)
    unknown = np.any([np.zeros(count, bool), *lacking.values()], axis=0)
    status = np.select([excluded, unknown], [EXCLUDED, UNKNOWN], SCORED)
    total = np.where(status == SCORED, weighted_sum(np.nan_to_num(scores), weights), np.nan)
    return Evaluation(
        tuple(one.name for one in factors), weights, scores, total, ranks(total),
        np.asarray(status), broken, lacking,
    )  # fmt: skip
