"""The state of all assets, or some, at any moment, as known at another, in any plan."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from spatial import catalogue, changes
from spatial.asof import AsOf, Interval
from spatial.database import Database, Pg
from spatial.errors import Invalid
from spatial.grant import Grant
from spatial.moment import Moment, resolve
from spatial.query import snapshot
from twin_model import values
from twin_model.kinds import Kind
from twin_model.packed import Column
from twin_model.presence import Wanted, present
from twin_model.roll import Roll, Series, roll
from twin_model.values import Values


@dataclass(frozen=True, slots=True)
class State:
    """What holds at a moment.

    values: of the series in `roll.by_id[places]`, one each. assets: places in the roll of every
    asset that is there, with a value or not; shapes: GeoJSON in degrees of each, or None.
    """

    moment: Moment
    cursor: int
    roll: Roll
    values: Values
    places: Column
    assets: Column
    shapes: list[str | None] | None
    words: dict[int, str]

    def series(self) -> Iterable[Series]:
        """The series of each value, in order."""
        return map(self.roll.by_id.__getitem__, self.places.tolist())

    def of(self, part: slice) -> "State":
        """The same of a part of the assets alone."""
        assets = self.assets[part]
        mine = np.isin(self.roll.series_asset[self.places], assets)
        return replace(
            self, values=self.values.rows(mine), places=self.places[mine], assets=assets,
            shapes=self.shapes and self.shapes[part],
        )  # fmt: skip


def state(
    database: Database, asof: AsOf, grant: Grant, wanted: Wanted, *, shapes: bool = False
) -> State:
    """The state of the assets that the grant may see; shapes says whether to read geometry."""
    with snapshot(database) as pg:
        return state_in(pg, asof, grant, wanted, shapes=shapes)


def state_in(pg: Pg, asof: AsOf, grant: Grant, wanted: Wanted, *, shapes: bool = False) -> State:
    """The same within a snapshot."""
    if isinstance(asof.valid_at, Interval):
        raise Invalid("a state is of one moment, not of an interval")
    moment = resolve(pg, asof)
    assert isinstance(moment.valid_at, datetime)
    known = roll(pg)
    chosen = _chosen_series(known, moment, wanted)
    found = _values(pg, moment, asof, known, chosen)
    found, places = _in_plan(known, found, moment, chosen)
    words = _words(pg, found, places, known)
    cursor = _cursor(pg, asof)
    moving = _moving(known, found, places)
    layers = catalogue.layers(pg, grant)
    there, geometry = present(pg, layers, known, moment, grant, wanted, moving, shapes)
    seen = np.isin(known.series_asset[places], there)
    return State(moment, cursor, known, found.rows(seen), places[seen], there, geometry, words)


def _chosen_series(known: Roll, moment: Moment, wanted: Wanted) -> Column | None:
    """Ids of the series that could matter; None for all."""
    scenario = np.isin(known.series_scenario, (0, moment.scenario_id))
    if wanted.assets is None and wanted.properties is None and scenario.all():
        return None
    chosen = scenario
    if wanted.assets is not None:
        named = [known.place[name] for name in wanted.assets if name in known.place]
        chosen = chosen & np.isin(known.series_asset, named)
    if wanted.properties is not None:
        properties = set(wanted.properties)
        chosen = chosen & np.array([s.property in properties for s in known.by_id], bool)
    ids: Column = known.series_id[chosen]
    return ids


def _values(pg: Pg, moment: Moment, asof: AsOf, known: Roll, chosen: Column | None) -> Values:
    assert isinstance(moment.valid_at, datetime)
    if asof.valid_at is None and asof.known_at is None:
        now = values.latest(pg, moment.valid_at, chosen)
        if now is not None:
            return now
    return values.values(pg, moment.valid_at, moment.known_at, chosen)


def _in_plan(
    known: Roll, found: Values, moment: Moment, chosen: Column | None
) -> tuple[Values, Column]:
    """Values of series that are, main's only where the scenario has none of its own."""
    places = known.places_of(found.series)
    keep = places >= 0
    if chosen is not None:
        keep &= np.isin(found.series, chosen)
    found, places = found.rows(keep), places[keep]
    if not moment.scenario_id:
        return found, places
    own = {
        (s.asset, s.property)
        for s in map(known.by_id.__getitem__, places.tolist())
        if s.scenario == moment.scenario_id
    }
    if not own:
        return found, places
    stays = np.array(
        [
            s.scenario != 0 or (s.asset, s.property) not in own
            for s in map(known.by_id.__getitem__, places.tolist())
        ],
        bool,
    )
    return found.rows(stays), places[stays]


def _words(pg: Pg, found: Values, places: Column, known: Roll) -> dict[int, str]:
    """The words among the values, by their ids."""
    kinds = known.series_kind[places]
    ids = np.unique(found.x[kinds == Kind.category]).astype(np.int64)
    if not len(ids):
        return {}
    rows = pg.execute("SELECT id, name FROM city.category WHERE id = ANY(%s)", [ids.tolist()])
    return dict(rows.fetchall())


def _moving(known: Roll, found: Values, places: Column) -> dict[int, tuple[float, float]]:
    """Where moving assets are: longitude and latitude by place in the roll."""
    at = np.flatnonzero(known.series_kind[places] == Kind.position)
    where = known.series_asset[places[at]].tolist()
    return dict(
        zip(where, zip(found.x[at].tolist(), found.y[at].tolist(), strict=True), strict=True)
    )


def _cursor(pg: Pg, asof: AsOf) -> int:
    """The last change that the answer knows of."""
    if asof.known_at is None:
        return changes.latest(pg)
    row = pg.execute(
        "SELECT greatest((SELECT max(cursor) FROM city.batch WHERE recorded <= %(known)s),"
        " (SELECT max(cursor) FROM city.change WHERE at <= %(known)s), 0)",
        {"known": asof.known_at},
    ).fetchone()
    return int(row[0]) if row else 0
