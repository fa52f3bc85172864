"""What is too small to be drawn by itself, as cells with counts and areas, true at any time.

`grids.<layer>` holds signed events: what the main line believes in now adds to its cell where its
valid time begins, and takes away where it ends. The sum up to a moment is the truth of it.
Another moment or a scenario is this truth with some features put otherwise.
"""

from dataclasses import replace
from datetime import datetime

from psycopg import sql

from spatial.crs import WORLD
from spatial.database import Pg
from spatial.grant import EVERYBODY, rule
from spatial.layer import Layer
from spatial.moment import Moment
from spatial.period import instant
from spatial.query import Reading
from tiles.bands import DEPTH, DETAIL, banded
from tiles.cartography import class_column
from tiles.matrix_set import Zxy
from tiles.mvt import told
from tiles.vector import EXTENT, bounds

SCHEMA = "grids"
CELL_BITS = 7  # 128 cells along a tile's side: squares of four pixels
MANY = 20_000  # features put otherwise, beyond which a moment is counted from its rows
_BELIEVED = sql.SQL("scenario = 0 AND NOT removed AND upper_inf(recorded) AND _px IS NOT NULL")
_COLUMNS = sql.SQL("(z, x, y, cell_x, cell_y, at, kind, n, area, px, py, fids)")
_TABLE = """
CREATE TABLE {table} (
    z smallint NOT NULL,  -- zoom, column and row of the tile
    x integer NOT NULL,
    y integer NOT NULL,
    cell_x integer NOT NULL,  -- counted over the whole world
    cell_y integer NOT NULL,
    at timestamptz NOT NULL,
    kind text,  -- by which the map colours
    n integer NOT NULL,
    area bigint,  -- cm²
    px bigint NOT NULL,  -- sums: divided by n, the middle; of a single one, its fid
    py bigint NOT NULL,
    fids numeric NOT NULL
)
"""


def table(layer: Layer) -> sql.Identifier:
    return sql.Identifier(SCHEMA, layer.name)


def events(layer: Layer, rows: sql.Composable, sign: int) -> sql.Composed:
    """An INSERT of what some rows of the stored shapes add, or with -1 take away."""
    return sql.SQL(
        "INSERT INTO {} {} SELECT _z, _px >> {depth} - _z, _py >> {depth} - _z, _px >> {cell} - _z,"
        " _py >> {cell} - _z, _at, {kind}, _way, _way * _area,"
        " _way::bigint * _px, _way::bigint * _py, _way * fid"
        " FROM (SELECT * FROM {} WHERE {}) r, generate_series(0, _drawn_from - 1) _z,"
        " LATERAL (VALUES (coalesce(lower(valid), '-infinity'), {}), (upper(valid), {}))"
        " _e(_at, _way) WHERE _at IS NOT NULL"
    ).format(
        table(layer), _COLUMNS, rows, _BELIEVED, sign, -sign,
        depth=DEPTH, cell=DEPTH - CELL_BITS, kind=_kind(layer),
    )  # fmt: skip


def build(layer: Layer, shapes: sql.Composable) -> list[sql.Composed]:
    """Statements that make the events of all stored shapes: each zoom from the one below it."""
    made = [sql.SQL(_TABLE).format(table=table(layer))]
    for z in reversed(range(DETAIL)):
        below = sql.SQL(
            "SELECT at, kind, n, area, px, py, fids, cell_x >> 1 AS cx, cell_y >> 1 AS cy"
            " FROM {} WHERE z = {}"
        ).format(table(layer), z + 1)
        here = sql.SQL(
            "SELECT _at, {kind}, _way, _way * _area, _way::bigint * _px, _way::bigint * _py,"
            " _way::numeric * fid,"
            " _px >> {cell}, _py >> {cell} FROM {}, LATERAL (VALUES"
            " (coalesce(lower(valid), '-infinity'), 1), (upper(valid), -1)) _e(_at, _way)"
            " WHERE _at IS NOT NULL AND _drawn_from = {} AND {}"
        ).format(shapes, z + 1, _BELIEVED, cell=DEPTH - CELL_BITS - z, kind=_kind(layer))
        made.append(
            sql.SQL(
                "INSERT INTO {} {} SELECT {}, cx >> {bits}, cy >> {bits}, cx, cy, at, kind, sum(n),"
                " sum(area), sum(px), sum(py), sum(fids) FROM ({} UNION ALL {})"
                " e(at, kind, n, area, px, py, fids, cx, cy) GROUP BY cx, cy, at, kind"
                " ORDER BY cx >> {bits}, cy >> {bits}"
            ).format(table(layer), _COLUMNS, z, below, here, bits=CELL_BITS)
        )
    made.append(sql.SQL("CREATE INDEX ON {} (z, x, y)").format(table(layer)))
    made.append(sql.SQL("ANALYZE {}").format(table(layer)))
    return made


def coloured_by(layer: Layer) -> str | None:
    """The text by which the map colours the layer, so that a cell says which prevails."""
    column = class_column(layer.name, layer.column_names, layer.analysis)
    text = any(c.name == column and c.type == "text" for c in layer.columns)
    return column if text else None


def _kind(layer: Layer) -> sql.Composable:
    column = coloured_by(layer)
    return sql.SQL("NULL::text") if column is None else sql.Identifier(column)


def told_as(layer: Layer) -> tuple[str, ...]:
    """The attributes of a cell: how many features it stands for, their area in m², and how much
    of the cell they cover, in per cent.
    """
    wanted = ("count",) if layer.shape == "Point" else ("count", "area", "cover")
    return tuple(name if name not in layer.column_names else f"{name}_" for name in wanted)


def uncounted(layer: Layer) -> sql.Composable:
    """What is told of a feature that is drawn by itself, without a cell's attributes."""
    return told.followed(sql.SQL("_told"), *(told.NOTHING for _ in told_as(layer)))


def cells(pg: Pg, view: Reading, shapes: Reading, zxy: Zxy, *, narrowed: bool) -> sql.Composed:
    """The cells of a tile: cell_x, cell_y, kind, n, area, and sums of px, py and fids.

    The kind is the one that has most of the area.

    view: the reading of the layer; shapes: that of its stored shapes, with the filter's
    conditions, if it is narrowed by one.
    """
    moment = view.moment
    parts = []
    if narrowed or rule(view.grant, view.layer) != EVERYBODY:
        parts.append(_counted(shapes.touching(bounds(*zxy)), zxy, 1))
    else:
        parts.append(_summed(view, zxy))
        strays = set()
        if moment.scenario_id or not view.settled:
            strays = {row[0] for row in pg.execute(shapes.strays(MANY + 1))}
        if len(strays) > MANY:
            parts = [_counted(shapes.touching(bounds(*zxy)), zxy, 1)]
        elif strays:
            among = sql.SQL("fid = ANY ({}::bigint[])").format(sql.Literal(sorted(strays)))
            now = Moment(moment.valid_at, view.layer.last_recorded)
            parts.append(_counted(replace(shapes, moment=now).where(among), zxy, -1))
            parts.append(_counted(shapes.where(among), zxy, 1))
    kinds = sql.SQL(
        "SELECT cell_x, cell_y, kind, sum(n)::bigint AS n, sum(area) AS area, sum(px) AS px,"
        " sum(py) AS py, sum(fids) AS fids"
        " FROM ({}) part (cell_x, cell_y, kind, n, area, px, py, fids)"
        " GROUP BY cell_x, cell_y, kind HAVING sum(n) > 0"
    ).format(sql.SQL(" UNION ALL ").join(parts))
    if coloured_by(view.layer) is None:
        return kinds
    return sql.SQL(
        "SELECT cell_x, cell_y, (array_agg(kind ORDER BY area DESC, n DESC))[1] AS kind,"
        " sum(n)::bigint AS n, sum(area) AS area, sum(px) AS px, sum(py) AS py, sum(fids) AS fids"
        " FROM ({}) kinds GROUP BY cell_x, cell_y"
    ).format(kinds)


def rows(view: Reading, zxy: Zxy) -> list[sql.Composed]:
    """The cells as rows of a tile: squares, or for points their middles.

    A point that is alone in its cell is told as itself.
    """
    layer = view.layer
    kind = coloured_by(layer)
    blank = [
        told.one(sql.SQL("kind"), "text") if name == kind else told.NOTHING
        for name in layer.column_names
    ]

    def counted(*counts: sql.Composable) -> sql.Composable:
        return told.whole(
            sql.SQL("NULL::bigint"), [*blank, *(told.one(count, "bigint") for count in counts)]
        )

    side = EXTENT >> CELL_BITS
    z, x, y = zxy
    if layer.shape != "Point":
        square = sql.SQL(
            "SELECT {}, ST_AsTWKB(ST_Translate("
            "ST_ForcePolygonCCW(ST_MakeEnvelope(0, 0, {side}, {side})),"
            " (cell_x - {left}) * {side}, (cell_y - {top}) * {side}), 0) FROM cell"
        )
        world = 1 << z + CELL_BITS
        cover = sql.SQL(
            "least(round(area / {whole} * cosh(pi() * (1 - (2 * cell_y + 1) / {world})) ^ 2), 100)"
            "::bigint"
        ).format(whole=100 * (2 * WORLD / world) ** 2, world=float(world))
        return [
            square.format(
                counted(sql.SQL("n"), sql.SQL("round(area / 10000)::bigint"), cover),
                side=side,
                left=x << CELL_BITS,
                top=y << CELL_BITS,
            )
        ]

    def middle(east: str, south: str) -> sql.Composed:
        place = f"ST_MakePoint(({east} - {{}}) / {{unit}}, ({south} - {{}}) / {{unit}})"
        return sql.SQL(f"ST_AsTWKB({place}, 0)").format(
            x << DEPTH - z,
            y << DEPTH - z,
            unit=sql.Literal((1 << DEPTH - z) / EXTENT),
        )

    # an array, since a plan for the cells themselves would compare each with each
    alone = banded(view).where(
        sql.SQL("fid = ANY (ARRAY(SELECT fids::bigint FROM cell WHERE n = 1))")
    )
    return [
        sql.SQL("SELECT {}, {} FROM cell WHERE n > 1").format(
            counted(sql.SQL("n")), middle("px / n", "py / n")
        ),
        alone.select(sql.SQL("{}, {}").format(uncounted(layer), middle("_px", "_py"))),
    ]


def _summed(view: Reading, zxy: Zxy) -> sql.Composed:
    valid_at = view.moment.valid_at
    assert isinstance(valid_at, datetime)
    return sql.SQL(
        "SELECT cell_x, cell_y, kind, n, area, px, py, fids FROM {}"
        " WHERE z = {} AND x = {} AND y = {} AND at <= {}"
    ).format(table(view.layer), *zxy, instant(valid_at))


def _counted(shapes: Reading, zxy: Zxy, sign: int) -> sql.Composed:
    """What features themselves add to the cells of a tile, or with -1 take away."""
    z, x, y = zxy
    here = sql.SQL("_drawn_from > {z} AND _px >> {s} = {x} AND _py >> {s} = {y}").format(
        z=z, s=DEPTH - z, x=x, y=y
    )
    return shapes.where(here).select(
        sql.SQL(
            "_px >> {s}, _py >> {s}, {kind}, {sign}, {sign} * _area, {sign} * _px::bigint,"
            " {sign} * _py::bigint, {sign}::numeric * fid"
        ).format(s=DEPTH - CELL_BITS - z, sign=sign, kind=_kind(shapes.layer))
    )
