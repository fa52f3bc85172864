"""The indicators of the city at a moment: values, targets, lights, trends, by area and in time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from spatial.asof import Interval, format_instant
from spatial.database import Database, Pg
from spatial.errors import CityError, Invalid
from spatial.grant import Grant
from spatial.moment import Moment
from twin_model.indicators.areas import areas
from twin_model.indicators.measure import Measuring
from twin_model.indicators.model import Indicator
from twin_model.packed import Column

MOST_WINDOWS = 400
STEADY = 0.01  # a change of less than a hundredth is none
type Document = dict[str, Any]


def indicators(
    database: Database, pg: Pg, grant: Grant, moment: Moment, wanted: Mapping[str, Indicator], *,
    by: str | None = None, windows: int = 2,
) -> list[Document]:  # fmt: skip
    """Each indicator of each area: its value in the window that ends at the moment, and before.

    by: a layer of areas with codes. windows: how many, one after the other, each as long as the
    indicator says; `history` has them all, the newest last. One that cannot be measured, such as
    of a layer that the grant may not see, says so in `error`, and the others go on.
    """
    end = moment.valid_at
    if isinstance(end, Interval):
        raise Invalid("indicators are of one moment, not of an interval")
    if not 2 <= windows <= MOST_WINDOWS:
        raise Invalid(f"there are from 2 to {MOST_WINDOWS} windows")
    places = areas(database, pg, by, moment, grant)
    measure = Measuring(database, pg, grant, moment, places)
    told = []
    for name, one in wanted.items():
        step = timedelta(hours=one.window_h)
        edges = [end - step * k for k in range(windows, -1, -1)]
        try:
            found = {key: measure(of, edges) for key, of in one.measures.items()}
        except CityError as error:
            told.append(_head(name, one) | {"error": str(error)})
            continue
        values = one.values(found)
        for n, code in enumerate(places.codes):
            row = _head(name, one)
            if code is not None:
                zh, en = places.titles[n]
                row |= {"area": code, "area_zh": zh, "area_en": en}
            measures = {key: _plain(of[n, -1]) for key, of in found.items()}
            told.append(row | _values(one, values[n], edges) | {"measures": measures})
    return told


def _head(name: str, one: Indicator) -> Document:
    return {
        "name": name, "title_zh": one.title_zh, "title_en": one.title_en or one.title_zh,
        "group_zh": one.group_zh, "group_en": one.group_en, "unit": one.unit,
        "target": one.target, "better": one.better, "area": None,
    }  # fmt: skip


def _values(one: Indicator, values: Column, edges: list[datetime]) -> Document:
    value, before = _plain(values[-1]), _plain(values[-2])
    return {
        "value": value,
        "light": one.light(value),
        "previous": before,
        "trend": _trend(value, before),
        "from": format_instant(edges[-2]),
        "to": format_instant(edges[-1]),
        "history": [
            {"to": format_instant(at), "value": _plain(number)}
            for at, number in zip(edges[1:], values, strict=True)
        ],
    }


def _trend(value: float | None, before: float | None) -> str | None:
    if value is None or before is None:
        return None
    if abs(value - before) <= STEADY * max(abs(value), abs(before)):
        return "steady"
    return "rising" if value > before else "falling"


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
