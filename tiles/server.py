"""Tiles as they are asked for: whether a copy is still true, from the cache, or made once."""

import asyncio
import gzip
from collections.abc import Awaitable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable

from spatial.asof import AsOf, Interval
from spatial.crs import EDGE, WEB_MERCATOR, WORLD, transform_bounds
from spatial.database import Database
from spatial.digest import digest
from spatial.errors import Invalid, NotFound, Unavailable
from spatial.grant import Grant, visible
from spatial.layer import Box
from spatial.query import reading
from spatial.reader import Reader
from tiles.cache import Cache
from tiles.editions import WHOLE, unit_box
from tiles.frame import placing, values
from tiles.matrix_set import WEB_MERCATOR_QUAD, MatrixSet, Zxy
from tiles.mvt.encoder import encode
from tiles.render import FEW, aggregated, render, schema_of, statement_of
from tiles.vector import ALL, MARGIN, Options
from tiles.watch import Standing, Watch

CACHE_BYTES = 64 << 20
THREADS = 4
GZIP_LEVEL = 4
_TRIES = 3
_GONE = -1  # the cursor of a layer that is not as it was looked at
_MOVED = UndefinedTable, UndefinedColumn, InsufficientPrivilege


@dataclass(frozen=True, slots=True)
class Wanted:
    """One tile of a layer, at an AsOf, for a grant."""

    layer: str
    zxy: Zxy
    asof: AsOf
    grant: Grant
    options: Options = ALL
    matrices: MatrixSet = WEB_MERCATOR_QUAD


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its bytes, or None where the client's copy is still true."""

    data: bytes | None
    etag: str
    asof: AsOf


class TileServer:
    """The tiles of one database in this process.

    Raises NotFound outside of the matrix and for what the grant may not see, Invalid for an
    interval and for attributes and filters that do not fit the layer.
    """

    def __init__(self, database: Database, cache_bytes: int = CACHE_BYTES) -> None:
        self._database = database
        self._watch = Watch(database)
        self._reader = Reader(database)
        self.cache: Cache[bytes] = Cache(cache_bytes, THREADS)

    def standing(self, wanted: Wanted) -> Standing | None:
        """How the layer of a tile stood just now, if that is known without asking."""
        return self._watch.now(wanted.layer, wanted.asof.scenario)

    def doubt(self) -> None:
        """Know nothing without asking until it was asked again: somebody may have written."""
        self._watch.doubt()

    def kept(self, wanted: Wanted) -> Tile | None:
        """A tile that is kept, if it is known to be true still; nobody is asked, nobody waits."""
        standing = self.standing(wanted)
        if standing is None:
            return None
        etag = _etag(wanted, standing)
        data = self.cache.get(etag)
        return None if data is None else Tile(data, etag, _cite(wanted, standing))

    async def tile(self, wanted: Wanted, known_etag: str | None = None) -> Tile:
        """A tile as it is now; its ids are the fids, its layer is named as ours."""
        _require(wanted)
        standing = self.standing(wanted)
        if standing is None:
            standing = await _shared(self._standing(wanted))
        etag = _etag(wanted, standing)
        data: bytes | None = None
        if not matches(known_etag, etag):
            data = self.cache.get(etag)
            if data is None:
                made = await _shared(self._make(wanted, standing, etag))
                etag, data = made
        return Tile(data, etag, _cite(wanted, standing))

    def tile_now(self, wanted: Wanted) -> Tile:
        """The same, for a caller in a thread of its own."""
        _require(wanted)
        standing = self._standing(wanted).result()
        etag = _etag(wanted, standing)
        data = self.cache.get(etag)
        if data is None:
            etag, data = self._make(wanted, standing, etag).result()
        return Tile(data, etag, _cite(wanted, standing))

    async def packed(self, tile: Tile) -> bytes:
        """The bytes of a tile as gzip has them, kept as they are themselves."""
        key, data = f"{tile.etag} gzip", tile.data or b""
        made = await _shared(
            self.cache.make(key, lambda: (key, gzip.compress(data, GZIP_LEVEL, mtime=0)))
        )
        return made[1]

    def _standing(self, wanted: Wanted) -> Future[Standing]:
        return self._watch.standing(wanted.layer, wanted.asof.scenario)

    def _make(self, wanted: Wanted, standing: Standing, etag: str) -> Future[tuple[str, bytes]]:
        def work() -> tuple[str, bytes]:
            now, tag = standing, etag
            for _ in range(_TRIES):
                data, cursor = self._render(wanted, now)
                if cursor == now.layer.cursor:
                    return tag, data
                # the layer moved on between the look and the reading
                now = self._standing(wanted).result()
                tag = _etag(wanted, now)
            if cursor == _GONE:
                raise Unavailable(f"'{wanted.layer}' is being made anew: try again in a moment")
            return tag, data

        return self.cache.make(etag, work)

    def _render(self, wanted: Wanted, now: Standing) -> tuple[bytes, int]:
        """The bytes of a tile, and the cursor that its layer had then."""
        zoom, options = wanted.zxy[0], wanted.options
        if wanted.matrices != WEB_MERCATOR_QUAD or not now.stored or aggregated(now.layer, zoom):
            with reading(self._database, wanted.layer, wanted.asof, wanted.grant) as (pg, view):
                data = render(pg, view, wanted.zxy, options, wanted.matrices)
            return data, view.layer.cursor
        view = now.reading(wanted.asof, wanted.grant)
        statement, again = statement_of(view, zoom, options)
        try:
            row = self._reader.row(wanted.grant, statement, values(wanted.zxy), again=again)
        except _MOVED:
            return b"", _GONE
        data = encode(schema_of(view.layer, zoom, options), row, placing(wanted.zxy))
        later = self.standing(wanted) or self._standing(wanted).result()
        return data, later.layer.cursor


def _require(wanted: Wanted) -> None:
    wanted.matrices.require(wanted.zxy)
    if isinstance(wanted.asof.valid_at, Interval):
        raise Invalid("a tile shows one instant: give datetime an instant, not an interval")


async def _shared[T](future: Future[T]) -> T:
    """Wait for what others wait for too: whoever leaves does not take it along."""
    waiting: Awaitable[T] = asyncio.shield(asyncio.wrap_future(future))
    return await waiting


def _etag(wanted: Wanted, standing: Standing) -> str:
    """Equal exactly as long as the tile is."""
    layer, asof, base = standing.layer, wanted.asof, standing.moment.base_known_at
    if not visible(wanted.grant, layer):
        raise NotFound(f"there is no layer '{layer.name}'")
    settled = (
        asof.valid_at is not None
        and asof.known_at is not None
        and asof.known_at < layer.last_recorded
    )
    edition = standing.editions.of(_place(wanted), standing.moment.scenario_id, settled=settled)
    parts = (
        layer.id,
        standing.stored,
        layer.current > FEW,
        edition,
        wanted.matrices.id,
        wanted.zxy,
        asof.params(),
        base and base.timestamp(),
        wanted.grant.key,
        wanted.options.wanted,
        wanted.options.columns(layer),
    )
    return f'"{digest(repr(parts).encode())[7:31]}"'


def _place(wanted: Wanted) -> Box:
    """The part of web mercator's unit square in which changes concern the tile."""
    matrices = wanted.matrices
    if matrices == WEB_MERCATOR_QUAD:
        return unit_box(*wanted.zxy, MARGIN)
    box = matrices.bounds(*wanted.zxy, MARGIN)
    if box[1] < -EDGE or box[3] > EDGE:
        return WHOLE
    west, south, east, north = transform_bounds(box, matrices.srid, WEB_MERCATOR)
    side = 2 * WORLD
    return west / side + 0.5, 0.5 - north / side, east / side + 0.5, 0.5 - south / side


def matches(known: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this ETag, which is what it is for."""
    if known is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return etag in tags or "*" in tags


def _cite(wanted: Wanted, standing: Standing) -> AsOf:
    asof = wanted.asof
    return replace(
        asof,
        valid_at=asof.valid_at or standing.at,
        known_at=asof.known_at or standing.moment.known_at,
    )
