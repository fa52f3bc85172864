"""Data queries over the twin: the readings of assets at, near and within places."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely
from psycopg import sql

from ogc_api import context
from ogc_api.edr.source import Asked, EdrSource
from ogc_api.params import limit_of
from ogc_api.rasters import covjson
from ogc_api.rasters.covjson import Node
from spatial import catalogue, crs
from spatial.asof import Interval
from spatial.box import parse_box
from spatial.database import Pg
from spatial.errors import Invalid, NotFound, TooLarge
from spatial.layer import Layer
from spatial.moment import Moment, resolve
from spatial.query import Reading, snapshot, stepped_down
from twin_model import roll, series, state
from twin_model.kinds import Kind
from twin_model.measured import measured
from twin_model.packed import moment
from twin_model.presence import Wanted
from twin_model.roll import Series

MOST_POINTS, MOST_SERIES = 100, 2000
DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000
_SPAN, _PIECE, _LONGEST = timedelta(days=1), timedelta(days=1), timedelta(days=3660)
type Place = tuple[str, float, float]


class SeriesSource:
    """A layer of assets as a source of environmental data.

    Without a datetime it answers the last day; at an instant, what held then.
    """

    def __init__(self, layer: Layer, measured: Mapping[str, str]) -> None:
        self._layer, self._measured = layer, measured

    def parameters(self, asked: Asked) -> Node:
        unknown = [name for name in asked.names if name not in self._measured]
        if unknown:
            known = ", ".join(self._measured)
            raise Invalid(f"there is no parameter '{unknown[0]}': {known} are")
        chosen = asked.names or tuple(self._measured)
        return covjson.parameters((name, name, self._measured[name]) for name in chosen)

    def position(self, asked: Asked) -> list[Node]:
        """Of the asset nearest to each point."""
        points = shapely.get_parts(asked.in_crs(self._layer.srid))
        if len(points) > MOST_POINTS:
            raise TooLarge(f"ask for at most {MOST_POINTS} points at once")
        found = []
        with snapshot(context.database.get()) as pg:
            for point in points:
                away = sql.SQL("geom <-> {}").format(self._shape(point))
                found += self._places(pg, self._view(pg), away, 1)[:1]
        return self._coverages(dict.fromkeys(found), asked)

    def area(self, asked: Asked, *, boxed: bool = False) -> list[Node]:
        """Of the assets in it."""
        shape = asked.in_crs(self._layer.srid)
        if not np.isfinite(shape.bounds).all():
            raise NotFound("no asset is there")
        inside = sql.SQL("ST_Intersects(geom, {})").format(self._shape(shape))
        with snapshot(context.database.get()) as pg:
            view = self._view(pg).touching(shape.bounds).where(inside)
            found = self._places(pg, view, sql.SQL("fid"), MOST_SERIES + 1)
        return self._coverages(dict.fromkeys(found), asked)

    def trajectory(self, asked: Asked) -> list[Node]:
        raise Invalid("assets stand where they stand: ask for a position or an area")

    def locations(self, words: Mapping[str, str]) -> Node:
        """The assets."""
        limit = limit_of(words.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)
        with snapshot(context.database.get()) as pg:
            view = self._view(pg)
            if words.get("bbox"):
                view = view.within(*parse_box(words["bbox"], words.get("crs")))
            places = self._places(pg, view, sql.SQL("fid"), limit)
        found = [
            {
                "type": "Feature",
                "id": name,
                "geometry": {"type": "Point", "coordinates": [x, y]},
                "properties": {"name": name, "layer": self._layer.name},
            }
            for name, x, y in places
        ]
        return {"type": "FeatureCollection", "features": found, "numberReturned": len(found)}

    def location(self, name: str, asked: Asked) -> list[Node]:
        with snapshot(context.database.get()) as pg:
            known = roll.roll(pg)
            place = known.place.get(name)
            if place is None or known.layer_id[place] != self._layer.id:
                raise NotFound(f"there is no location '{name}': /locations lists them")
            one = sql.SQL("fid = {}").format(int(known.fid[place]))
            found = self._places(pg, self._view(pg).where(one), sql.SQL("fid"), 1)
        if not found:
            raise NotFound(f"there is no location '{name}': /locations lists them")
        return self._coverages(dict.fromkeys(found), asked)

    def _view(self, pg: Pg) -> Reading:
        """The layer when it is asked about; of an interval, at its end."""
        now = resolve(pg, context.asof.get())
        if isinstance(now.valid_at, Interval):
            at = (
                now.valid_at.end or resolve(pg, replace(context.asof.get(), valid_at=None)).valid_at
            )
            now = replace(now, valid_at=at)
        return Reading(self._layer, now, context.grant.get())

    def _places(self, pg: Pg, view: Reading, order: sql.Composable, limit: int) -> list[Place]:
        """Assets of the layer with a place of each in degrees, the first by an order."""
        known = roll.roll(pg)
        mine = np.flatnonzero(known.layer_id == self._layer.id)
        name_of = dict(zip(known.fid[mine].tolist(), mine.tolist(), strict=True))
        chosen = view.where(sql.SQL("fid = ANY({}::int8[])").format(list(name_of)))
        point = sql.SQL(
            "fid, ST_AsGeoJSON(ST_Transform(ST_PointOnSurface(geom), {})), {} AS rank"
        ).format(crs.WGS84, order)
        with stepped_down(pg, context.grant.get()):
            rows = pg.execute(chosen.select(point, order=order, limit=limit)).fetchall()
        rows.sort(key=lambda row: row[2])
        return [
            (known.names[name_of[fid]], *json.loads(text)["coordinates"][:2])
            for fid, text, _ in rows[:limit]
        ]

    def _shape(self, shape: Any) -> sql.Composed:
        return sql.SQL("ST_GeomFromWKB({}, {})").format(shapely.to_wkb(shape), self._layer.srid)

    def _coverages(self, places: Mapping[Place, None], asked: Asked) -> list[Node]:
        said = self.parameters(asked)
        if len(places) * len(said) > MOST_SERIES:
            raise TooLarge(f"more than {MOST_SERIES:,} series: ask for a smaller area")
        names = tuple(name for name, _, _ in places)
        if isinstance(asked.asof.valid_at, datetime):
            read = self._state(names, asked, tuple(said))
        else:
            read = self._readings(names, asked, tuple(said))
        found = []
        for name, x, y in places:
            if name in read:
                times, values = read[name]
                coverage = covjson.point_series(x, y, crs.WGS84, times, values, said)
                found.append(coverage | {"id": name})
        if not found:
            raise NotFound("no reading is there at that time")
        return found

    def _state(self, names: tuple[str, ...], asked: Asked, properties: tuple[str, ...]) -> Any:
        """What held at an instant, at the times when it was read."""
        of = state.state(
            context.database.get(), asked.asof, context.grant.get(), Wanted(None, names, properties)
        )
        return _tables(of.series(), of.values.at, of.values.x, of.roll.names, properties)

    def _readings(self, names: tuple[str, ...], asked: Asked, properties: tuple[str, ...]) -> Any:
        with snapshot(context.database.get()) as pg:
            now = resolve(pg, replace(asked.asof, valid_at=None))
            assert isinstance(now.valid_at, datetime)
            span = _span(asked.asof.valid_at, now.valid_at)
            at = Moment(span, now.known_at, now.scenario, now.scenario_id, now.base_known_at)
            found = series.find(pg, context.grant.get(), at, names, properties)
            pieces, count = [], 0
            for piece in _pieces(span):
                read = series.read(pg, [one.id for one in found], piece, now.known_at)
                pieces.append(read)
                count += len(read.at)
                if count > asked.most:
                    raise TooLarge(
                        f"more than {asked.most:,} readings: ask for a shorter datetime,"
                        " fewer places or one parameter"
                    )
            known = roll.roll(pg).names
        by_id = {one.id: one for one in found}
        every = np.concatenate([piece.series for piece in pieces]).tolist()
        return _tables(
            (by_id[one] for one in every),
            np.concatenate([piece.at for piece in pieces]),
            np.concatenate([piece.x for piece in pieces]),
            known,
            properties,
        )


def _tables(
    of: Any, at: Any, x: Any, names: list[str], properties: tuple[str, ...]
) -> dict[str, tuple[list[datetime], Any]]:
    """Per asset its times, and the values (time, property); a plan's own go before main's."""
    rows: dict[str, dict[int, dict[str, float]]] = {}
    kept = [(one, t, v) for one, t, v in zip(of, at.tolist(), x.tolist(), strict=True)]
    one: Series
    for one, us, value in sorted(kept, key=lambda row: row[0].scenario):
        if one.kind is Kind.number and one.property in properties:
            rows.setdefault(names[one.asset], {}).setdefault(us, {})[one.property] = value
    found = {}
    for name, by_time in rows.items():
        times = sorted(by_time)
        table = [[by_time[us].get(prop, np.nan) for prop in properties] for us in times]
        found[name] = ([moment(us) for us in times], np.array(table))
    return found


def _span(when: Any, now: datetime) -> Interval:
    if not isinstance(when, Interval):
        return Interval(now - _SPAN, now)
    end = when.end or now
    start = when.start or end - _SPAN
    if start > end:
        raise Invalid("the interval ends before it starts")
    if end - start > _LONGEST:
        raise TooLarge("a datetime goes over ten years at most")
    return Interval(start, end)


def _pieces(span: Interval) -> Iterator[Interval]:
    """The span day by day, so that too much is known before all of it is read."""
    assert span.start is not None
    assert span.end is not None
    start = span.start
    while start <= span.end:
        end = min(start + _PIECE, span.end + timedelta(microseconds=1))
        yield Interval(start, end - timedelta(microseconds=1))
        start = end


def find(name: str) -> EdrSource | None:
    """The layer of assets of that name, if the request's grant may see it."""
    with snapshot(context.database.get()) as pg:
        try:
            layer = catalogue.find_visible(pg, name, context.grant.get())
        except NotFound:
            return None
        known = measured(pg).get(layer.id)
    return SeriesSource(layer, known) if known else None
