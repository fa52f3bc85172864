"""Features of a layer as GeoJSON, made in PostgreSQL."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from spatial import crs, history
from spatial.asof import AsOf, Interval
from spatial.box import halves
from spatial.count import Count, count
from spatial.database import Database, Pg
from spatial.errors import Gone, Invalid, NotFound
from spatial.filter.equal import equal
from spatial.filter.filter import Filter
from spatial.grant import Grant
from spatial.layer import Box, Layer
from spatial.offset import key_at
from spatial.query import Reading, names, reading

type Feature = dict[str, Any]

BATCH = 1000
#: Seconds that counting may take beside a page, and alone.
PAGE_S, HITS_S = 0.25, 3.0


@dataclass(frozen=True, slots=True)
class Page:
    """Some features, and how many there are."""

    features: list[Feature]
    matched: Count
    asof: AsOf

    def collection(self) -> dict[str, Any]:
        """The page as a GeoJSON FeatureCollection that names its AsOf."""
        return {
            "type": "FeatureCollection",
            "features": self.features,
            "numberMatched": self.matched.number,
            "numberReturned": len(self.features),
            "asOf": self.asof.params(),
        }


@dataclass(frozen=True, slots=True)
class Texts:
    """Features as text, with fid and version: read while the transaction is open."""

    rows: Iterable[tuple[int, int, str]]
    matched: Count
    asof: AsOf
    edition: tuple[object, ...]
    layer: Layer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which features, and what of them.

    equal: attribute values that must match; after: the key of the last feature of the page
    before; order: attributes, a minus before one turns it round; crs: the URI of one on offer;
    fg: as JSON-FG, where another CRS goes into `place`, and both: into `geometry` too, in CRS84;
    unique_ids: states over an interval have ids of their own.
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
    fg: bool = False
    both: bool = False
    unique_ids: bool = True


def page(database: Database, name: str, asof: AsOf, grant: Grant, wanted: Wanted) -> Page:
    """A page of features, and how many match in all."""
    with texts(database, name, asof, grant, wanted) as found:
        rows = list(found.rows)
    features = [json.loads(row[2]) for row in rows]
    return Page(features, found.matched, found.asof)


@contextmanager
def texts(
    database: Database, name: str, asof: AsOf, grant: Grant, wanted: Wanted
) -> Iterator[Texts]:
    """A page as it comes from the database: large ones by a cursor there, with flat memory."""
    with reading(database, name, asof, grant) as (pg, view):
        view = narrowed(view, wanted)
        matched = counted(pg, view, wanted)
        large = wanted.limit > BATCH
        with pg.cursor("items") if large else pg.cursor() as cursor:
            cursor.execute(select(view, _skipped(pg, view, wanted)))
            yield Texts(cursor, matched, view.moment.cite(), view.edition, view.layer)


def _skipped(pg: Pg, view: Reading, wanted: Wanted) -> Wanted:
    """The same page by key instead of offset, where it is in the order of keys."""
    if wanted.order or not wanted.offset:
        return wanted
    key = key_at(pg, view, wanted.offset)
    if key is None:
        return replace(wanted, offset=0, limit=0)
    fid, version = key
    return replace(wanted, offset=0, after=f"{fid}.{version - 1}")


@dataclass(frozen=True, slots=True)
class One:
    """One feature, its version, and the states that it goes through, by the same books."""

    feature: Feature
    version: int
    life: Sequence[history.State]
    asof: AsOf
    layer: Layer


class Ended(Gone):
    """A feature that is not there at that moment, but in the states of `life`."""

    def __init__(self, message: str, life: Sequence[history.State]) -> None:
        super().__init__(message)
        self.life = life


def feature(
    database: Database, name: str, fid: str, asof: AsOf, grant: Grant, wanted: Wanted
) -> One:
    """One feature at a moment, or in the state that its id names.

    Raises NotFound where it never was, Ended where it is not there at that moment.
    """
    number, version = identity(name, fid)
    with reading(database, name, asof, grant) as (pg, view):
        one = view.where(sql.SQL("fid = {}").format(number))
        ever = replace(one, moment=replace(view.moment, valid_at=Interval()))
        if version is not None:
            one = ever.where(sql.SQL("version = {}").format(version))
        row = pg.execute(select(one, wanted)).fetchone()
        life = history.life(pg, ever)
        if row is None and life:
            raise Ended(f"feature {fid} of '{name}' is not there at that moment", life)
        if row is None:
            raise NotFound(f"there is no feature {fid} in '{name}'")
    return One(json.loads(row[2]), row[1], life, view.moment.cite(), view.layer)


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
        box, srid = wanted.box
        view = view.meeting(halves(box), srid)
    if wanted.equal:
        view = view.filtered(equal(view.layer, wanted.equal))
    if wanted.filter is not None:
        view = view.filtered(wanted.filter.on(view.layer))
    return view


def counted(pg: Pg, view: Reading, wanted: Wanted) -> Count:
    """How many features match; whoever asks for the count alone gets more time spent on it."""
    if wanted.limit:
        return count(pg, view, patience_s=PAGE_S)
    return count(pg, view, patience_s=HITS_S, dear=float("inf"))


def select(view: Reading, wanted: Wanted) -> sql.Composed:
    """The statement of a page: fid, version and the GeoJSON feature as text."""
    return chosen(view, wanted, {"feature": as_geojson(view, wanted)})


def chosen(view: Reading, wanted: Wanted, columns: Mapping[str, sql.Composable]) -> sql.Composed:
    """The statement of a page: fid, version and these expressions by their names."""
    head = sql.SQL("").join(
        sql.SQL(", {} AS {}").format(made, sql.Identifier(name)) for name, made in columns.items()
    )
    if not wanted.order and not wanted.offset:
        return view.page(
            sql.SQL("fid, version{}").format(head), after=_key(wanted.after), limit=wanted.limit
        )
    known = view.layer.column_names
    keys: list[sql.Composable] = []
    order: list[sql.Composable] = []
    outer: list[sql.Composable] = []
    for place, key in enumerate(wanted.order):
        name = key.lstrip("+-")
        if name not in known:
            raise Invalid(f"'{view.layer.name}' cannot be sorted by '{name}'")
        # qualified, lest it mean what the statement makes of the column
        column = sql.SQL("{}.{}").format(view.layer.table, sql.Identifier(name))
        alias = sql.Identifier(f"order {place}")
        way = sql.SQL("DESC" if key.startswith("-") else "ASC")
        keys.append(sql.SQL(", {} AS {}").format(column, alias))
        order.append(sql.SQL("{} {}").format(column, way))
        outer.append(sql.SQL("{} {}").format(alias, way))
    own = [sql.SQL("fid"), sql.SQL("version")]
    inner = view.select(
        sql.SQL("fid, version{}{}").format(head, sql.SQL("").join(keys)),
        order=sql.SQL(", ").join([*order, *own]),
        limit=wanted.limit + wanted.offset,
    )
    return sql.SQL("SELECT {} FROM ({}) page ORDER BY {} LIMIT {} OFFSET {}").format(
        names(["fid", "version", *columns]),
        inner,
        sql.SQL(", ").join([*outer, *own]),
        wanted.limit,
        wanted.offset,
    )


def _key(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    fid, _, version = after.partition(".")
    if not fid.isdecimal() or (version and not version.isdecimal()) or len(after) > 38:
        raise Invalid("'after' is the key that a next link gave: follow the link as it stands")
    return int(fid), int(version or 0)


def attributes_of(view: Reading, wanted: Wanted) -> tuple[str, ...]:
    """The attributes that are wanted; raises Invalid for one that is none of the layer's."""
    known = view.layer.column_names
    attributes = known if wanted.columns is None else tuple(wanted.columns)
    unknown = set(attributes) - set(known)
    if unknown:
        raise Invalid(f"'{view.layer.name}' has no attribute '{', '.join(sorted(unknown))}'")
    return attributes


def as_geojson(view: Reading, wanted: Wanted) -> sql.Composed:
    """The expression that makes one GeoJSON feature as text.

    Joined as text: PostgreSQL's own objects would parse and print every geometry once more.
    """
    several = isinstance(view.moment.valid_at, Interval) and wanted.unique_ids
    attributes = attributes_of(view, wanted)
    properties: sql.Composable = sql.SQL("'{{}}'")
    if attributes:
        properties = sql.SQL("(SELECT row_to_json(p)::text FROM (SELECT {}) p)").format(
            names(attributes)
        )
    return sql.SQL(
        """'{{"type":"Feature","id":' || {identity} || {geometry} || ',"properties":'"""
        """ || {properties} || ',"time":{{"interval":["' || {start} || '","' || {end} || '"]}}}}'"""
    ).format(
        identity=sql.SQL("""'"' || fid || '.' || version || '"'""" if several else "fid"),
        geometry=_geometries(view.layer.srid, wanted),
        properties=properties,
        start=_instant("lower(valid)"),
        end=_instant("upper(valid)"),
    )


def _instant(expression: str) -> sql.Composable:
    text: Any = f"coalesce(to_char({expression}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '..')"
    return sql.SQL(text)


def _geometries(stored: int, wanted: Wanted) -> sql.Composable:
    """The members that hold the geometry: in JSON-FG another CRS than CRS84 goes into `place`."""
    shape = _geometry(stored, wanted)
    if not wanted.fg:
        return sql.SQL("""',"geometry":' || {}""").format(shape)
    both = sql.SQL("""',"geometry":' || {} || ',"place":' || {}""")
    none: sql.Composable = sql.SQL("'null'")
    if wanted.crs == crs.CRS84_URI:
        return both.format(shape, none)
    plain = _geometry(stored, replace(wanted, crs=crs.CRS84_URI)) if wanted.both else none
    return both.format(plain, shape)


def _geometry(stored: int, wanted: Wanted) -> sql.Composable:
    if not wanted.geometry:
        return sql.SQL("'null'")
    shape, target = shape_of(stored, wanted), crs.srid(wanted.crs)
    if wanted.crs != crs.CRS84_URI and crs.northing_first(target):
        shape = sql.SQL("ST_FlipCoordinates({})").format(shape)
    digits = 9 if crs.parse(target).is_geographic else 4
    return sql.SQL("coalesce(ST_AsGeoJSON({}, {}, 0), 'null')").format(shape, digits)


def shape_of(stored: int, wanted: Wanted) -> sql.Composable:
    """The geometry in the CRS that is wanted, x first; raises Invalid for one not on offer."""
    if wanted.crs not in crs.offered(stored):
        raise Invalid(f"'{wanted.crs}' is not on offer here: {', '.join(crs.offered(stored))}")
    target = crs.srid(wanted.crs)
    if stored == target:
        return sql.SQL("geom")
    return sql.SQL("ST_Transform(geom, {})").format(target)
