"""A recorded day goes through the ingest door again, at any pace."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from citytwin.door import Door
from spatial.asof import AsOf, Interval
from spatial.database import Database
from spatial.errors import Invalid
from spatial.grant import OWNER
from spatial.moment import resolve
from spatial.query import snapshot
from twin_model import packed, series
from twin_model.kinds import Kind
from twin_model.packed import Column
from twin_model.readings import Readings
from twin_model.roll import roll

MOST_ROWS = 5_000
PACE_S = 0.5


@dataclass(frozen=True, slots=True)
class Recorded:
    """Readings in the order of their moments; at: int64 microseconds since 1970."""

    at: Column
    rows: Sequence[dict[str, Any]]


def of_readings(found: Readings) -> Recorded:
    """What a file holds, but for what cannot be taken."""
    order = [n for n in np.argsort(found.at, kind="stable").tolist() if n not in found.refused]
    rows = [_row(found, n) for n in order]
    return Recorded(found.at[order], rows)


def _row(found: Readings, n: int) -> dict[str, Any]:
    row = {"asset": found.asset[n].as_py(), "property": found.property[n].as_py()}
    word = found.words[n].as_py() if found.words is not None else None
    row["value"] = _value(Kind(int(found.kind[n])), float(found.x[n]), float(found.y[n]), word)
    if found.unit is not None and (unit := found.unit[n].as_py()):
        row["unit"] = unit
    return row


def _value(kind: Kind, x: float, y: float, word: str | None) -> Any:
    return word if kind is Kind.category else [x, y] if kind is Kind.position else x


def of_city(database: Database, span: Interval) -> Recorded:
    """What the city itself read over a span, on the main line."""
    with snapshot(database) as pg:
        now, known = resolve(pg, AsOf()), roll(pg)
        by_id = {one.id: one for one in series.find(pg, OWNER, now) if one.scenario == 0}
        found = series.read(pg, list(by_id), span, now.known_at)
        words = series.words(pg, list(by_id.values()), found.series, found.x)
    order = np.argsort(found.at, kind="stable")
    rows = []
    for n in order.tolist():
        one, x = by_id[int(found.series[n])], float(found.x[n])
        word = words[int(x)] if one.kind is Kind.category else None
        value = _value(one.kind, x, float(found.y[n]), word)
        rows.append({"asset": known.names[one.asset], "property": one.property, "value": value})
    return Recorded(found.at[order], rows)


def replay(door: Door, of: Recorded, *, speed: float = 1.0, now: bool = False) -> int:
    """Send readings as fast as they were taken, or `speed` times that; how many were new.

    now: as if they were taken now, not at their own times.
    """
    if speed <= 0:
        raise Invalid("the speed is more than nothing")
    began, start = time.monotonic(), packed.micros(datetime.now(UTC))
    new = 0
    for first, end in _parts(of, speed):
        due = (int(of.at[end - 1]) - int(of.at[0])) / 1e6 / speed
        if door.stop.wait(max(0.0, began + due - time.monotonic())):
            break
        at = of.at[first:end]
        if now:
            at = start + ((at - of.at[0]) / speed).astype(np.int64)
        rows = [
            row | {"at": packed.moment(us).isoformat()}
            for row, us in zip(of.rows[first:end], at.tolist(), strict=True)
        ]
        new += door.put(rows).get("accepted", 0)
    return new


def _parts(of: Recorded, speed: float) -> Iterator[tuple[int, int]]:
    """Stretches of half a second of the replay, and of so many rows at most."""
    first = 0
    while first < len(of.at):
        until = of.at[first] + int(PACE_S * speed * 1e6)
        end = int(np.searchsorted(of.at, until, side="right"))
        end = min(max(end, first + 1), first + MOST_ROWS)
        yield first, end
        first = end
