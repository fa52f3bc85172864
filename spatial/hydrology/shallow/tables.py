"""Numbers and series of features by the names that their columns go by."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spatial.errors import Invalid
from spatial.hydrology.shallow.series import Series

DISCHARGE = ("discharge", "discharge_m3s", "discharge_m3_s", "q", "q_m3s", "inflow", "inflow_m3s",
             "flow", "hydrograph", "流量")  # fmt: skip
LEVEL = ("level", "stage", "water_level", "level_m", "水位")
TIME = {"time": 1, "time_s": 1, "seconds": 1, "t": 1, "minutes": 60, "time_min": 60, "hours": 3600,
        "time_h": 3600}  # fmt: skip
ID = ("id", "source", "name", "编号")


def column(rows: pd.DataFrame, names: Sequence[str]) -> str | None:
    """The first of the names, in whatever case, that a table has a filled column of."""
    known = {str(one).lower(): str(one) for one in rows.columns}
    found = [known[name] for name in names if name in known]
    return next((name for name in found if rows[name].notna().any()), None)


def number(row: Any, name: str, default: float | None = None) -> float:
    """A number of a feature. Raises Invalid where it is missing and has no default."""
    value = row.get(name)
    if value is None or (isinstance(value, float) and np.isnan(value)):
        if default is None:
            raise Invalid(f"a feature lacks '{name}'")
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Invalid(f"'{name}' must be a number, not '{value}'") from None


def series(value: Any, what: str, *, steps: bool = False) -> Series:
    """Of a number, or of pairs [[seconds, value], …] as JSON. Raises Invalid for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise Invalid(f"{what} must be a number or [[seconds, value], …]") from None
    try:
        told = np.asarray(value, float)
    except (TypeError, ValueError):
        raise Invalid(f"{what} must be a number or [[seconds, value], …]") from None
    if not told.ndim:
        if np.isnan(told):
            raise Invalid(f"{what} is missing")
        return Series.constant(float(told))
    if told.ndim != 2 or told.shape[1] != 2:
        raise Invalid(f"{what} must be a number or [[seconds, value], …]")
    return Series(told[:, 0], told[:, 1], steps)


def told(
    rows: pd.DataFrame, names: Sequence[str], what: str, table: pd.DataFrame | None = None
) -> Iterator[Series]:
    """The series of each feature: its own column, or the rows of a table of time and value.

    A table with a column of ids tells each feature's by its id; else it is for all of them.
    Raises Invalid for a feature without one.
    """
    if table is not None:
        yield from _tabled(rows, table, names, what)
        return
    name = column(rows, names)
    if name is None:
        raise Invalid(f"the features tell no {what}: they need a column '{names[0]}'")
    for value in rows[name]:
        yield series(value, what)


def _tabled(
    rows: pd.DataFrame, table: pd.DataFrame, names: Sequence[str], what: str
) -> Iterator[Series]:
    time, value, key = (column(table, one) for one in (tuple(TIME), names, ID))
    if time is None or value is None:
        raise Invalid(f"the table of {what} needs a column 'time' (s) and one '{names[0]}'")
    scale = TIME[time.lower()]
    own = column(rows, ID)
    for row in rows.to_dict("records"):
        mine = table
        if key is not None:
            if own is None:
                raise Invalid(f"the table of {what} has ids, but the features have none")
            mine = table[table[key].astype(str) == str(row[own])]
            if mine.empty:
                raise Invalid(f"the table of {what} tells nothing of '{row[own]}'")
        try:
            times, values = (mine[one].to_numpy(float) for one in (time, value))
        except (TypeError, ValueError):
            raise Invalid(f"the table of {what} holds what is no number") from None
        yield Series(times * scale, values)
