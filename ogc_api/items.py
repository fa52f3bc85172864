"""Features of a layer as GeoJSON, made in PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from spatial import crs, history
from spatial.asof import AsOf, Interval
from spatial.database import Database
from spatial.errors import Gone, Invalid, NotFound
from spatial.filter.equal import equal
from spatial.filter.filter import Filter
from spatial.grant import Grant
from spatial.layer import Box
from spatial.query import Reading, reading

type Feature = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some features, how many there are, and where the next page starts."""

    features: list[Feature]
    matched: int
    after: str | None
    asof: AsOf
    edition: tuple[object, ...]

    def collection(self) -> dict[str, Any]:
        """The page as a GeoJSON FeatureCollection that names its AsOf."""
        return {
            "type": "FeatureCollection",
            "features": self.features,
            "numberMatched": self.matched,
            "numberReturned": len(self.features),
            "asOf": self.asof.params(),
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which features, and what of them.

    equal: attribute values that must match; after: the key of the last feature of the page
    before; order: attributes, a minus before one turns it round; crs: the URI of one on offer.
    """

    limit: int = 10
    offset: int = 0
    after: str | None = None
    box: tuple[Box, int] | None = None
    equal: Mapping[str, str] | None = None
    filter: Filter | None = None
    columns: Sequence[str] | None = None
    order: Sequence[str] = ()
    geometry: bool = True
    crs: str = crs.CRS84_URI


def page(database: Database, name: str, asof: AsOf, grant: Grant, wanted: Wanted) -> Page:
    """A page of features, and how many match in all."""
    with reading(database, name, asof, grant) as (pg, view):
        view = narrowed(view, wanted)
        matched = _count(pg, view)
        rows = pg.execute(select(view, wanted)).fetchall()
    features = [json.loads(row[2]) for row in rows]
    last = f"{rows[-1][0]}.{rows[-1][1]}" if rows and not wanted.order else None
    more = last if rows and len(rows) == wanted.limit else None
    return Page(features, matched, more, view.moment.cite(), view.edition)


@dataclass(frozen=True, slots=True)
class One:
    """One feature, its version, and the states that it goes through, by the same books."""

    feature: Feature
    version: int
    life: Sequence[history.State]
    asof: AsOf


def feature(
    database: Database, name: str, fid: str, asof: AsOf, grant: Grant, wanted: Wanted
) -> One:
    """One feature at a moment, or in the state that its id names.

    Raises NotFound where it never was, Gone where it is not there at that moment.
    """
    number, version = identity(name, fid)
    with reading(database, name, asof, grant) as (pg, view):
        one = view.where(sql.SQL("fid = {}").format(number))
        ever = replace(one, moment=replace(view.moment, valid_at=Interval()))
        if version is not None:
            one = ever.where(sql.SQL("version = {}").format(version))
        row = pg.execute(select(one, wanted)).fetchone()
        if row is None:
            known = pg.execute(ever.count()).fetchone()
            if known and known[0]:
                raise Gone(f"feature {fid} of '{name}' is not there at that moment")
            raise NotFound(f"there is no feature {fid} in '{name}'")
        life = history.life(pg, ever)
    return One(json.loads(row[2]), row[1], life, view.moment.cite())


def identity(name: str, fid: str) -> tuple[int, int | None]:
    """The fid that a path names, and the version of a state: `7`, or `7.12` as intervals answer.

    Raises NotFound for what is neither.
    """
    parts = fid.split(".")
    if len(parts) > 2 or not all(part.isdecimal() and len(part) <= 18 for part in parts):
        raise NotFound(f"there is no feature '{fid}' in '{name}'")
    return int(parts[0]), int(parts[1]) if len(parts) == 2 else None


def narrowed(view: Reading, wanted: Wanted) -> Reading:
    """The reading of the features that are wanted."""
    if wanted.box is not None:
        view = view.within(*wanted.box)
        if view.layer.shape != "Point":
            view = view.where(_meets(*wanted.box, view.layer.srid))
    if wanted.equal:
        view = view.filtered(equal(view.layer, wanted.equal))
    if wanted.filter is not None:
        view = view.filtered(wanted.filter.on(view.layer))
    return view


def _meets(box: Box, srid: int, target: int) -> sql.Composed:
    """The geometry itself meets the box, its sides followed across the two CRSs."""
    shape: sql.Composable = sql.SQL("ST_MakeEnvelope({}, {})").format(
        sql.SQL(", ").join(map(sql.Literal, box)), srid
    )
    if srid != target:
        side = max(box[2] - box[0], box[3] - box[1]) / 16
        if side > 0:
            shape = sql.SQL("ST_Segmentize({}, {})").format(shape, side)
        shape = sql.SQL("ST_Transform({}, {})").format(shape, target)
    return sql.SQL("ST_Intersects(geom, {})").format(shape)


def _count(pg: psycopg.Connection[Any], view: Reading) -> int:
    if view.counted:
        return view.layer.current
    row = pg.execute(view.count()).fetchone()
    return int(row[0]) if row else 0


def select(view: Reading, wanted: Wanted) -> sql.Composed:
    """The statement of a page: fid, version and the GeoJSON feature as text."""
    columns = sql.SQL("fid, version, {} AS feature").format(as_geojson(view, wanted))
    if not wanted.order and not wanted.offset:
        return view.page(columns, after=_key(wanted.after), limit=wanted.limit)
    known = view.layer.column_names
    order: list[sql.Composable] = []
    for key in wanted.order:
        name = key.lstrip("+-")
        if name not in known:
            raise Invalid(f"'{view.layer.name}' cannot be sorted by '{name}'")
        order.append(
            sql.SQL("{} {}").format(
                sql.Identifier(name), sql.SQL("DESC" if key.startswith("-") else "ASC")
            )
        )
    order += [sql.SQL("fid"), sql.SQL("version")]
    reach = wanted.limit + wanted.offset
    keys = sql.SQL("").join(
        sql.SQL(", {}").format(sql.Identifier(key.lstrip("+-"))) for key in wanted.order
    )
    inner = view.select(
        sql.SQL("{}{}").format(columns, keys), order=sql.SQL(", ").join(order), limit=reach
    )
    return sql.SQL(
        "SELECT fid, version, feature FROM ({}) page ORDER BY {} LIMIT {} OFFSET {}"
    ).format(inner, sql.SQL(", ").join(order), wanted.limit, wanted.offset)


def _key(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    fid, _, version = after.partition(".")
    if not fid.isdecimal() or (version and not version.isdecimal()) or len(after) > 38:
        raise Invalid("'after' is the key that a next link gave: follow the link as it stands")
    return int(fid), int(version or 0)


def as_geojson(view: Reading, wanted: Wanted) -> sql.Composed:
    """The expression that makes one GeoJSON feature as text."""
    several = isinstance(view.moment.valid_at, Interval)
    chosen = view.layer.column_names if wanted.columns is None else tuple(wanted.columns)
    unknown = set(chosen) - set(view.layer.column_names)
    if unknown:
        raise Invalid(f"'{view.layer.name}' has no attribute '{', '.join(sorted(unknown))}'")
    properties: sql.Composable = sql.SQL("'{}'::json")
    if chosen:
        properties = sql.SQL("(SELECT row_to_json(p) FROM (SELECT {}) p)").format(
            sql.SQL(", ").join(map(sql.Identifier, chosen))
        )
    return sql.SQL(
        "json_build_object('type', 'Feature', 'id', {identity}, 'geometry', {geometry},"
        " 'properties', {properties}, 'time', json_build_object('interval', json_build_array("
        "coalesce({start}, '..'), coalesce({end}, '..'))))::text"
    ).format(
        identity=sql.SQL("fid || '.' || version" if several else "fid"),
        geometry=_geometry(view.layer.srid, wanted),
        properties=properties,
        start=_instant("lower(valid)"),
        end=_instant("upper(valid)"),
    )


def _instant(expression: str) -> sql.Composable:
    text: Any = f'to_char({expression}, \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')'
    return sql.SQL(text)


def _geometry(stored: int, wanted: Wanted) -> sql.Composable:
    if not wanted.geometry:
        return sql.SQL("NULL::json")
    if wanted.crs not in crs.offered(stored):
        raise Invalid(f"'{wanted.crs}' is not on offer here: {', '.join(crs.offered(stored))}")
    target = crs.srid(wanted.crs)
    shape: sql.Composable = sql.SQL("geom")
    if stored != target:
        shape = sql.SQL("ST_Transform(geom, {})").format(target)
    if wanted.crs != crs.CRS84_URI and crs.northing_first(target):
        shape = sql.SQL("ST_FlipCoordinates({})").format(shape)
    digits = 9 if crs.parse(target).is_geographic else 4
    return sql.SQL("ST_AsGeoJSON({}, {}, 0)::json").format(shape, digits)
