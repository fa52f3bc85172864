"""Mapbox vector tiles of a time-indexed layer: one reading, one tile, its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from spatial.crs import WEB_MERCATOR, WORLD
from spatial.errors import Invalid, NotFound
from spatial.filter.filter import Filter, filter_of
from spatial.layer import Box, Layer
from spatial.query import Reading

MIMETYPE = "application/vnd.mapbox-vector-tile"
MIN_ZOOM, MAX_ZOOM = 0, 22
EXTENT, BUFFER = 4096, 64
MARGIN = BUFFER / EXTENT

type Zxy = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Options:
    """What of a layer a tile is to hold: the features that a filter wants, with these attributes.

    None asks for all.
    """

    wanted: Filter | None = None
    properties: tuple[str, ...] | None = None

    def columns(self, layer: Layer) -> tuple[str, ...]:
        """The attributes in the layer's order; raises Invalid for one that it has not."""
        if self.properties is None:
            return layer.column_names
        unknown = sorted(set(self.properties) - set(layer.column_names))
        if unknown:
            raise Invalid(
                f"'{layer.name}' has no attribute {', '.join(unknown)}:"
                f" it has {', '.join(layer.column_names)}"
            )
        return tuple(name for name in layer.column_names if name in self.properties)


ALL = Options()


def options_of(query: Mapping[str, str]) -> Options:
    """What query parameters ask for: `filter` and its kin, `properties` as a list of names."""
    names = query.get("properties")
    chosen = None if names is None else tuple(name.strip() for name in names.split(",") if name)
    return Options(filter_of(query), chosen)


def require_tile(zxy: Zxy) -> None:
    """Raise NotFound outside of the matrix."""
    z, x, y = zxy
    if not MIN_ZOOM <= z <= MAX_ZOOM or not 0 <= x < 1 << z or not 0 <= y < 1 << z:
        raise NotFound(f"there is no tile {z}/{x}/{y}: zooms go to {MAX_ZOOM}")


def bounds(z: int, x: int, y: int, margin: float = 0.0) -> Box:
    """Bounds of a tile in web mercator, metres, widened by a share of its side."""
    side = 2 * WORLD / (1 << z)
    west, north = x * side - WORLD, WORLD - y * side
    spare = side * margin
    return west - spare, north - side - spare, west + side + spare, north + spare


def mvt(view: Reading, zxy: Zxy, options: Options = ALL) -> sql.Composed:
    """The statement that makes a tile of a reading: one row, its bytes."""
    layer = view.layer
    if options.wanted is not None:
        view = view.filtered(options.wanted.on(layer))
    box = bounds(*zxy, margin=MARGIN)
    world = 1.1 * WORLD
    clamped = (max(box[0], -world), max(box[1], -world), min(box[2], world), min(box[3], world))
    # a text CRS would defeat PostGIS's projection cache: SRIDs are integers
    shape: sql.Composable = sql.SQL("geom")
    if layer.srid != WEB_MERCATOR:
        shape = sql.SQL("ST_Transform(geom, {})").format(WEB_MERCATOR)
    rows = view.within(clamped, WEB_MERCATOR).select(
        sql.SQL("fid{}, ST_AsMVTGeom({}, ST_MakeEnvelope({}), {}, {}) AS geom").format(
            sql.SQL("").join(
                sql.SQL(", {}").format(sql.Identifier(name)) for name in options.columns(layer)
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
