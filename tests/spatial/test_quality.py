"""The report counts what was made wrong by hand, and is made anew when the layer changes."""

import pytest
import shapely
from worlds import make_layer

from datasets.code_file import read_codes
from spatial.describe import describe
from spatial.edit import edit
from spatial.errors import Invalid, NotFound, Rejected
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


def test_codes_and_keys_that_do_not_hold(database, plots):
    with edit(database, "plots", author="ada") as editor:
        editor.insert({"code": "c1"}, shapely.box(528_090, 3_486_000, 528_091, 3_486_001), 4549)
        editor.insert({"code": "oops"}, SQUARE, 4549)
        editor.insert({"code": None}, SQUARE, 4549)
    before = quality(database, "plots", OWNER)
    assert (before["key"], before["codes"]) == (None, [])
    assert before["geometry"]["repeated"]["features"] == 3  # both, and the first of all
    lists = {"code": {"c0": "甲", "c1": "乙", "c2": "丙"}}
    describe(database, "plots", {"key": "code"}, author="steward", codes=lists)
    report = quality(database, "plots", OWNER)
    assert report["key"] == {
        "field": "code",
        "missing": {"features": 1, "fids": [6]},
        "repeated": {"features": 2, "fids": [2]},
    }
    (codes,) = report["codes"]
    assert codes == {"field": "code", "codes": 3, "unknown": {"features": 1, "fids": [5]}}
    describe(database, "plots", {"key": ""}, author="steward", codes={"code": {}})
    assert quality(database, "plots", OWNER)["codes"] == []
    with pytest.raises(Invalid, match="no column nowhere"):
        describe(database, "plots", {}, author="steward", codes={"nowhere": {"a": "A"}})


def test_a_code_list_is_read_from_a_table(tmp_path):
    file = tmp_path / "codes.csv"
    file.write_bytes("代码,名称\n0101,水田\n0102, 水浇地\n".encode("gbk"))
    assert read_codes(file) == {"0101": "水田", "0102": "水浇地"}
    file.write_text("code,title\na,A\na,B\n")
    with pytest.raises(Rejected, match="twice"):
        read_codes(file)
    file.write_text("code,title\n")
    with pytest.raises(Rejected, match="no codes"):
        read_codes(file)
