"""What happened after a cursor, in the order of commits: changes of layers and new readings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from spatial.database import Pg
from twin_model import series
from twin_model.delta import recorded_between
from twin_model.kinds import Kind
from twin_model.roll import Roll, roll
from twin_model.values import Values

MOST_READINGS = 100_000
MOST_ROWS = 5_000
_LOG = """
SELECT cursor, at, layer_id, scenario, cells, 0, NULL::text, NULL::jsonb FROM city.change
WHERE cursor > %(after)s
UNION ALL
SELECT cursor, recorded, NULL, scenario, NULL, accepted, NULL, NULL FROM city.batch
WHERE cursor > %(after)s
UNION ALL
SELECT cursor, at, NULL, 0, NULL, 0, kind, items FROM city.notice WHERE cursor > %(after)s
ORDER BY cursor LIMIT %(limit)s
"""

type Places = dict[int, list[tuple[float, float] | None]]


@dataclass(frozen=True, slots=True)
class Change:
    """A layer changed somewhere in these cells."""

    cursor: int
    at: datetime
    layer_id: int
    scenario: int
    cells: list[int]
    written: dict[str, bytes] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Delta:
    """Readings in the order in which they were recorded, of one or several batches.

    Applied row by row, where a row counts unless an older moment than is held, they give the
    later state. `been`: by position series of the assets in it, where each was before (None if
    that is not known) and since.
    """

    cursor: int
    at: datetime
    edition: int
    values: Values
    words: Mapping[int, str]
    been: Places
    written: dict[str, bytes] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something changed in operations; items as `notices.tell` has them."""

    cursor: int
    at: datetime
    kind: str
    items: list[dict[str, Any]]
    written: dict[str, bytes] = field(default_factory=dict, compare=False)


type Event = Change | Delta | Notice


def follow(event: Event, where: dict[int, tuple[float, float]]) -> None:
    """Tell an event where the assets in it were, and keep where they are now."""
    if isinstance(event, Delta):
        for series, been in event.been.items():
            been[0] = where.get(series)
            if been[-1] is not None:
                where[series] = been[-1]


def read(pg: Pg, after: int) -> list[Event] | None:
    """Everything committed after a cursor, as one snapshot sees it; None if that is too much."""
    rows = pg.execute(_LOG, {"after": after, "limit": MOST_ROWS + 1}).fetchall()
    if len(rows) > MOST_ROWS or sum(row[5] for row in rows) > MOST_READINGS:
        return None
    events: list[Event] = []
    batches: list[tuple[int, datetime]] = []
    for cursor, at, layer_id, scenario, cells, _, kind, items in rows:
        if layer_id is None and kind is None:
            batches.append((cursor, at))
            continue
        events += _deltas(pg, batches)
        batches = []
        events.append(
            Change(cursor, at, layer_id, scenario, cells)
            if kind is None
            else Notice(cursor, at, kind, items)
        )
    return events + _deltas(pg, batches)


def _deltas(pg: Pg, batches: list[tuple[int, datetime]]) -> list[Event]:
    if not batches:
        return []
    (_, first), (cursor, last) = batches[0], batches[-1]
    found = recorded_between(pg, first - timedelta(microseconds=1), last)
    order = np.argsort(found.recorded, kind="stable")
    values = Values(
        found.series[order], found.at[order], found.x[order], found.y[order],
        found.quality[order],
    )  # fmt: skip
    known = roll(pg)
    return [
        Delta(cursor, last, known.edition, values, words(pg, known, values), _been(known, values))
    ]


def _been(known: Roll, values: Values) -> Places:
    """Where the assets in it were at first, which is not known, and since."""
    places = known.places_of(values.series)
    assets = known.series_asset[places[places >= 0]]
    moving = (known.series_kind == Kind.position) & np.isin(known.series_asset, assets)
    been: Places = {one: [None] for one in known.series_id[moving].tolist()}
    placed = np.flatnonzero(~np.isnan(values.y))
    for row in placed.tolist():
        one = int(values.series[row])
        if one in been:
            been[one].append((float(values.x[row]), float(values.y[row])))
    return been


def words(pg: Pg, known: Roll, values: Values) -> dict[int, str]:
    """The words among values, by the ids that stand for them."""
    places = known.places_of(values.series)
    of = [known.by_id[place] for place in np.unique(places[places >= 0]).tolist()]
    return series.words(pg, of, values.series, values.x)
