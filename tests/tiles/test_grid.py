"""Low zooms: features and cells together are the whole truth, at every moment."""

from datetime import UTC, datetime

import pytest
import shapely
from psycopg import sql
from town import SRID, load, squares, tile, tiles_of_town, year, zxy_at

from spatial import scenario
from spatial.asof import AsOf
from spatial.database import Database
from spatial.edit import edit
from spatial.filter.filter import Filter
from spatial.grant import OWNER, Access, Grant, Scope
from spatial.query import reading
from tiles.build import store
from tiles.render import FEW
from tiles.vector import ALL, Options

COUNT = FEW * 5 // 4 + 200  # a fifth ends, and does not count as current
FAR = shapely.box(600_000, 3_486_000, 600_010, 3_486_010)


@pytest.fixture
def town(database: Database) -> Database:
    load(database, "town", squares(COUNT), "MultiPolygon", area_field="area_code")
    store(database, "town")
    return database


def truth(
    database: Database, asof: AsOf, grant: Grant = OWNER, condition: str = "true"
) -> tuple[int, float]:
    """How many features there are, and their area."""
    with reading(database, "town", asof, grant) as (pg, view):
        rows = view.where(sql.SQL(condition)).select(sql.SQL("ST_Area(geom)"))  # type: ignore[arg-type]
        areas = [row[0] for row in pg.execute(rows)]
    return len(areas), sum(areas)


def require_true(
    database: Database,
    asof: AsOf,
    zooms: tuple[int, ...] = (12, 9, 0),
    grant: Grant = OWNER,
    options: Options = ALL,
    condition: str = "true",
) -> None:
    count, area = truth(database, asof, grant, condition)
    with reading(database, "town", asof, grant) as (pg, view):
        sizes = dict(pg.execute(view.select(sql.SQL("fid, ST_Area(geom)"))).fetchall())
    for z in zooms:
        told = tiles_of_town(database, "town", z, asof, grant, options)
        assert told.count == count
        seen = sum(sizes[fid] for fid in told.features)
        cells = sum(cell["properties"]["area"] for cell in told.cells)
        assert seen + cells == pytest.approx(area, abs=0.51 * max(len(told.cells), 1))


def test_sums_are_true_at_every_valid_time(town: Database) -> None:
    for valid_at in (None, year(2005), year(2010), year(2015), year(2020)):
        require_true(town, AsOf(valid_at))


def test_they_stay_true_through_edits_and_at_past_editions(town: Database) -> None:
    before = datetime.now(UTC)
    with edit(town, "town", author="ada") as editor:
        editor.remove(8)
        editor.update(3, {}, FAR, SRID)
        editor.update(101, {"code": "big"})
        editor.insert({"code": "more"}, FAR, SRID)
    require_true(town, AsOf())
    require_true(town, AsOf(known_at=before))
    require_true(town, AsOf(year(2015), before))


def test_they_are_true_in_a_scenario_and_after_main_moved_on(town: Database) -> None:
    scenario.create(town, "plan", author="ada")
    with edit(town, "town", author="ada", scenario="plan") as editor:
        editor.remove(8)
        editor.update(3, {}, FAR, SRID)
        editor.remove(101)
        editor.insert({"code": "more"}, FAR, SRID)
    plan = AsOf(scenario="plan")
    require_true(town, plan)
    with edit(town, "town", author="ada") as editor:
        editor.update(3, {"code": "main"})
        editor.remove(4)
        editor.remove(201)
    require_true(town, plan)
    require_true(town, AsOf(year(2015), scenario="plan"))
    require_true(town, AsOf())


def test_many_differences_are_counted_from_the_rows(
    town: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = datetime.now(UTC)
    with edit(town, "town", author="ada") as editor:
        for fid in (3, 4, 5):
            editor.remove(fid)
    monkeypatch.setattr("tiles.grid.MANY", 2)
    require_true(town, AsOf(known_at=before))


def test_a_grant_for_one_area_counts_only_its_own(database: Database) -> None:
    load(
        database, "town", squares(COUNT), "MultiPolygon",
        area_field="area_code", access="restricted",
    )  # fmt: skip
    store(database, "town")
    grant = Grant("half", Scope.READ, frozenset(Access), ("320200",), authenticated=True)
    require_true(database, AsOf(), grant=grant)
    assert truth(database, AsOf(), grant)[0] < truth(database, AsOf())[0]


def test_a_filter_is_counted_too(town: Database) -> None:
    by_value = Options(Filter("code = 'c3'"))
    require_true(town, AsOf(), (12, 8), options=by_value, condition="code = 'c3'")
    here = "ST_Intersects(geom, ST_MakeEnvelope(528000, 3486000, 528500, 3486500, 4549))"
    box = "POLYGON((3486000 528000,3486000 528500,3486500 528500,3486500 528000,3486000 528000))"
    by_place = Options(
        Filter(f"S_INTERSECTS(geometry, {box})", crs="http://www.opengis.net/def/crs/EPSG/0/4549")
    )
    require_true(town, AsOf(), (12, 8), options=by_place, condition=here)


def test_what_is_big_is_drawn_and_what_is_small_is_a_cell(town: Database) -> None:
    at_12 = tiles_of_town(town, "town", 12)
    assert set(at_12.features) <= set(range(1, COUNT + 1, 100))
    assert at_12.features
    assert at_12.cells
    far = tiles_of_town(town, "town", 6)
    assert not far.features
    zxy = zxy_at(13, 528_500, 3_486_500)
    near = tile(town, "town", zxy)
    assert not near.cells
    assert len(near.features) > 500


def test_a_small_layer_is_drawn_feature_by_feature(database: Database) -> None:
    load(database, "town", squares(300), "MultiPolygon")
    store(database, "town")
    told = tiles_of_town(database, "town", 12)
    assert told.count == len(told.features) == 240


def test_points_that_crowd_are_clusters_and_a_lone_one_is_itself(database: Database) -> None:
    crowd = [square.centroid for square in squares(COUNT)]
    lone = shapely.Point(560_000, 3_500_000)
    load(database, "town", [*crowd, lone], "Point")
    store(database, "town")
    for z in (12, 8):
        told = tiles_of_town(database, "town", z)
        assert told.count == truth(database, AsOf())[0]
        assert all(cell["geometry"]["type"] == "Point" for cell in told.cells)
        assert told.cells
    far = tile(database, "town", zxy_at(12, 560_000, 3_500_000))
    assert set(far.features) == {COUNT + 1}
    assert far.features[COUNT + 1]["properties"]["height"] == COUNT


def test_a_cell_is_of_the_kind_that_prevails_in_it(database: Database) -> None:
    """Of a layer that the map colours by a column, here the parcels by their land code."""
    crowd = squares(COUNT)
    codes = ["0703" if n % 4 == 1 else "0101" for n in range(COUNT)]
    load(database, "parcels", crowd, "MultiPolygon", text=("land_code", codes))
    store(database, "parcels")
    told = tiles_of_town(database, "parcels", 9)
    kinds = [cell["properties"]["land_code"] for cell in told.cells]
    assert set(kinds) <= {"0101", "0703"}
    assert kinds.count("0101") > 0.7 * len(kinds)  # at the rim a cell may hold but one row
    assert all(0 <= cell["properties"]["cover"] <= 100 for cell in told.cells)
