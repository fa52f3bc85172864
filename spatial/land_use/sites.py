"""Sites for a project: what a parcel must be, how well it is that, and why, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.land_use.criteria import Criterion
from spatial.land_use.evaluation import Evaluation
from spatial.land_use.standardise import Linear, Triangular

#: By measure: how many digits a value has in words, its factor, its unit.
_WORDS = {
    "distance": (0, 1.0, " m"),
    "access": (0, 1.0, " m"),
    "density": (2, 1.0, " /km²"),
    "share": (1, 100.0, " %"),
    "slope": (1, 1.0, "°"),
    "area": (0, 1.0, " m²"),
    "compactness": (2, 1.0, ""),
    "width": (0, 1.0, " m"),
}
_PLAIN = (2, 1.0, "")


def required(name: str, zh: str, en: str, **said: Any) -> Criterion:
    """A requirement that also scores by how comfortably it is met.

    At most b: 1 at nothing, 0 at b. At least a: 0 at a, 1 at twice that. Between a and b: 1 in the
    middle. A share of a control line only excludes.
    """
    low, high = said.get("at_least"), said.get("at_most")
    standard: Linear | Triangular | None = None
    if said["measure"] != "share":
        if low and high:
            standard = Triangular(low=low, peak=(low + high) / 2, high=high) if low < high else None
        elif high:
            standard = Linear(low=high, high=0)
        elif low:
            standard = Linear(low=low, high=2 * low)
    return Criterion.model_validate(
        {"name": name, "title_zh": zh, "title_en": en, "standard": standard, **said}
    )


def reasons(
    criteria: Sequence[Criterion],
    measured: Mapping[str, npt.NDArray[Any]],
    made: Evaluation,
    language: str,
) -> list[str]:
    """(n,) why each unit is in or out and scores as it does, criterion by criterion."""
    stop, colon = ("；", "：") if language == "zh" else ("; ", ": ")
    column = {name: k for k, name in enumerate(made.names)}
    words = []
    for row in range(len(made.total)):
        parts = []
        for one in criteria:
            said = f"{one.title(language)} {_value(one, measured[one.name][row], language)}"
            if one.bounded:
                kept = _judged(made, one, row, language)
                said += f" {_bounds(one)}{colon}{kept}"
            if one.name in column and not np.isnan(made.scores[row, column[one.name]]):
                score = made.scores[row, column[one.name]]
                said += f"（得分 {score:.2f}）" if language == "zh" else f" (scores {score:.2f})"
            parts.append(said)
        words.append(stop.join(parts))
    return words


def _words(one: Criterion) -> tuple[int, float, str]:
    if one.measure == "access" and one.by == "time":
        return 1, 1.0, " min"
    return _WORDS.get(one.measure, _PLAIN)


def _value(one: Criterion, value: Any, language: str) -> str:
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "无数据" if language == "zh" else "unknown"
    if isinstance(value, str):
        return value
    digits, factor, unit = _words(one)
    return f"{float(value) * factor:,.{digits}f}{unit}"


def _bounds(one: Criterion) -> str:
    digits, factor, unit = _words(one)
    told = ((sign, bound) for sign, bound in (("≥", one.at_least), ("≤", one.at_most))
            if bound is not None)  # fmt: skip
    return ", ".join(f"{sign} {bound * factor:,.{digits}f}{unit}" for sign, bound in told)


def _judged(made: Evaluation, one: Criterion, row: int, language: str) -> str:
    zh = language == "zh"
    if made.broken[one.name][row]:
        return "不符合" if zh else "not met"
    if made.lacking[one.name][row]:
        return "无法判断" if zh else "cannot be told"
    return "符合" if zh else "met"
