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
from twin_model.readings import Readings, Strings, codes
from twin_model.roll import Roll

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
    asset = _numbered(readings.asset, roll.place)
    refused |= dict.fromkeys(np.flatnonzero(good & (asset < 0)).tolist(), "there is no such asset")
    good &= asset >= 0
    code, names = codes(readings.property)
    code = _renumbered(code, names, roll.properties)
    place = np.where(good, roll.find(asset, code, scenario), NO_SERIES)
    missing = _missing(readings, np.flatnonzero(good & (place < 0)), asset)
    place, more = _of_their_kind(readings, place, roll)
    refused |= more
    x, place, more = _converted(readings, place, roll)
    refused |= more
    ids = np.append(roll.series_id, NO_SERIES)  # the last is for those of no series
    return Resolved(roll.edition, ids[place], asset, x, refused, missing)


def _numbered(column: Strings, numbers: Mapping[str, int]) -> Column:
    return _renumbered(*codes(column), numbers)


def _renumbered(code: Column, names: list[str | None], numbers: Mapping[str, int]) -> Column:
    """The numbers of names; -1 for those that have none."""
    table = np.array([*(numbers.get(name or "", -1) for name in names), -1], np.int64)
    return table[code]


def _missing(
    readings: Readings, rows: Column, asset: Column
) -> dict[tuple[int, str], tuple[Kind, str]]:
    """The series that these rows lack, by asset and property, as the first row describes each."""
    if not len(rows):
        return {}
    code, names = codes(readings.property)
    pairs = asset[rows] * len(names) + code[rows]
    _, first = np.unique(pairs, return_index=True)
    found = {}
    for row in rows[first].tolist():
        unit = readings.unit[row].as_py() if readings.unit is not None else None
        pair = int(asset[row]), names[int(code[row])] or ""
        found[pair] = (Kind(int(readings.kind[row])), unit or "")
    return found


def _of_their_kind(readings: Readings, place: Column, roll: Roll) -> tuple[Column, dict[int, str]]:
    """Without the readings that are of another kind than their series."""
    kinds = np.append(roll.series_kind, 0)[place]
    wrong = np.flatnonzero((place >= 0) & (kinds != readings.kind))
    if not len(wrong):
        return place, {}
    place = place.copy()
    place[wrong] = NO_SERIES
    told = (f"the series holds values of kind {Kind(kind).name}" for kind in kinds[wrong].tolist())
    return place, dict(zip(wrong.tolist(), told, strict=True))


def _converted(
    readings: Readings, place: Column, roll: Roll
) -> tuple[Column, Column, dict[int, str]]:
    """x in the units of the series, without the readings that cannot be converted."""
    if readings.unit is None:
        return readings.x, place, {}
    code, names = codes(readings.unit)
    said = np.flatnonzero((code >= 0) & (place >= 0))
    x, place = readings.x.copy(), place.copy()
    refused: dict[int, str] = {}
    pairs, member = np.unique(place[said] * len(names) + code[said], return_inverse=True)
    for n, pair in enumerate(pairs.tolist()):
        at, number = divmod(pair, len(names))
        target, unit = roll.by_id[at].unit, names[number] or ""
        if unit in ("", target):
            continue
        rows = said[member == n]
        try:
            factor, offset = units.conversion(unit, target)
        except Rejected as error:
            refused |= dict.fromkeys(rows.tolist(), str(error))
            place[rows] = NO_SERIES
            continue
        x[rows] = x[rows] * factor + offset
    return x, place, refused


def make_series(pg: Pg, roll: Roll, resolved: Resolved, scenario: int) -> None:
    """Make the series that are missing, as their first readings describe them.

    In a scenario a series takes its kind and unit from main's, where main has it.
    """
    rows = []
    for (place, name), (kind, unit) in resolved.missing.items():
        code = roll.properties.get(name, -1)
        (main,) = roll.find(np.array([place]), np.array([code]), 0).tolist()
        if main >= 0:
            kind, unit = roll.by_id[main].kind, roll.by_id[main].unit
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
