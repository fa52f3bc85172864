"""The stored shapes of a layer: web mercator, whole and generalised, one row for each version.

`tiles.<layer>` carries the layer's own columns, with `geom` in web mercator, so that a reading of
it is a reading of the layer. Triggers on the layer's table write it in the transaction that
writes the layer, whoever writes. Beside the layer's columns it has

- `_shape_13`, `_shape_11`, `_shape_9`, `_shape_7`: the shape for tiles up to that zoom,
  simplified to half a pixel in the layer's own CRS; NULL where the next finer one is as simple;
- `_packed`: the whole shape as TWKB in centimetres, which is a third of the bytes;
- `_told`: the feature's id and attributes, packed;
- `_drawn_from`: the lowest zoom at which it is big enough to be seen by itself, at most 13;
- `_px`, `_py`: its middle in 2^30ths of the world, from the north-west; NULL for lines;
- `_area`: in cm², NULL for points and lines.

No attribute of a layer starts with that stroke.
"""

from dataclasses import fields, replace
from itertools import pairwise

from psycopg import sql

from spatial import crs
from spatial.crs import WORLD
from spatial.database import Pg
from spatial.layer import Layer
from spatial.query import Reading, names
from tiles.mvt import told

SCHEMA = "tiles"
VERSION = "2"  # of this layout: an older one is built anew
DETAIL = 13  # from this zoom on every feature is drawn
BANDS = (13, 11, 9, 7)
INDEXED = (12, 9, 5)
PIXELS = 512  # of a tile's side on a screen
DIGITS = 2  # decimals of a metre in what is packed, fine enough down to PACKED_TO
PACKED_TO = 17
_SEEN_AREA, _SEEN_LINE = 4, 1  # pixels of side, and of length
DEPTH = 30
_BOOKS = ("version", "fid", "valid", "recorded", "scenario", "removed", "changed_by")


class BandLayer(Layer):
    """A layer whose table holds its stored shapes."""

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(SCHEMA, self.name)


def stored(pg: Pg, layer: Layer) -> bool:
    """Whether the layer's shapes are stored, as the transaction sees it."""
    row = pg.execute(
        "SELECT obj_description(c.oid, 'pg_class') = %s FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = %s AND relname = %s",
        [VERSION, SCHEMA, layer.name],
    ).fetchone()
    return bool(row and row[0])


def with_shapes(layer: Layer) -> BandLayer:
    """The layer as its stored shapes have it."""
    facts = {f.name: getattr(layer, f.name) for f in fields(Layer)}
    return BandLayer(**facts | {"srid": crs.WEB_MERCATOR})


def banded(view: Reading) -> Reading:
    """The same reading of the stored shapes; its conditions must be of attributes only."""
    return replace(view, layer=with_shapes(view.layer))


def packed(zoom: int) -> sql.Composable:
    """The stored shape for tiles of a zoom as TWKB, exact to less than one of their units."""
    if BANDS[0] < zoom <= PACKED_TO:
        return sql.SQL("_packed")
    return sql.SQL("ST_AsTWKB({}, {})").format(shape(zoom), 1 if zoom <= BANDS[0] else 2 * DIGITS)


def shape(zoom: int) -> sql.Composable:
    """The stored shape for tiles of a zoom."""
    if zoom > BANDS[0]:
        return sql.SQL("geom")
    bands = [sql.Identifier(f"_shape_{band}") for band in reversed(BANDS) if band >= zoom]
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join([*bands, sql.SQL("geom")]))


def columns(layer: Layer) -> sql.Composed:
    """The columns of the stored shapes, in the order in which `of_rows` gives them.

    What most tiles read comes first, for a row is taken apart only as far as it must be.
    """
    ours = ["_area", "geom", "_packed", "_told", "_drawn_from", "_px", "_py"]
    ours += [f"_shape_{band}" for band in BANDS]
    return names([*ours, *_BOOKS, *layer.column_names])


def of_rows(layer: Layer, rows: sql.Composable) -> sql.Composed:
    """A SELECT of the stored shapes of some rows of the layer's table, an expression for FROM."""
    plain = names([*_BOOKS, *layer.column_names])
    simple = sql.SQL(", ").join(
        sql.SQL(
            "CASE WHEN ST_NPoints(flat) > 6"
            " THEN ST_Transform(ST_SimplifyPreserveTopology(flat, {}), {}) END AS _shape_{}"
        ).format(_tolerance(layer, band), crs.WEB_MERCATOR, sql.SQL(str(band)))
        for band in BANDS
    )
    finer = ["geom", *(f"_shape_{band}" for band in BANDS)]
    kept = sql.SQL(", ").join(
        sql.SQL(
            "CASE WHEN ST_NPoints({0}) < ST_NPoints({1}) THEN ST_ForcePolygonCW({0}) END AS {0}"
        ).format(sql.Identifier(one), sql.Identifier(other))
        for other, one in pairwise(finer)
    )
    return sql.SQL(
        "SELECT CASE WHEN dimension = 2 THEN round({area} * 1e4)::bigint END,"
        " clockwise, ST_AsTWKB(clockwise, {digits}), {told}, CASE dimension"
        " WHEN 2 THEN {by_area} WHEN 1 THEN {by_length} ELSE {detail} END::smallint,"
        " {px}, {py}, {kept}, {plain}"
        " FROM (SELECT {plain}, flat, dimension, ST_Transform(flat, {srid}) AS geom, {simple}"
        " FROM (SELECT {plain}, {flat} AS flat, ST_Dimension(geom) AS dimension FROM {rows}) one"
        " OFFSET 0) two, LATERAL"
        " (SELECT ST_Centroid(geom) AS middle, ST_ForcePolygonCW(geom) AS clockwise OFFSET 0) three"
    ).format(
        plain=plain,
        kept=kept,
        simple=simple,
        digits=DIGITS,
        told=told.of_layer(layer),
        by_area=_zoom(_SEEN_AREA, sql.SQL("sqrt(ST_Area(geom))")),
        by_length=_zoom(_SEEN_LINE, sql.SQL("ST_Length(ST_BoundingDiagonal(geom))")),
        detail=DETAIL,
        px=_pixel(sql.SQL("ST_X(middle)")),
        py=_pixel(sql.SQL("-ST_Y(middle)")),
        area=_area(layer),
        srid=crs.WEB_MERCATOR,
        flat=_flat(layer),
        rows=rows,
    )


def _zoom(pixels: int, size: sql.Composable) -> sql.Composed:
    """The lowest zoom at which a size in metres makes these pixels."""
    return sql.SQL(
        "CASE WHEN {size} > 0 THEN greatest(0, least({detail}, ceil(log(2, ({whole} / {size})"
        "::numeric)))) ELSE {detail} END"
    ).format(size=size, detail=DETAIL, whole=pixels * 2 * WORLD / PIXELS)


def _pixel(place: sql.Composable) -> sql.Composed:
    """Metres from the world's middle, eastward or southward, as a whole number of 2^30ths."""
    return sql.SQL(
        "CASE WHEN dimension <> 1 THEN greatest(0, least({most}, floor(({place} + {world})"
        " * {per_metre})))::integer END"
    ).format(place=place, world=WORLD, per_metre=(1 << DEPTH) / (2 * WORLD), most=(1 << DEPTH) - 1)


def _flat(layer: Layer) -> sql.Composable:
    """The geometry in two dimensions, within what web mercator can show."""
    flat = sql.SQL("ST_Force2D(geom)")
    if not crs.parse(layer.srid).is_geographic:
        return flat
    return sql.SQL(
        "CASE WHEN ST_YMin(geom) < -85.06 OR ST_YMax(geom) > 85.06"
        " THEN ST_ClipByBox2D({}, ST_MakeEnvelope(-181, -85.06, 181, 85.06, {})) ELSE {} END"
    ).format(flat, layer.srid, flat)


def _area(layer: Layer) -> sql.Composable:
    reference = crs.parse(layer.srid)
    if reference.is_geographic:
        return sql.SQL("ST_Area(flat::geography)")
    return sql.SQL("ST_Area(flat) * {}").format(_metres(layer) ** 2)


def _tolerance(layer: Layer, band: int) -> float:
    """Half a pixel of a band's deepest zoom, in units of the layer's CRS."""
    half = 2 * WORLD / (1 << band) / PIXELS / 2
    if crs.parse(layer.srid).is_geographic:
        return half / 111_320
    return half / _metres(layer)


def _metres(layer: Layer) -> float:
    """The unit of a projected CRS."""
    return float(crs.parse(layer.srid).axis_info[0].unit_conversion_factor)
