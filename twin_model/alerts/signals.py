"""What the machine judges: readings themselves, or what a rule makes of them."""

from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from twin_model.packed import Column
from twin_model.profile import hour_of_week


def inside(shape: Any, x: Column, y: Column, outside: bool) -> Column:
    """1 where a position, in degrees, is in the shape, or where it is out of it; else 0."""
    shapely.prepare(shape)
    signal: Column = (shapely.contains_xy(shape, x, y) != outside).astype(np.float64)
    return signal


def deviation(
    at: Column, x: Column, row: Column, median: Column, spread: Column, least: float,
    zone: ZoneInfo,
) -> Column:  # fmt: skip
    """Robust standard scores, |x - median| / max(spread, least), by local hour of the week.

    row: of each reading in median and spread, both (n, 168); NaN, which no limit is passed by,
    where nothing is usual.
    """
    hour = hour_of_week(at, zone)
    usual = median[row, hour]
    score: Column = np.abs(x - usual) / np.maximum(spread[row, hour], least)
    return score
