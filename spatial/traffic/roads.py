"""What a road's attributes say of driving on it: which ways, how fast, how many."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import Invalid
from spatial.traffic.graph import Flags, Floats

CLASS = ("class", "highway", "fclass", "road_class")
SPEED = ("speed_kmh", "maxspeed", "speed")
BICYCLE = ("oneway:bicycle", "oneway_bicycle")
LEVEL = ("layer", "bridge", "tunnel", "level")
_BACK = ("-1", "t", "reverse")
_ONLY = ("1", "yes", "true", "f", "1.0")

#: By class: speed in km/h, lanes each way, and vehicles an hour in a lane. Examples for a town;
#: columns of the layer go before them.
CLASSES: dict[str, tuple[float, float, float]] = {
    "motorway": (100, 3, 2000), "expressway": (80, 3, 1800), "trunk": (70, 3, 1600),
    "arterial": (50, 3, 1000), "primary": (50, 2, 1000), "secondary": (45, 2, 900),
    "collector": (40, 2, 800), "tertiary": (40, 1, 800), "unclassified": (30, 1, 600),
    "residential": (30, 1, 500), "local": (30, 1, 500), "service": (20, 1, 300),
    "living_street": (15, 1, 300),
}  # fmt: skip
_OTHER = (30.0, 1.0, 500.0)
#: By mode: its own speed in km/h, none where the road's counts; and classes that are closed to it.
MODES: dict[str, tuple[float | None, frozenset[str]]] = {
    "drive": (None, frozenset((
        "footway", "path", "cycleway", "steps", "pedestrian", "bridleway", "corridor",
    ))),
    "cycle": (15.0, frozenset(("motorway", "expressway", "steps", "corridor"))),
    "walk": (5.0, frozenset(("motorway", "expressway", "trunk"))),
}  # fmt: skip


@dataclass(frozen=True)
class Driving:
    """Of each road, (r,): ways along it and against it, km/h, vehicles an hour each way.

    assumed: how many roads took their speed from the table of classes.
    """

    along: Flags
    against: Flags
    speed: Floats
    capacity: Floats
    kind: npt.NDArray[Any]
    level: Sequence[Any]
    assumed: int


def travelling(rows: pd.DataFrame, mode: str) -> Driving:
    """As `driving`, by one of MODES: who walks goes both ways, who cycles as `oneway:bicycle` says.

    A road that is closed to the mode leads neither way.
    """
    found = driving(rows)
    kmh, closed = MODES[mode]
    open_ = np.array([one.removesuffix("_link") not in closed for one in found.kind], bool)
    along, against, speed = found.along, found.against, found.speed
    if mode == "walk":
        along = against = np.ones(len(rows), bool)
    if mode == "cycle":
        free = _first(rows, BICYCLE).fillna("").astype(str).str.strip().str.lower() == "no"
        along, against = along | free.to_numpy(bool), against | free.to_numpy(bool)
    if kmh is not None:
        speed = np.full(len(rows), kmh)
    return replace(found, along=along & open_, against=against & open_, speed=speed)


def driving(rows: pd.DataFrame) -> Driving:
    """From the columns of a road layer; raises Invalid for speeds and lanes that make no sense."""
    kind = np.asarray(_first(rows, CLASS).fillna("").astype(str), object)
    table = np.array([CLASSES.get(one.removesuffix("_link"), _OTHER) for one in kind]).reshape(
        -1, 3
    )
    told = _numbers(_first(rows, SPEED))
    if (told <= 0).any():
        raise Invalid("a road's speed is zero or negative: leave out what is closed")
    lanes = _numbers(_first(rows, ("lanes",)))
    if (lanes < 0).any():
        raise Invalid("a road has less than no lanes")
    way = _first(rows, ("oneway",)).fillna("").astype(str).str.strip().str.lower()
    back, only = way.isin(_BACK).to_numpy(bool), way.isin(_ONLY).to_numpy(bool)
    # a count of lanes is of the whole road
    each = np.where(lanes > 0, np.maximum(lanes / np.where(back | only, 1, 2), 1), table[:, 1])
    given = _numbers(_first(rows, ("capacity",)))
    levels = [rows[name].astype(str) for name in LEVEL if name in rows]
    return Driving(
        along=~back,
        against=~only,
        speed=np.where(np.isnan(told), table[:, 0], told),
        capacity=np.where(np.isnan(given), each * table[:, 2], given),
        kind=kind,
        level=list(zip(*levels, strict=True)) if levels else [0] * len(rows),
        assumed=int(np.isnan(told).sum()),
    )


def _first(rows: pd.DataFrame, names: Sequence[str]) -> Any:
    """The first of the columns that is there; else one of nothing."""
    name = next((name for name in names if name in rows), None)
    return rows[name] if name else pd.Series([None] * len(rows), dtype=object)


def _numbers(values: Any) -> Floats:
    """Numbers, without the unit that may follow them; NaN where there are none."""
    text = values.astype(str).str.extract(r"^\s*(-?\d+(?:\.\d+)?)", expand=False)
    return np.asarray(pd.to_numeric(text, errors="coerce"), np.float64)
