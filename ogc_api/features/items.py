"""Features of a layer as GeoJSON, made in PostgreSQL."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from ogc_api.features.text import as_geojson
from ogc_api.wanted import Wanted
from spatial import history
from spatial.asof import AsOf, Interval
from spatial.box import halves
from spatial.count import Count, count
from spatial.database import Database, Pg
from spatial.errors import Gone, Invalid, NotFound
from spatial.filter.equal import equal
from spatial.grant import Grant
from spatial.layer import Layer
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
    """Features as text in pieces, read while the transaction is open.

    pieces: comma-separated features, how many, and the key of the last; none is empty.
    """

    pieces: Iterable[tuple[str, int, str]]
    matched: Count
    asof: AsOf
    edition: tuple[object, ...]
    layer: Layer


def page(database: Database, name: str, asof: AsOf, grant: Grant, wanted: Wanted) -> Page:
    """A page of features, and how many match in all."""
    with texts(database, name, asof, grant, wanted) as found:
        features = [one for piece in found.pieces for one in json.loads(f"[{piece[0]}]")]
    return Page(features, found.matched, found.asof)


@contextmanager
def texts(
    database: Database, name: str, asof: AsOf, grant: Grant, wanted: Wanted
) -> Iterator[Texts]:
    """A page as it comes from the database: large ones in pieces, with flat memory."""
    with reading(database, name, asof, grant) as (pg, view):
        view = narrowed(view, wanted)
        matched = counted(pg, view, wanted)
        query = select(view, _skipped(pg, view, wanted))
        with ExitStack() as stack:
            pieces = _in_pieces(pg, query, stack) if wanted.limit > BATCH else _whole(pg, query)
            yield Texts(pieces, matched, view.moment.cite(), view.edition, view.layer)


def _whole(pg: Pg, query: sql.Composed) -> Iterator[tuple[str, int, str]]:
    """A page joined by the database: a row each would cost as much again."""
    row = pg.execute(
        sql.SQL(
            "SELECT string_agg(feature, ','), count(*)::int,"
            " (array_agg(fid || '.' || version))[count(*)] FROM ({}) page"
        ).format(query)
    ).fetchone()
    if row and row[1]:
        yield row


def _in_pieces(pg: Pg, query: sql.Composed, stack: ExitStack) -> Iterator[tuple[str, int, str]]:
    """A page by a cursor in the database, with flat memory."""
    cursor = stack.enter_context(pg.cursor("items"))
    cursor.execute(query)
    while rows := cursor.fetchmany(BATCH):
        fid, version, _ = rows[-1]
        yield ",".join(row[2] for row in rows), len(rows), f"{fid}.{version}"


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
        boxed = wanted.box is not None and wanted.filter is None and not wanted.equal
        return count(pg, view, patience_s=PAGE_S, boxed=boxed)
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
