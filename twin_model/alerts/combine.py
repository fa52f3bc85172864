"""Rules over rules: the level of a combination from the levels of its members."""

from collections.abc import Sequence

import numpy as np

from twin_model.alerts.rule import Kind
from twin_model.packed import Column


def combine(members: Sequence[tuple[Column, Column]], how: Kind) -> tuple[Column, Column]:
    """Moments and levels of a combination, each unlike the one before it.

    members: of each rule the ascending moments and the level from each on; none before the first.
    `all` is the least of their levels at a moment, `any` the greatest.
    """
    at = np.unique(np.concatenate([moments for moments, _ in members]))
    levels = np.zeros((len(members), len(at)), np.int64)
    for row, (moments, level) in enumerate(members):
        place = np.searchsorted(moments, at, side="right") - 1
        levels[row] = np.where(place >= 0, level[place], 0) if len(level) else 0
    whole = levels.min(axis=0) if how is Kind.all else levels.max(axis=0)
    changes = np.diff(whole, prepend=0) != 0
    return at[changes], whole[changes]
