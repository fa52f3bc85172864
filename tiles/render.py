"""One tile of one reading: from the stored shapes where there are any, else from the layer."""

from dataclasses import replace
from functools import lru_cache

from psycopg import sql

from spatial.asof import Interval
from spatial.database import Pg
from spatial.errors import Invalid
from spatial.filter.condition import SPATIAL
from spatial.filter.tree import Call, Node
from spatial.layer import Layer
from spatial.moment import Moment
from spatial.query import Reading
from spatial.reader import raw
from tiles import grid
from tiles.bands import DETAIL, banded, packed, shape, stored
from tiles.frame import Frame, placing, scale
from tiles.matrix_set import MIN_ZOOM, WEB_MERCATOR_QUAD, MatrixSet, Zxy
from tiles.mvt.encoder import Schema, encode, gather
from tiles.vector import ALL, BUFFER, EXTENT, Options, mvt

FEW = 2000  # features of which a layer draws each one at every zoom


def render(
    pg: Pg,
    view: Reading,
    zxy: Zxy,
    options: Options = ALL,
    matrices: MatrixSet = WEB_MERCATOR_QUAD,
) -> bytes:
    """The bytes of a tile of a reading; empty where nothing is.

    What is stored is in web mercator: tiles of other sets are made from the layer. Raises Invalid
    for an interval.
    """
    if isinstance(view.moment.valid_at, Interval):
        raise Invalid("a tile shows one instant: give datetime an instant, not an interval")
    if matrices == WEB_MERCATOR_QUAD and stored(pg, view.layer):
        row = raw(pg.execute(drawn(pg, view, zxy, options), binary=True))
        return encode(schema_of(view.layer, zxy[0], options), row, placing(zxy))
    made = pg.execute(mvt(view, zxy, options, matrices)).fetchone()
    return bytes(made[0]) if made else b""


def aggregated(layer: Layer, zoom: int) -> bool:
    """Whether at this zoom the layer's small features are told as cells."""
    return zoom < DETAIL and layer.current > FEW and layer.shape != "LineString"


def cell_attributes(layer: Layer) -> tuple[str, ...]:
    """The attributes of the cells among a layer's tiles; none where there are no cells."""
    return grid.told_as(layer) if aggregated(layer, MIN_ZOOM) else ()


def schema_of(layer: Layer, zoom: int, options: Options) -> Schema:
    """What the tiles of a zoom hold."""
    cells = grid.told_as(layer) if aggregated(layer, zoom) else ()
    return Schema.of(layer, options.columns(layer), cells, EXTENT)


def drawn(pg: Pg, view: Reading, zxy: Zxy, options: Options) -> sql.Composed:
    """The statement that gathers a tile from the stored shapes."""
    layer, zoom = view.layer, zxy[0]
    shapes = _wanted(view, options)
    cells = aggregated(layer, zoom)
    rows = [_features(shapes, Frame.of(zxy), cells=cells)]
    head: sql.Composable = sql.SQL("")
    if cells:
        head = sql.SQL("WITH cell AS MATERIALIZED ({}) ").format(
            grid.cells(pg, view, shapes, zxy, narrowed=options.wanted is not None)
        )
        rows += grid.rows(view, zxy)
    return head + gather(sql.SQL(" UNION ALL ").join(rows))


def drawn_anywhere(view: Reading, zoom: int, options: Options) -> sql.Composed:
    """The statement that gathers any tile of a zoom without cells, of its frame's values."""
    return gather(_features(_wanted(view, options), Frame.given(zoom), cells=False))


def statement_of(view: Reading, zoom: int, options: Options) -> tuple[str, bool]:
    """The text of `drawn_anywhere`, and whether it will come again."""
    if options.wanted is not None:
        return drawn_anywhere(view, zoom, options).as_string(), False
    if view.present and not view.moment.scenario_id:  # a reading that names no moment
        moment = Moment(view.layer.last_recorded, view.layer.last_recorded)
        view = replace(view, moment=moment)
    return _remembered(view, zoom, options), True


@lru_cache(maxsize=256)
def _remembered(view: Reading, zoom: int, options: Options) -> str:
    return drawn_anywhere(view, zoom, options).as_string()


def _wanted(view: Reading, options: Options) -> Reading:
    """The stored shapes of a reading that a filter wants."""
    if options.wanted is None:
        return banded(view)
    condition = options.wanted.on(view.layer)
    if not _spatial(options.wanted.root):
        return banded(view.filtered(condition))
    # a predicate on places means the layer's own geometry, in its own CRS
    shapes, exact = banded(view), view.filtered(condition)
    for box in condition.boxes:
        shapes = shapes.within(box, view.layer.srid)
    return shapes.where(
        sql.SQL("EXISTS (SELECT FROM {own} WHERE {own}.version = {theirs}.version AND {})").format(
            sql.SQL(" AND ").join(exact.conditions),
            own=view.layer.table,
            theirs=shapes.layer.table,
        )
    )


def _spatial(node: Node) -> bool:
    return isinstance(node, Call) and (node.op in SPATIAL or any(map(_spatial, node.args)))


def _features(shapes: Reading, frame: Frame, *, cells: bool) -> sql.Composed:
    """The features that are drawn one by one: those that need clipping in the tile's coordinates,
    those wholly within it in metres.
    """
    zoom = frame.zoom
    view = shapes.around(frame.around)
    if zoom < DETAIL and view.layer.current > FEW:
        view = view.where(sql.SQL("_drawn_from <= {}").format(zoom))
    whole = "geom @ {around} AND coalesce(_area, {unit}) >= {unit}"
    if view.layer.shape == "Geometry":  # of a mixture ST_AsMVTGeom chooses one kind
        whole += " AND GeometryType(geom) <> 'GEOMETRYCOLLECTION'"
    placed = sql.SQL(
        f"CASE WHEN {whole} THEN {{packed}} ELSE ST_AsTWKB("
        "ST_AsMVTGeom({outline}, {tile}, {extent}, {buffer}), 0) END AS geom"
    ).format(
        around=frame.around,
        tile=frame.tile,
        unit=int(2e4 / scale(zoom) ** 2) + 1,
        outline=shape(zoom),
        packed=packed(zoom),
        extent=EXTENT,
        buffer=BUFFER,
    )
    told: sql.Composable = sql.SQL("_told")
    if cells:
        told = grid.uncounted(view.layer)
    return view.select(sql.SQL("{} AS told, {}").format(told, placed))
