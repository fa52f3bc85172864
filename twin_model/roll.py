"""The roll: every asset and series, held in memory by each process and read anew when it grows."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

import numpy as np

from spatial.database import Pg
from twin_model.kinds import Kind
from twin_model.packed import Column

_KEPT = 4
_rolls: OrderedDict[tuple[str, int], "Roll"] = OrderedDict()
_lock = Lock()


class Series(NamedTuple):
    """One property of one asset; scenario 0 is main. `asset` is a place in the roll."""

    id: int
    asset: int
    property: str
    scenario: int
    kind: Kind
    unit: str


@dataclass(frozen=True)
class Roll:
    """Assets as columns, and series both by what they are of and by id.

    asset_id, layer_id, fid: int64, one each asset; by_id: series in the order of `series_id`.
    """

    edition: int
    place: dict[str, int]
    names: list[str]
    asset_id: Column
    layer_id: Column
    fid: Column
    by_pair: dict[tuple[int, str, int], Series]
    by_id: list[Series]
    series_id: Column
    series_asset: Column
    series_scenario: Column
    series_kind: Column

    def places_of(self, series: Column) -> Column:
        """Where these ids stand in `by_id`; -1 for series that are no more."""
        if not len(self.series_id):
            return np.full(len(series), -1)
        at = np.searchsorted(self.series_id, series).clip(max=len(self.series_id) - 1)
        return np.where(self.series_id[at] == series, at, -1)


def edition(pg: Pg) -> int:
    """The number of the roll that this transaction sees."""
    row = pg.execute("SELECT edition FROM city.twin").fetchone()
    assert row is not None
    return int(row[0])


def roll(pg: Pg) -> Roll:
    """The roll that this transaction sees; it must have changed nothing of it itself."""
    key = (pg.info.dsn, edition(pg))
    with _lock:
        if key in _rolls:
            _rolls.move_to_end(key)
            return _rolls[key]
    made = read(pg)
    with _lock:
        _rolls[key] = made
        while len(_rolls) > _KEPT:
            _rolls.popitem(last=False)
    return made


def read(pg: Pg) -> Roll:
    """The roll, read afresh."""
    number = edition(pg)
    assets = pg.execute("SELECT id, name, layer_id, fid FROM city.asset ORDER BY id").fetchall()
    place_of_id = {row[0]: n for n, row in enumerate(assets)}
    found = pg.execute(
        "SELECT id, asset_id, property, scenario, kind, unit FROM city.series ORDER BY id"
    ).fetchall()
    by_id = [
        Series(id, place_of_id[asset], name, scenario, Kind[kind], unit)
        for id, asset, name, scenario, kind, unit in found
    ]
    names = [row[1] for row in assets]
    return Roll(
        edition=number,
        place={name: n for n, name in enumerate(names)},
        names=names,
        asset_id=np.array([row[0] for row in assets], np.int64),
        layer_id=np.array([row[2] for row in assets], np.int64),
        fid=np.array([row[3] for row in assets], np.int64),
        by_pair={(s.asset, s.property, s.scenario): s for s in by_id},
        by_id=by_id,
        series_id=np.array([s.id for s in by_id], np.int64),
        series_asset=np.array([s.asset for s in by_id], np.int64),
        series_scenario=np.array([s.scenario for s in by_id], np.int64),
        series_kind=np.array([s.kind for s in by_id], np.int8),
    )
