"""From the names in readings to series: whose they are, in which unit, and who may write them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from spatial.database import Pg
from spatial.errors import Rejected
from twin_model import units
from twin_model.kinds import Kind
from twin_model.packed import Column
from twin_model.readings import Readings, codes
from twin_model.roll import Roll, Series

NO_SERIES = -1


@dataclass(frozen=True, slots=True)
class Resolved:
    """series: the id of each reading's series, NO_SERIES for none; x: in the series' unit.

    missing: series that must be made first, with what the first reading says of kind and unit.
    """

    edition: int
    series: Column
    asset: Column
    x: Column
    refused: Mapping[int, str]
    missing: dict[tuple[int, str], tuple[Kind, str]]


def resolve(readings: Readings, roll: Roll, scenario: int) -> Resolved:
    """Find each reading's series. What a series cannot take is refused, with the reason."""
    count = len(readings)
    refused = dict(readings.refused)
    good = np.ones(count, bool)
    good[list(refused)] = False
    asset_code, asset_names = codes(readings.asset)
    property_code, properties = codes(readings.property)
    places = np.array([roll.place.get(name or "", NO_SERIES) for name in asset_names], np.int64)
    asset = np.where(asset_code >= 0, places[asset_code], NO_SERIES) if len(places) else asset_code
    for row in np.flatnonzero(good & (asset < 0)).tolist():
        refused[row] = "there is no such asset"
    good &= asset >= 0

    rows = np.flatnonzero(good)
    pairs = asset[rows] * max(len(properties), 1) + property_code[rows]
    distinct, first, member = np.unique(pairs, return_index=True, return_inverse=True)
    found: list[Series | None] = []
    missing: dict[tuple[int, str], tuple[Kind, str]] = {}
    for pair, row in zip(distinct.tolist(), rows[first].tolist(), strict=True):
        place, code = divmod(pair, max(len(properties), 1))
        name = properties[code] or ""
        one = roll.by_pair.get((place, name, scenario))
        found.append(one)
        if one is None:
            unit = readings.unit[row].as_py() if readings.unit is not None else None
            missing[place, name] = (Kind(int(readings.kind[row])), unit or "")
    series_of = np.array([s.id if s else NO_SERIES for s in found], np.int64)
    kind_of = np.array([s.kind if s else 0 for s in found], np.int8)
    series = np.full(count, NO_SERIES, np.int64)
    series[rows] = series_of[member] if len(found) else NO_SERIES
    if len(found):
        other = (kind_of[member] != readings.kind[rows]) & (series_of[member] >= 0)
        wrong = rows[other]
        for row, kind in zip(wrong.tolist(), kind_of[member][other].tolist(), strict=True):
            refused[row] = f"the series holds values of kind {Kind(kind).name}"
        series[wrong] = NO_SERIES
    resolved = Resolved(roll.edition, series, asset, readings.x, refused, missing)
    if readings.unit is None:
        return resolved
    return _convert(readings, resolved, found, rows, member)


def _convert(
    readings: Readings,
    resolved: Resolved,
    found: list[Series | None],
    rows: Column,
    member: Column,
) -> Resolved:
    """The readings in the units of their series."""
    unit_code, unit_names = codes(readings.unit)
    x, refused, series = readings.x.copy(), dict(resolved.refused), resolved.series
    said = unit_code[rows] >= 0
    pairs = member[said] * max(len(unit_names), 1) + unit_code[rows[said]]
    distinct, inverse = np.unique(pairs, return_inverse=True)
    for n, pair in enumerate(distinct.tolist()):
        place, code = divmod(pair, max(len(unit_names), 1))
        one, unit = found[place], unit_names[code] or ""
        if one is None or unit in ("", one.unit):
            continue
        here = rows[said][inverse == n]
        try:
            factor, offset = units.conversion(unit, one.unit)
        except Rejected as error:
            refused |= dict.fromkeys(here.tolist(), str(error))
            series[here] = NO_SERIES
            continue
        x[here] = x[here] * factor + offset
    return Resolved(resolved.edition, series, resolved.asset, x, refused, resolved.missing)


def make_series(pg: Pg, roll: Roll, resolved: Resolved, scenario: int) -> None:
    """Make the series that are missing, as their first readings describe them.

    In a scenario a series takes its kind and unit from main's, where main has it.
    """
    rows = []
    for (place, name), (kind, unit) in resolved.missing.items():
        main = roll.by_pair.get((place, name, 0))
        if main is not None:
            kind, unit = main.kind, main.unit
        rows.append((int(roll.asset_id[place]), name, scenario, kind.name, unit))
    with pg.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO city.series (asset_id, property, scenario, kind, unit)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            rows,
        )


def check_new_units(readings: Readings) -> None:
    """Refuse readings whose unit is none of UCUM's."""
    if readings.unit is None:
        return
    for unit in pc.unique(readings.unit).to_pylist():
        try:
            units.check(unit or "")
        except Rejected as error:
            same = pc.equal(readings.unit, unit).fill_null(False).to_numpy(zero_copy_only=False)
            readings.refuse(np.flatnonzero(same), str(error))
