"""How congested areas are, and where something happened: from speeds."""

import numpy as np
import pandas as pd

from spatial.traffic.graph import Floats, Integers

#: Below the usual speed by so many robust deviations, and below this share of it, for so long.
DEVIATIONS, SHARE, PERIODS = 3.0, 0.6, 2


def travel_time_index(
    area: Integers, length: Floats, kmh: Floats, free: Floats, areas: int
) -> Floats:
    """(areas,) how many times as long all links take as on free roads, each by its length.

    Sum of L / v over the sum of L / v_free (the travel time index of the US urban mobility
    reports, of links instead of persons). area: (m,) of each link, -1 for none. NaN where an area
    has no link whose speed is known. Faster than free counts as free.
    """
    known = (area >= 0) & np.isfinite(kmh) & (kmh > 0) & (free > 0)
    of, metres = area[known], length[known]
    now = np.bincount(of, metres / np.minimum(kmh, free)[known], areas)
    best = np.bincount(of, metres / free[known], areas)
    index: Floats = np.divide(now, best, out=np.full(areas, np.nan), where=best > 0)
    return index


def incidents(kmh: Floats) -> pd.DataFrame:
    """Where speed fell far below the usual: place, first, last, lowest, usual, one row for each.

    kmh: (p, t) of places and equal periods, NaN where not measured. An incident is a run of at
    least PERIODS periods with a speed below SHARE of the place's median, and below it by more than
    DEVIATIONS robust deviations (1.4826 times the median absolute deviation): the standard normal
    deviate method of Dudek, Messer and Nuckles (1974), made robust. A gap ends a run.
    """
    rows = []
    with np.errstate(all="ignore"):
        for place, line in enumerate(kmh):
            told = line[np.isfinite(line)]
            if len(told) <= PERIODS:
                continue
            usual = float(np.median(told))
            least = 1.4826 * float(np.median(np.abs(told - usual)))
            low = (line < SHARE * usual) & (line < usual - DEVIATIONS * least)
            edges = np.flatnonzero(np.diff(np.r_[0, low.astype(int), 0]))
            for first, end in edges.reshape(-1, 2):
                if end - first >= PERIODS:
                    lowest = float(line[first:end].min())
                    rows.append((place, int(first), int(end) - 1, lowest, usual))
    return pd.DataFrame(rows, columns=["place", "first", "last", "lowest", "usual"])
