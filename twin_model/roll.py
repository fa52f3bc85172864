"""The roll: every asset and series, held in memory by each process and read anew when it grows."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
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
    """Assets and series as columns; `assets` and `by_id` are in the order of ids.

    asset_id, layer_id, fid: int64, one each asset; series_…: int64, one each series.
    """

    edition: int
    place: dict[str, int]
    names: list[str]
    asset_id: Column
    layer_id: Column
    fid: Column
    by_id: list[Series]
    series_id: Column
    series_asset: Column
    series_scenario: Column
    series_kind: Column

    def places_of(self, series: Column) -> Column:
        """Where these ids stand in `by_id`; -1 for series that are no more."""
        places = self._place_of_id
        known = series < len(places)
        return np.where(known, places[np.where(known, series, 0)], -1)

    @cached_property
    def _place_of_id(self) -> Column:
        places = np.full(1 + int(self.series_id.max(initial=0)), -1)
        places[self.series_id] = np.arange(len(self.series_id))
        return places

    @cached_property
    def properties(self) -> dict[str, int]:
        """Every property's name, numbered."""
        return {name: n for n, name in enumerate(sorted({s.property for s in self.by_id}))}

    @cached_property
    def _series_of_pair(self) -> tuple[Column, Column]:
        """Sorted keys of asset, property and scenario, and the places of their series."""
        code = np.array([self.properties[s.property] for s in self.by_id], np.int64)
        keys = self._keys(self.series_asset, code, self.series_scenario)
        order = np.argsort(keys)
        return keys[order], order

    def _keys(self, asset: Column, code: Column, scenario: Column | int) -> Column:
        pairs: Column = asset * max(len(self.properties), 1) + code
        return pairs + scenario * (len(self.names) * max(len(self.properties), 1) + 1)

    def find(self, asset: Column, code: Column, scenario: int) -> Column:
        """Places in `by_id` of the series of assets and numbered properties; -1 for none."""
        keys, places = self._series_of_pair
        if not len(keys):
            return np.full(len(asset), -1)
        wanted = self._keys(asset, code, scenario)
        at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        return np.where((keys[at] == wanted) & (asset >= 0) & (code >= 0), places[at], -1)

    @cached_property
    def _by_layer(self) -> dict[int, tuple[Column, Column]]:
        order = np.lexsort((self.fid, self.layer_id))
        ids, starts = np.unique(self.layer_id[order], return_index=True)
        parts = np.split(order, starts[1:]) if len(ids) else []
        return {int(one): (part, self.fid[part]) for one, part in zip(ids, parts, strict=True)}

    def of_layer(self, layer_id: int) -> tuple[Column, Column]:
        """Places of a layer's assets and their fids, by ascending fid."""
        nothing = np.empty(0, np.int64)
        return self._by_layer.get(layer_id, (nothing, nothing))


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
        by_id=by_id,
        series_id=np.array([s.id for s in by_id], np.int64),
        series_asset=np.array([s.asset for s in by_id], np.int64),
        series_scenario=np.array([s.scenario for s in by_id], np.int64),
        series_kind=np.array([s.kind for s in by_id], np.int8),
    )
