"""A filter on a place is found by the spatial index."""

import pytest
from worlds import make_layer

from spatial.asof import AsOf
from spatial.database import Database
from spatial.filter.filter import Filter
from spatial.grant import OWNER, Access, Grant
from spatial.query import names, reading

ROWS = 20_000
NEAR = "BBOX(3485990,530000,3486010,530100)"
CRS = "http://www.opengis.net/def/crs/EPSG/0/4549"
PART = Grant("street", classes=frozenset(Access), areas=("c",), authenticated=True)


@pytest.fixture
def many(database: Database) -> Database:
    make_layer(database, count=ROWS, access="restricted", area_field="code")
    with database.begin() as tx:
        tx.pg.execute("ANALYZE layers.plots")
    return database


@pytest.mark.parametrize("grant", [OWNER, PART])
@pytest.mark.parametrize(
    "text",
    [
        f"S_INTERSECTS(geometry, {NEAR})",
        f"height > 3 AND S_WITHIN(geometry, {NEAR})",
        f"height > 3 AND (code LIKE 'c%' AND S_INTERSECTS({NEAR}, geometry))",
    ],
)
def test_the_plan_uses_the_spatial_index(many: Database, text: str, grant: Grant) -> None:
    with reading(many, "plots", AsOf(), OWNER) as (_, view):
        indexed = view.filtered(Filter(text, crs=CRS).on(view.layer))
        assert indexed.boxed
    with reading(many, "plots", AsOf(), grant) as (pg, view):
        query = view.filtered(Filter(text, crs=CRS).on(view.layer)).select(names(["fid"]))
        pg.execute("RESET ROLE")
        plan = "\n".join(row[0] for row in pg.execute("EXPLAIN " + query.as_string()))
        assert len(pg.execute(query).fetchall()) in (10, 11)
    assert "Seq Scan" not in plan
    assert "geom &&" in plan


def test_a_place_that_need_not_be_met_is_no_box(many: Database) -> None:
    for text in (
        f"S_DISJOINT(geometry, {NEAR})",
        f"NOT S_INTERSECTS(geometry, {NEAR})",
        f"height = 1 OR S_INTERSECTS(geometry, {NEAR})",
    ):
        with reading(many, "plots", AsOf(), OWNER) as (pg, view):
            filtered = view.filtered(Filter(text, crs=CRS).on(view.layer))
            row = pg.execute(filtered.count()).fetchone()
            assert not filtered.boxed
            assert row
            assert row[0] == (ROWS - 11 if not text.startswith("height") else 12)
