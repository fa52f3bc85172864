"""Limits of stations from their tables, and the rules of the twin's alerts that they make."""

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.analyses.series import SeriesSelection
from spatial.errors import Invalid
from spatial.hydrology.neighbours import Floats
from spatial.hydrology.shallow import tables
from spatial.hydrology.thresholds import LEVELS, RAIN, STAGES, RainLimit, check

#: By station: (4,) stages in m, NaN where a level has no limit.
type StageLimits = dict[str, Floats]
#: By station; None is for all that have none of their own.
type RainLimits = dict[str | None, tuple[RainLimit, ...]]


def stage_limits(stations: gpd.GeoDataFrame) -> StageLimits:
    """Of each station that has limits, blue to red; raises Invalid where they do not rise."""
    columns = {level: tables.column(stations, names) for level, names in STAGES.items()}
    if not any(columns.values()):
        raise Invalid(
            "the stations have no limits: no column blue, yellow, orange, red or 警戒水位"
        )
    made = {}
    for row in stations.to_dict("records"):
        limits = np.array(
            [np.nan if one is None else tables.number(row, one, np.nan) for one in columns.values()]
        )
        if np.isnan(limits).all():
            continue
        try:
            check(limits)
        except Invalid as error:
            raise Invalid(f"station '{row['station']}': {error}") from None
        made[str(row["station"])] = limits
    return made


def rain_limits(table: pd.DataFrame | None) -> RainLimits:
    """Of a table's rows, China's rainstorm signals without one; raises Invalid for what is none."""
    if table is None:
        return {None: RAIN}
    lacking = {"level", "hours", "depth"} - set(table.columns)
    if lacking:
        raise Invalid(f"the limits of rain lack {', '.join(sorted(lacking))}")
    made: dict[str | None, list[RainLimit]] = {}
    for row in table.to_dict("records"):
        level = str(row["level"])
        if level not in LEVELS[1:]:
            raise Invalid(f"'{level}' is no level: they are {', '.join(LEVELS[1:])}")
        hours, depth = tables.number(row, "hours"), tables.number(row, "depth")
        if not (0 < hours <= 24 and depth > 0):
            raise Invalid("a limit of rain is above 0 mm within 24 hours at most")
        own = row.get("station")
        key = None if own is None or pd.isna(own) else str(own)
        made.setdefault(key, []).append(RainLimit(LEVELS.index(level), hours, depth))
    return {key: tuple(sorted(limits)) for key, limits in made.items()}


def stage_rules(
    chosen: SeriesSelection, limits: StageLimits
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The names of rules and their documents: one for each station's stage."""
    for station, own in limits.items():
        told = {name: float(one) for name, one in zip(LEVELS[1:], own, strict=True) if one == one}
        yield f"stage-{station}", {
            "kind": "threshold", "layer": chosen.layer, "assets": [station],
            "property": (chosen.property or ("water_level",))[0], "limits": told,
            "title_zh": f"{station} 水位", "title_en": f"Stage at {station}",
        }  # fmt: skip


def rain_rules(
    chosen: SeriesSelection, known: set[str], told: RainLimits
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One rule for each length of time, and one that takes the greatest of them."""
    for key, limits in told.items():
        stations = sorted(known - set(told)) if key is None else [key]
        if not stations:
            continue
        names = []
        for hours in sorted({one.hours for one in limits}):
            own = {LEVELS[one.level]: one.depth for one in limits if one.hours == hours}
            names.append(f"rain-{hours:g}h{'' if key is None else f'-{key}'}")
            yield names[-1], {
                "kind": "total", "layer": chosen.layer, "assets": stations,
                "property": (chosen.property or ("rainfall",))[0], "limits": own,
                "over_s": hours * 3600,
                "title_zh": f"{hours:g} 小时雨量", "title_en": f"Rain of {hours:g} h",
            }  # fmt: skip
        if len(names) > 1:
            yield f"rain{'' if key is None else f'-{key}'}", {
                "kind": "any", "of": names, "title_zh": "暴雨", "title_en": "Rainstorm",
            }  # fmt: skip
