"""Storing a layer's shapes: once for what is there, by triggers for all that follows."""

from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from spatial import catalogue, changes
from spatial.database import Database, Pg
from spatial.layer import Layer, shorten
from spatial.period import instant
from tiles import grid
from tiles.bands import INDEXED, SCHEMA, VERSION, BandLayer, columns, of_rows, with_shapes

_LOCK = 0x6380
_INDEXES = """
CREATE UNIQUE INDEX ON {table} (version);
CREATE INDEX ON {table} (fid);
CREATE INDEX ON {table} USING gist (geom)
    WHERE scenario = 0 AND NOT removed AND upper_inf(recorded) IS TRUE AND upper_inf(valid) IS TRUE;
CREATE INDEX ON {table} USING gist (geom, valid) WHERE scenario = 0 AND NOT removed
    AND upper_inf(recorded) IS TRUE AND upper_inf(valid) IS FALSE;
CREATE INDEX ON {table} USING gist (geom, recorded)
    WHERE scenario = 0 AND NOT removed AND upper_inf(recorded) IS FALSE;
CREATE INDEX ON {table} (scenario, fid) WHERE scenario <> 0;
CREATE INDEX ON {table} USING gist (geom) WHERE scenario <> 0;
CREATE INDEX ON {table} USING brin (lower(recorded)) WITH (autosummarize);
CREATE INDEX ON {table} (upper(recorded)) WHERE upper_inf(recorded) IS FALSE;
CREATE STATISTICS {valid} ON upper_inf(valid) FROM {table};
CREATE STATISTICS {recorded} ON upper_inf(recorded) FROM {table}
"""
# of what is big enough for low zooms there is little, and it must be found among all the rest
_BIG = """
CREATE INDEX ON {table} USING gist (geom)
    WHERE scenario = 0 AND NOT removed AND upper_inf(recorded) IS TRUE AND _drawn_from <= {zoom};
CREATE INDEX ON {table} USING gist (geom)
    WHERE scenario = 0 AND NOT removed AND upper_inf(recorded) IS FALSE AND _drawn_from <= {zoom}
"""
_OPENED, _CLOSED = sql.SQL("opened"), sql.SQL("closed")


def unstored(pg: Pg) -> list[str]:
    """Layers of which the shapes are not stored yet, smallest first."""
    rows = pg.execute(
        "SELECT name FROM city.layer WHERE cursor > 0 AND NOT EXISTS ("
        " SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = %s AND relname = name AND obj_description(c.oid, 'pg_class') = %s)"
        " ORDER BY current, name",
        [SCHEMA, VERSION],
    ).fetchall()
    return [row[0] for row in rows]


def store(database: Database, name: str) -> None:
    """Store the shapes of a layer, all of it or nothing; its writers wait only at the end.

    Until then, and where it fails, its tiles are made from the layer itself. Raises NotFound
    where the layer is gone.
    """
    with database.begin() as tx:
        pg = tx.pg
        layer = catalogue.find(pg, name)
        pg.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, layer.id])
        if name not in unstored(pg):  # another process was first
            return
        pg.execute("SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '128MB'")
        layer = catalogue.find(pg, name)
        shapes = with_shapes(layer)
        _fill(pg, layer, shapes)
        changes.lock_layer(pg, layer)
        _catch_up(pg, layer, shapes)
        for trigger in _triggers(layer, shapes):
            pg.execute(trigger)
        pg.execute("SELECT tiles.permit(%s)", [name])
        pg.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(shapes.table, VERSION))


def _fill(pg: Pg, layer: Layer, shapes: BandLayer) -> None:
    for old in (shapes.table, grid.table(layer)):
        pg.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(old))
    # neighbours lie side by side, so that a tile reads few pages
    pg.execute(
        sql.SQL("CREATE TABLE {} ({}) AS SELECT * FROM ({}) made ({}) ORDER BY geom").format(
            shapes.table, columns(layer), of_rows(layer, layer.table), columns(layer)
        )
    )
    named = {
        "table": shapes.table,
        "valid": sql.Identifier(SCHEMA, shorten(layer.name, "_valid")),
        "recorded": sql.Identifier(SCHEMA, shorten(layer.name, "_recorded")),
    }
    _run(pg, _INDEXES, named)
    for zoom in INDEXED:
        _run(pg, _BIG, named | {"zoom": sql.Literal(zoom)})
    pg.execute(sql.SQL("ANALYZE {}").format(shapes.table))
    for statement in grid.build(layer, shapes.table):
        pg.execute(statement)


def _run(pg: Pg, script: LiteralString, named: Mapping[str, sql.Composable]) -> None:
    for statement in script.split(";"):
        pg.execute(sql.SQL(statement).format(**named))


def _catch_up(pg: Pg, layer: Layer, shapes: BandLayer) -> None:
    """Take in what was written since the filling began."""
    since = sql.SQL("lower(recorded) > {0} OR upper(recorded) > {0}").format(
        instant(layer.last_recorded)
    )
    late = sql.SQL("(SELECT * FROM {} WHERE {}) late").format(layer.table, since)
    for statement in (*_gone(layer, shapes, late), *_come(layer, shapes, late)):
        pg.execute(statement)


def _come(layer: Layer, shapes: BandLayer, rows: sql.Composable) -> list[sql.Composed]:
    """Store the shapes of rows of the layer's table, an expression for FROM."""
    return [
        sql.SQL("INSERT INTO {} ({}) {}").format(
            shapes.table, columns(layer), of_rows(layer, rows)
        ),
        grid.events(layer, _shapes(shapes, rows), 1),
    ]


def _gone(layer: Layer, shapes: BandLayer, rows: sql.Composable) -> list[sql.Composed]:
    """Forget the shapes of rows of the layer's table."""
    return [
        grid.events(layer, _shapes(shapes, rows), -1),
        sql.SQL("DELETE FROM {} WHERE version IN (SELECT version FROM {})").format(
            shapes.table, rows
        ),
    ]


def _shapes(shapes: BandLayer, rows: sql.Composable) -> sql.Composed:
    return sql.SQL("(SELECT * FROM {} WHERE version IN (SELECT version FROM {})) s").format(
        shapes.table, rows
    )


def _closings(layer: Layer, shapes: BandLayer) -> list[sql.Composed]:
    ended = sql.SQL("(SELECT version FROM opened WHERE NOT upper_inf(recorded)) ended")
    return [
        grid.events(layer, _shapes(shapes, ended), -1),
        sql.SQL(
            "UPDATE {} s SET recorded = n.recorded FROM opened n"
            " WHERE s.version = n.version AND s.recorded <> n.recorded"
        ).format(shapes.table),
    ]


def _triggers(layer: Layer, shapes: BandLayer) -> list[sql.Composed]:
    """What follows the layer's table. An update closes; only erasure changes what a row says."""
    content = [*layer.column_names, "geom", "valid", "fid", "scenario", "removed"]
    new, old = (
        sql.SQL(", ").join(sql.SQL("{}.{}").format(side, sql.Identifier(c)) for c in content)
        for side in (_OPENED, _CLOSED)
    )
    changed = sql.SQL(
        "(SELECT opened.* FROM opened JOIN closed USING (version)"
        " WHERE ROW({}) IS DISTINCT FROM ROW({})) changed"
    ).format(new, old)
    did: dict[LiteralString, tuple[LiteralString, list[sql.Composed]]] = {
        "INSERT": ("NEW TABLE AS opened", _come(layer, shapes, _OPENED)),
        "DELETE": ("OLD TABLE AS closed", _gone(layer, shapes, _CLOSED)),
        "UPDATE": (
            "OLD TABLE AS closed NEW TABLE AS opened",
            [
                *_gone(layer, shapes, changed),
                *_come(layer, shapes, changed),
                *_closings(layer, shapes),
            ],
        ),
    }
    made = []
    for action, (tables, statements) in did.items():
        name = sql.Identifier(f"tiles_{action.lower()}")
        made += [
            sql.SQL("DROP TRIGGER IF EXISTS {} ON {}").format(name, layer.table),
            sql.SQL(
                "CREATE TRIGGER {} AFTER {} ON {} REFERENCING {} FOR EACH STATEMENT"
                " EXECUTE FUNCTION tiles.follow({})"
            ).format(
                name,
                sql.SQL(action),
                layer.table,
                sql.SQL(tables),
                sql.SQL(", ").join(sql.Literal(one.as_string()) for one in statements),
            ),
        ]
    return made
