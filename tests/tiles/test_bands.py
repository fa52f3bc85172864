"""Stored shapes and cells: whoever writes the layer, they are what it is."""

import pytest
import shapely
from psycopg import sql
from town import SRID, load, squares, tile, zxy_at

from spatial import catalogue, scenario
from spatial.database import Database
from spatial.edit import edit
from spatial.evolve import evolution, evolve
from spatial.layer import Column, Layer
from tiles import grid
from tiles.bands import with_shapes
from tiles.build import store, unstored

BOX = shapely.box(528_000, 3_486_000, 528_500, 3_486_100)
SMALL = shapely.box(528_000, 3_486_000, 528_005, 3_486_010)


@pytest.fixture
def town(database: Database) -> Database:
    load(database, "town", squares(300), "MultiPolygon")
    store(database, "town")
    return database


def told(database: Database, layer: Layer) -> list[list[tuple[object, ...]]]:
    """All stored shapes, and the sums of all events."""
    shapes = sql.SQL("SELECT md5(s::text) FROM {} s ORDER BY version")
    sums = sql.SQL(
        "SELECT z, x, y, cell_x, cell_y, at::text, sum(n), sum(area), sum(px), sum(py), sum(fids)"
        " FROM {} GROUP BY 1, 2, 3, 4, 5, 6"
        " HAVING (sum(n), sum(area), sum(fids)) <> (0, 0, 0) ORDER BY 1, 2, 3, 4, 5, 6"
    )
    with database.begin() as tx:
        return [
            tx.pg.execute(shapes.format(with_shapes(layer).table)).fetchall(),
            tx.pg.execute(sums.format(grid.table(layer))).fetchall(),
        ]


def require_followed(database: Database) -> None:
    """What the triggers kept is what building anew makes."""
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, "town")
    kept = told(database, layer)
    with database.begin() as tx:
        table = with_shapes(layer).table
        tx.pg.execute(sql.SQL("COMMENT ON TABLE {} IS NULL").format(table))
    store(database, "town")
    anew = told(database, layer)
    assert kept[0] == anew[0]
    assert kept[1] == anew[1]


def test_they_follow_edits_of_the_main_line(town: Database) -> None:
    with edit(town, "town", author="ada") as editor:
        editor.update(9, {"code": "new"}, BOX, SRID)
        editor.update(9, {"code": "newer"})
        editor.remove(3)
        editor.correct_away(4)
        editor.insert({"code": "more"}, SMALL, SRID)
    with edit(town, "town", author="ada") as editor:
        editor.update(9, {"code": "newest"}, SMALL, SRID)
    require_followed(town)


def test_they_follow_scenarios(town: Database) -> None:
    for name in ("kept", "dropped"):
        scenario.create(town, name, author="ada")
        with edit(town, "town", author="ada", scenario=name) as editor:
            editor.update(9, {"code": "plan"}, BOX, SRID)
            editor.remove(3)
            editor.insert({"code": "more"}, SMALL, SRID)
    with edit(town, "town", author="ada") as editor:
        editor.update(9, {"code": "meanwhile"})
    scenario.rebase(town, "kept", author="ada", keep="scenario")
    require_followed(town)
    scenario.adopt(town, "kept", author="ada", keep="scenario")
    scenario.discard(town, "dropped", author="ada")
    require_followed(town)


def test_they_follow_values_that_are_blanked_and_rows_that_are_deleted(town: Database) -> None:
    with town.begin() as tx:
        tx.pg.execute("UPDATE layers.town SET code = NULL WHERE fid = 2")
        tx.pg.execute("UPDATE layers.town SET geom = NULL WHERE fid = 3")
        tx.pg.execute("DELETE FROM layers.town WHERE fid = 4")
    require_followed(town)
    with town.begin() as tx:
        assert tx.pg.execute("SELECT code FROM tiles.town WHERE fid = 2").fetchone() == (None,)


def test_what_is_written_while_they_are_built_is_not_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(database, "town", squares(300), "MultiPolygon")
    build = grid.build

    def meanwhile(layer: Layer, shapes: sql.Composable) -> list[sql.Composed]:
        with edit(database, "town", author="ada") as editor:
            editor.update(9, {"code": "new"}, BOX, SRID)
            editor.insert({"code": "more"}, SMALL, SRID)
        return build(layer, shapes)

    monkeypatch.setattr(grid, "build", meanwhile)
    store(database, "town")
    monkeypatch.undo()
    require_followed(database)


@pytest.mark.parametrize("name", ["area", "at", "z", "kind"])
def test_no_name_of_an_attribute_is_in_the_way(database: Database, name: str) -> None:
    load(database, "town", squares(2600), "MultiPolygon", text=(name, ["a"] * 2600))
    store(database, "town")
    with edit(database, "town", author="ada") as editor:
        editor.update(8, {name: "new"}, SMALL, SRID)
    features = tile(database, "town", zxy_at(14, 528_000, 3_486_000)).features
    assert {features[fid]["properties"][name] for fid in (8, 9)} == {"new", "a"}
    assert tile(database, "town", zxy_at(10, 528_500, 3_486_500)).cells


def test_they_are_made_anew_where_the_columns_change(town: Database) -> None:
    with town.begin() as tx:
        layer = catalogue.find(tx.pg, "town")
        height = Column("height", "double precision", "the title says nothing")
        titled = [height if one.name == "height" else one for one in layer.columns]
        evolve(tx.pg, layer, evolution(tx.pg, layer, titled))
        assert unstored(tx.pg) == []
        evolve(tx.pg, layer, evolution(tx.pg, layer, [*layer.columns, Column("rank", "integer")]))
    with edit(town, "town", author="ada") as editor:
        editor.update(8, {"rank": 3})
    place = zxy_at(14, 528_000, 3_486_000)
    assert tile(town, "town", place).features[8]["properties"]["rank"] == 3
    with town.begin() as tx:
        assert unstored(tx.pg) == ["town"]
    store(town, "town")
    assert tile(town, "town", place).features[8]["properties"]["rank"] == 3


def test_they_go_with_their_layer_and_are_as_closed(town: Database) -> None:
    readable = "SELECT has_table_privilege('citytwin_public', 'tiles.town', 'SELECT')"
    with town.begin() as tx:
        assert tx.pg.execute(readable).fetchone() == (True,)
        assert unstored(tx.pg) == []
    load(town, "secret", squares(3), "MultiPolygon", access="restricted")
    store(town, "secret")
    with town.begin() as tx:
        for room in ("tiles", "grids"):
            may = f"SELECT has_table_privilege('citytwin_shared', '{room}.secret', 'SELECT')"
            assert tx.pg.execute(may.encode()).fetchone() == (False,)
        catalogue.drop(tx, "secret")
        gone = "SELECT to_regclass('tiles.secret'), to_regclass('grids.secret')"
        assert tx.pg.execute(gone).fetchone() == (None, None)
