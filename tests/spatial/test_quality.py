"""The report counts what was made wrong by hand, and is made anew when the layer changes."""

import pytest
import shapely
from worlds import make_layer

from spatial.edit import edit
from spatial.errors import NotFound
from spatial.grant import ANONYMOUS, OWNER, Access, Grant, Scope
from spatial.quality import quality

SQUARE = shapely.box(528_000, 3_486_000, 528_001, 3_486_001)


def test_a_report(database, plots):
    with edit(database, "plots", author="ada") as editor:
        editor.insert({"code": " ", "height": None}, shapely.MultiPolygon([SQUARE]), 4549)
        editor.insert({"code": "x"}, shapely.box(-9e6, 0, -9e6 + 1, 1), 4549)
    with database.begin() as tx:  # past the guards, which repair or refuse it
        tx.pg.execute(
            "UPDATE layers.plots SET geom = ST_GeomFromText('MULTIPOLYGON(((528000 3486000,"
            "528002 3486002,528002 3486000,528000 3486002,528000 3486000)))', 4549) WHERE fid = 2"
        )
        tx.pg.execute("UPDATE layers.plots SET geom = NULL WHERE fid = 3")
    report = quality(database, "plots", OWNER)
    assert report["features"] == 5
    assert [(one["field"], one["filled"], one["share"]) for one in report["completeness"]] == [
        ("code", 4, 0.8), ("height", 3, 0.6),
    ]  # fmt: skip
    found = {check: sorted(one["fids"]) for check, one in report["geometry"].items()}
    assert found["missing"] == [3]
    assert found["invalid"] == [2]
    assert found["outside"] == [5]
    assert found["empty"] == []
    assert report["freshness"]["days"] == 0
    again = quality(database, "plots", OWNER)
    assert again["made_at"] == report["made_at"]
    with edit(database, "plots", author="ada") as editor:
        editor.remove(5)
    assert quality(database, "plots", OWNER)["features"] == 4


def test_only_of_what_the_grant_sees(database):
    make_layer(database, access="restricted", area_field="code")
    assert quality(database, "plots", OWNER)["features"] == 3
    within = Grant("b", Scope.READ, frozenset(Access), areas=("c1",), authenticated=True)
    assert quality(database, "plots", within)["features"] == 1
    with pytest.raises(NotFound):
        quality(database, "plots", ANONYMOUS)


def test_it_is_served(client, plots):
    answer = client.get("/collections/plots/quality")
    assert answer.json()["features"] == 3
    assert client.get("/collections/nowhere/quality").status_code == 404
