"""Instants: local midnights of the city as UTC."""

import numpy as np
import pandas as pd

from datasets.sample.plan import Floats

ZONE = "Asia/Shanghai"


def instants(years: Floats) -> pd.DatetimeIndex:
    """First days of the months in which decimal years fall; what is not finite is NaT."""
    known = np.isfinite(years)
    months = np.floor(np.where(known, years, 2000.0) * 12 + 1e-6).astype(np.int64) - 1970 * 12
    days = months.astype("datetime64[M]").astype("datetime64[us]")
    days[~known] = np.datetime64("NaT")
    return pd.DatetimeIndex(days).tz_localize(ZONE).tz_convert("UTC")


def month(years: Floats) -> Floats:
    """Decimal years moved back to the first day of their month."""
    rounded: Floats = np.floor(years * 12 + 1e-6) / 12
    return rounded
