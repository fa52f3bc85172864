"""Mapbox vector tiles of a time-indexed layer, made in PostGIS."""

from dataclasses import dataclass

from psycopg import sql

from spatial.asof import AsOf, Interval
from spatial.crs import WEB_MERCATOR
from spatial.database import Database
from spatial.digest import digest
from spatial.errors import Invalid, NotFound
from spatial.filter.filter import Filter
from spatial.grant import Grant
from spatial.layer import Box
from spatial.query import Reading, reading

MIMETYPE = "application/vnd.mapbox-vector-tile"
MIN_ZOOM, MAX_ZOOM = 0, 22
EXTENT, BUFFER = 4096, 64
WORLD = 20037508.342789244


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its bytes, or None where the client's copy is still true."""

    data: bytes | None
    etag: str
    asof: AsOf


def tile(
    database: Database,
    name: str,
    asof: AsOf,
    grant: Grant,
    zxy: tuple[int, int, int],
    known_etag: str | None = None,
    wanted: Filter | None = None,
) -> Tile:
    """A WebMercatorQuad tile of a layer; its ids are the fids, its layer is named as ours.

    wanted: only features of which this filter holds.

    Raises NotFound outside of the matrix, Invalid for an interval.
    """
    z, x, y = zxy
    if not MIN_ZOOM <= z <= MAX_ZOOM or not 0 <= x < 1 << z or not 0 <= y < 1 << z:
        raise NotFound(f"there is no tile {z}/{x}/{y}: zooms go to {MAX_ZOOM}")
    with reading(database, name, asof, grant) as (pg, view):
        if isinstance(view.moment.valid_at, Interval):
            raise Invalid("a tile shows one instant: give datetime an instant, not an interval")
        if wanted is not None:
            view = view.filtered(wanted.on(view.layer))
        etag = _etag(view, asof, zxy, wanted)
        if known_etag == etag:
            return Tile(None, etag, view.moment.cite())
        row = pg.execute(mvt(view, zxy)).fetchone()
        return Tile(bytes(row[0]) if row else b"", etag, view.moment.cite())


def bounds(z: int, x: int, y: int, margin: float = 0.0) -> Box:
    """Bounds of a tile in web mercator, metres, widened by a share of its side."""
    side = 2 * WORLD / (1 << z)
    west, north = x * side - WORLD, WORLD - y * side
    spare = side * margin
    return west - spare, north - side - spare, west + side + spare, north + spare


def mvt(view: Reading, zxy: tuple[int, int, int]) -> sql.Composed:
    """The statement that makes a tile of a reading: one row, its bytes."""
    layer = view.layer
    box = bounds(*zxy, margin=BUFFER / EXTENT)
    world = 1.1 * WORLD
    clamped = (max(box[0], -world), max(box[1], -world), min(box[2], world), min(box[3], world))
    # a text CRS would defeat PostGIS's projection cache: SRIDs are integers
    shape: sql.Composable = sql.SQL("geom")
    if layer.srid != WEB_MERCATOR:
        shape = sql.SQL("ST_Transform(geom, {})").format(WEB_MERCATOR)
    rows = view.within(clamped, WEB_MERCATOR).select(
        sql.SQL("fid{}, ST_AsMVTGeom({}, ST_MakeEnvelope({}), {}, {}) AS geom").format(
            sql.SQL("").join(
                sql.SQL(", {}").format(sql.Identifier(name)) for name in layer.column_names
            ),
            shape,
            sql.SQL(", ").join(map(sql.Literal, (*bounds(*zxy), WEB_MERCATOR))),
            EXTENT,
            BUFFER,
        )
    )
    # ST_AsMVT leaves rows without a shape out; a condition here would shape every row twice
    return sql.SQL("SELECT coalesce(ST_AsMVT(t, {}, {}, 'geom', 'fid'), '') FROM ({}) t").format(
        layer.name, EXTENT, rows
    )


def _etag(view: Reading, asof: AsOf, zxy: tuple[int, int, int], wanted: Filter | None) -> str:
    """Equal exactly as long as the tile is: the layer's cursor, the AsOf asked for, the grant."""
    layer, moment = view.layer, view.moment
    parts = (
        layer.id, layer.cursor, zxy, asof.params(), moment.base_known_at, view.grant.key, wanted,
    )  # fmt: skip
    return f'"{digest(repr(parts).encode())[7:31]}"'
