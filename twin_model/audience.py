"""Who listens: what of the city's events one grant and one filter let through."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np
import orjson

from spatial import catalogue, changes, history
from spatial.asof import MAIN, AsOf, format_instant
from spatial.database import Database, Pg
from spatial.grant import EVERYBODY, Access, Grant, Rows, rule, visible
from spatial.layer import Box, Layer
from spatial.moment import Moment, resolve
from spatial.query import Reading, snapshot
from twin_model import values as newest
from twin_model.events import Change, Event, Notice, Places, words
from twin_model.packed import Column
from twin_model.presence import Wanted, present
from twin_model.roll import Roll, roll
from twin_model.state_binary import encode
from twin_model.values import Values

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is listened for; None is all. box: west, south, east, north in degrees."""

    box: Box | None = None
    classes: tuple[str, ...] | None = None
    properties: tuple[str, ...] | None = None
    themes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is seen as of a cursor: assets and series by their places in the roll.

    fixed: assets whose feature is within the box.
    """

    cursor: int
    roll: Roll
    moment: Moment
    layers: dict[int, Layer]
    series: Column
    fixed: Column


class Audience:
    """All clients with one grant and one filter: events are written once for them.

    theme: tells a layer's theme.
    """

    def __init__(
        self, database: Database, grant: Grant, wanted: Filter, theme: Callable[[Layer], str]
    ) -> None:
        self._database = database
        self._grant = grant
        self._wanted = wanted
        self._theme = theme
        self._lock = Lock()
        self._sight: _Sight | None = None
        self.key = sha256(f"{grant.key} {wanted}".encode()).hexdigest()[:16]

    def told(self, event: Event) -> bytes:
        """The data of an event for this audience; empty where it is none of its business."""
        with self._lock:
            return self._encode(event)

    def written(self, event: Event, write: Callable[[Event, bytes], bytes]) -> bytes:
        """What `write` makes of an event and its data, once for all clients; empty as above."""
        if self.key not in event.written:
            told = self.told(event)
            event.written[self.key] = write(event, told) if told else b""
        return event.written[self.key]

    def _encode(self, event: Event) -> bytes:
        sight = self._sight
        stale = sight is None or (
            event.cursor > sight.cursor
            if isinstance(event, Change | Notice)
            else event.edition != sight.roll.edition  # numbers without an order
        )
        if sight is None or stale:
            with snapshot(self._database) as pg:
                sight = self._sight = self._look(pg)
        if isinstance(event, Change):
            return self._change(event, sight)
        if isinstance(event, Notice):
            return self._notice(event, sight)
        values = self._within(event.values, event.been, sight)
        if not len(values):
            return b""
        head = {"at": format_instant(event.at), "known_at": format_instant(event.at)}
        used = {str(id): word for id, word in event.words.items()}
        return encode(head | {"scenario": MAIN, "cursor": event.cursor, "words": used}, values)

    def keyframe(self) -> tuple[int, bytes]:
        """The cursor, and the body of all that is known to be seen at it."""
        with snapshot(self._database) as pg:
            sight = self._look(pg)
            # what is ahead of the clock too: no later event would bring it
            found = newest.latest(pg, _FOR_EVER)
            assert found is not None
            known = words(pg, sight.roll, found)
        with self._lock:
            self._sight = sight
        here: Places = {
            series: [(x, y)]
            for series, x, y in zip(
                found.series.tolist(), found.x.tolist(), found.y.tolist(), strict=True
            )
            if y == y
        }
        at = format_instant(sight.moment.known_at)
        head = {"at": at, "known_at": at, "scenario": MAIN, "cursor": sight.cursor}
        used = {str(id): word for id, word in known.items()}
        return sight.cursor, encode(head | {"words": used}, self._within(found, here, sight))

    def _look(self, pg: Pg) -> _Sight:
        wanted, known = self._wanted, roll(pg)
        moment = resolve(pg, AsOf())
        layers = [
            layer
            for layer in catalogue.layers(pg, self._grant)
            if wanted.themes is None or self._theme(layer) in wanted.themes
        ]
        there = Wanted(classes=wanted.classes)
        seen, _ = present(pg, layers, known, moment, self._grant, there, {}, False)
        fixed = seen
        if wanted.box is not None:
            there = Wanted(wanted.box, classes=wanted.classes)
            fixed, _ = present(pg, layers, known, moment, self._grant, there, {}, False)
        series = np.isin(known.series_asset, seen) & (known.series_scenario == 0)
        if wanted.properties is not None:
            named = [one.property in wanted.properties for one in known.by_id]
            series &= np.array(named, bool)
        return _Sight(
            changes.latest(pg), known, moment, {one.id: one for one in layers}, series,
            np.isin(np.arange(len(known.names)), fixed),
        )  # fmt: skip

    def _change(self, event: Change, sight: _Sight) -> bytes:
        layer = sight.layers.get(event.layer_id)
        if layer is None or event.scenario != 0 or self._wanted.properties or self._wanted.classes:
            return b""
        cells: list[int] | None = event.cells
        if rule(self._grant, layer) != EVERYBODY:
            # where else it changed is not for these eyes
            cells = None
            with snapshot(self._database) as pg:
                view = Reading(layer, resolve(pg, AsOf()), self._grant)
                if not history.changes(
                    pg, view, every_scenario=False, since=event.cursor - 1, until=event.cursor,
                    limit=1,
                ):  # fmt: skip
                    return b""
        told = {"cursor": event.cursor, "at": format_instant(event.at), "layer": layer.name}
        return orjson.dumps(told | {"cells": cells})

    def _notice(self, event: Notice, sight: _Sight) -> bytes:
        """What of a notice is for these eyes: by asset, or by the class and area of an item."""
        seen = set(sight.roll.asset_id[sight.fixed].tolist())
        items = [
            {name: value for name, value in one.items() if name != "asset"}
            for one in event.items
            if (one["asset"] in seen if "asset" in one else self._may(event.kind, one))
        ]
        if not items and event.items:
            return b""
        told = {"cursor": event.cursor, "at": format_instant(event.at), "kind": event.kind}
        return orjson.dumps(told | {"items": items})

    def _may(self, kind: str, item: dict[str, Any]) -> bool:
        rows = Rows(f"{kind}s", Access(item.get("access", "public")), item.get("area"))
        return visible(self._grant, rows)

    def _within(self, values: Values, been: Places, sight: _Sight) -> Values:
        places = sight.roll.places_of(values.series)
        keep = places >= 0
        keep[keep] = sight.series[places[keep]]
        if self._wanted.box is None or not keep.any():
            return values.rows(keep)
        west, south, east, north = self._wanted.box
        assets = sight.roll.series_asset[places]
        fixed = sight.fixed.copy()
        of_series = sight.roll.places_of(np.array(list(been), np.int64))
        for place, where in zip(of_series.tolist(), been.values(), strict=True):
            fixed[sight.roll.series_asset[place]] = any(
                one is None or (west <= one[0] <= east and south <= one[1] <= north)
                for one in where
            )
        return values.rows(keep & fixed[assets])
