"""Mapbox vector tiles of a time-indexed layer: one reading, one tile, its bytes."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from spatial.errors import Invalid
from spatial.filter.filter import Filter, filter_of
from spatial.layer import Layer
from spatial.query import Reading
from tiles.matrix_set import WEB_MERCATOR_QUAD, MatrixSet, Zxy

MIMETYPE = "application/vnd.mapbox-vector-tile"
EXTENT, BUFFER = 4096, 64
MARGIN = BUFFER / EXTENT
bounds = WEB_MERCATOR_QUAD.bounds


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


def mvt(
    view: Reading,
    zxy: Zxy,
    options: Options = ALL,
    matrices: MatrixSet = WEB_MERCATOR_QUAD,
) -> sql.Composed:
    """The statement that makes a tile of a reading: one row, its bytes."""
    layer = view.layer
    if options.wanted is not None:
        view = view.filtered(options.wanted.on(layer))
    box, world = matrices.bounds(*zxy, margin=MARGIN), matrices.world
    west, south = map(max, box[:2], world[:2])
    east, north = map(min, box[2:], world[2:])
    # a text CRS would defeat PostGIS's projection cache: SRIDs are integers
    shape: sql.Composable = sql.SQL("geom")
    if layer.srid != matrices.srid:
        shape = sql.SQL("ST_Transform(geom, {})").format(matrices.srid)
    rows = view.within((west, south, east, north), matrices.srid).select(
        sql.SQL("fid{}, ST_AsMVTGeom({}, ST_MakeEnvelope({}), {}, {}) AS geom").format(
            sql.SQL("").join(
                sql.SQL(", {}").format(sql.Identifier(name)) for name in options.columns(layer)
            ),
            shape,
            sql.SQL(", ").join(map(sql.Literal, (*matrices.bounds(*zxy), matrices.srid))),
            EXTENT,
            BUFFER,
        )
    )
    # ST_AsMVT leaves rows without a shape out; a condition here would shape every row twice
    return sql.SQL("SELECT coalesce(ST_AsMVT(t, {}, {}, 'geom', 'fid'), '') FROM ({}) t").format(
        layer.name, EXTENT, rows
    )
