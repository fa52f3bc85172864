"""Measures of indicators: each over areas and windows of time, as (areas, windows) numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import shapely
from psycopg import sql

from spatial import catalogue
from spatial.asof import AsOf
from spatial.crs import WGS84
from spatial.database import Database, Pg
from spatial.errors import NotFound
from spatial.filter.filter import Filter
from spatial.grant import Grant, row_rule
from spatial.moment import Moment
from spatial.query import Reading, stepped_down
from twin_model import packed
from twin_model.alerts import listing
from twin_model.alerts.rule import Level
from twin_model.cases.register import NAME
from twin_model.indicators.areas import Areas
from twin_model.indicators.model import (
    COUNTS,
    AlertMeasure,
    CaseMeasure,
    LayerMeasure,
    Measure,
    SeriesMeasure,
    Statistic,
)
from twin_model.packed import Column
from twin_model.presence import Wanted
from twin_model.state import state

# by which time cases are counted, under which condition: what of them
_CASES: dict[str, tuple[str, dict[str, str]]] = {
    "due_at": (
        "stage <> 'cancelled' AND due_at < {known}",
        {
            "due": "count(*)",
            "in_time": "count(*) FILTER (WHERE closed_at <= due_at)",
            "closed_of_due": "count(*) FILTER (WHERE closed_at <= {known})",
            "postponed": "count(*) FILTER (WHERE postpones > 0)",
        },
    ),
    "reported_at": ("TRUE", {"reported": "count(*)"}),
    "filed_at": ("TRUE", {"filed": "count(*)"}),
    "closed_at": (
        "TRUE",
        {
            "closed": "count(*)",
            "returned": "count(*) FILTER (WHERE returns > 0)",
            "marks": "coalesce(sum(mark), 0)",
            "marked": "count(mark)",
        },
    ),
}
_STATISTICS = {"count": "count(r.p)", "sum": "sum(r.v)", "mean": "avg(r.v)", "min": "min(r.v)",
               "max": "max(r.v)"}  # fmt: skip
_SIZES = {"area_m2": "ST_Area", "length_m": "ST_Length"}


@dataclass
class Measuring:
    """Measures over `areas` and windows between `edges`, ascending, the last one the moment's."""

    database: Database
    pg: Pg
    grant: Grant
    moment: Moment
    areas: Areas
    _counted: dict[Any, Column] = field(default_factory=dict)

    def __call__(self, measure: Measure, edges: Sequence[datetime]) -> Column:
        """(areas, windows) of a measure; NaN where there is none."""
        if isinstance(measure, CaseMeasure):
            return self._cases(measure, tuple(edges))
        one: Any = {
            LayerMeasure: self._layer, SeriesMeasure: self._series, AlertMeasure: self._alerts,
        }[type(measure)]  # fmt: skip
        return np.column_stack([one(measure, at) for at in edges[1:]])

    def _cases(self, measure: CaseMeasure, edges: tuple[datetime, ...]) -> Column:
        by = next(name for name, (_, of) in _CASES.items() if measure.count in of)
        key = by, edges, measure.category, measure.source, measure.department
        if key not in self._counted:
            self._counted[key] = self._count(measure, by, edges)
        return self._counted[key][:, :, COUNTS.index(measure.count)]

    def _count(self, measure: CaseMeasure, by: str, edges: tuple[datetime, ...]) -> Column:
        """(areas, windows, counts) of cases by one of their times, in one query."""
        condition, counts = _CASES[by]
        known = self.moment.known_at
        length = self.areas.length
        group = sql.SQL("NULL") if length is None else sql.SQL("left(area, {})").format(length)
        exact = {"source": measure.source, "department": measure.department}
        wanted = [
            sql.SQL("{} = {}").format(sql.Identifier(name), value)
            for name, value in exact.items()
            if value is not None
        ]
        if measure.category:
            wanted.append(sql.SQL("starts_with(category, {})").format(measure.category))
        rows = self.pg.execute(
            sql.SQL(
                "SELECT width_bucket({by}, {edges}::timestamptz[]), {group}, {counts}"
                " FROM city.case_record WHERE recorded @> {known}::timestamptz AND {rule}"
                " AND {by} >= {start} AND {by} < {end} AND {condition} {wanted} GROUP BY 1, 2"
            ).format(
                by=sql.Identifier(by), edges=sql.Literal(list(edges)), group=group,
                counts=sql.SQL(", ").join(
                    sql.SQL(text).format(known=known)
                    for text in counts.values()
                ),
                known=known, rule=row_rule(self.grant, NAME), start=edges[0], end=edges[-1],
                condition=sql.SQL(condition).format(known=known),
                wanted=sql.SQL("").join(sql.SQL(" AND {}").format(one) for one in wanted),
            )
        ).fetchall()  # fmt: skip
        found = np.zeros((len(self.areas), len(edges) - 1, len(COUNTS)))
        place = {code: n for n, code in enumerate(self.areas.codes)}
        slots = [COUNTS.index(name) for name in counts]
        for window, code, *numbers in rows:
            if code in place:
                found[place[code], window - 1, slots] += np.array(numbers, float)
        return found

    def _layer(self, measure: LayerMeasure, at: datetime) -> Column:
        layer = catalogue.find_visible(self.pg, measure.layer, self.grant)
        view = Reading(layer, replace(self.moment, valid_at=at), self.grant)
        if measure.filter:
            view = view.filtered(Filter(measure.filter).on(layer))
        value: sql.Composable = sql.SQL("NULL::float8")
        if measure.value in _SIZES:
            kind = "geography" if layer.srid == WGS84 else "geometry"
            value = sql.SQL("{}(geom::{})").format(sql.SQL(_SIZES[measure.value]), sql.SQL(kind))
        elif measure.value is not None:
            numbers = {one.name for one in layer.columns if one.type not in ("text", "boolean")}
            if measure.value not in numbers:
                raise NotFound(f"'{measure.layer}' has no column of numbers '{measure.value}'")
            value = sql.SQL("{}::float8").format(sql.Identifier(measure.value))
        inner = view.select(sql.SQL("ST_PointOnSurface(geom) AS p, {} AS v").format(value))
        shapes = [
            None if one is None else shapely.to_wkb(one, hex=True) for one in self.areas.shapes
        ]
        with stepped_down(self.pg, self.grant):
            rows = self.pg.execute(
                sql.SQL(
                    "SELECT a.n, {} FROM (SELECT n, CASE WHEN w IS NOT NULL THEN"
                    " ST_Transform(ST_GeomFromWKB(decode(w, 'hex'), 4326), {}) END AS geom"
                    " FROM unnest({}::text[]) WITH ORDINALITY u(w, n)) a"
                    " LEFT JOIN ({}) r ON a.geom IS NULL OR ST_Intersects(a.geom, r.p) GROUP BY 1"
                ).format(
                    sql.SQL(_STATISTICS[measure.statistic]), layer.srid, sql.Literal(shapes), inner
                )
            ).fetchall()
        found = np.full(len(self.areas), np.nan)
        for n, number in rows:
            found[n - 1] = np.nan if number is None else float(number)
        return found

    def _series(self, measure: SeriesMeasure, at: datetime) -> Column:
        asof = AsOf(at, self.moment.known_at)
        wanted = Wanted(properties=(measure.property,))
        held = state(self.database, asof, self.grant, wanted, shapes=self.areas.length is not None)
        fresh = held.values.at >= packed.micros(at) - measure.fresh_s * 1e6
        asset = held.roll.series_asset[held.places]
        area = np.zeros(len(asset), np.int64)
        if measure.layer is not None:
            layer = catalogue.find_visible(self.pg, measure.layer, self.grant)
            fresh &= held.roll.layer_id[asset] == layer.id
        if held.shapes is not None:
            where = np.full(len(held.roll.names), -1)
            where[held.assets] = self.areas.of_points(_middles(held.shapes))
            area = where[asset]
        keep = fresh & (area >= 0) & np.isfinite(held.values.x)
        return _gathered(measure.statistic, area[keep], held.values.x[keep], len(self.areas))

    def _alerts(self, measure: AlertMeasure, at: datetime) -> Column:
        when = replace(self.moment, valid_at=at)
        found = listing.alerts(self.pg, self.grant, when, least=Level[measure.least])
        mine = [
            one["place"]
            for one in found
            if measure.rule in (None, one["rule"])
            and Level[one["level"]] >= Level[measure.least]
            and (one["place"] or self.areas.length is None)
        ]
        places = np.array([place or (np.nan, np.nan) for place in mine], float).reshape(-1, 2)
        area = self.areas.of_points(places)
        return np.bincount(area[area >= 0], minlength=len(self.areas)).astype(float)


def _middles(shapes: Sequence[str | None]) -> Column:
    """(n, 2) a place of each GeoJSON; NaN where there is none."""
    parsed = [shape and shapely.geometry.shape(orjson.loads(shape)) for shape in shapes]
    points = shapely.point_on_surface(np.array(parsed, object))
    found: Column = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    return found


def _gathered(statistic: Statistic, group: Column, value: Column, count: int) -> Column:
    size = np.bincount(group, minlength=count).astype(float)
    if statistic == "count":
        return size
    found = np.full(count, np.nan)
    if statistic in ("min", "max"):
        ufunc = np.fmin if statistic == "min" else np.fmax
        ufunc.at(found, group, value)
        return found
    total = np.bincount(group, value, count)
    some = size > 0
    found[some] = total[some] / (size[some] if statistic == "mean" else 1)
    return found
