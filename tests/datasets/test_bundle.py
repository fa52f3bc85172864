"""Two cities: what one tells in bundles, the other's books say too."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import geopandas as gpd
import psycopg
import pytest
import shapely
from psycopg import sql
from worlds import make_layer

from datasets.bundle import apply_bundle, write_bundle
from datasets.load import load
from spatial import audit, catalogue, scenario
from spatial.asof import AsOf
from spatial.database import Database
from spatial.describe import describe
from spatial.edit import edit
from spatial.erase import erase
from spatial.errors import Conflict, Denied, Rejected
from spatial.frame import read_frame
from spatial.grant import OWNER, Access, Grant, Scope
from spatial.migrate import migrate
from spatial.period import Period
from spatial.quality import quality
from spatial.revert import revert

KEY = b"a key that both of them hold"
YEARS = [datetime(year, 7, 1, tzinfo=UTC) for year in range(2020, 2027)]
SQUARE = shapely.box(528_000, 3_486_000, 528_009, 3_486_009)


@pytest.fixture
def other(cluster) -> Iterator[Database]:
    """The city that receives."""
    with psycopg.connect(cluster.conninfo_for("postgres"), autocommit=True) as pg:
        pg.execute("CREATE DATABASE receiver")
        with psycopg.connect(cluster.conninfo_for("receiver"), autocommit=True) as there:
            there.execute("CREATE EXTENSION postgis")
        city = Database(cluster.conninfo_for("receiver"))
        migrate(city)
        yield city
        city.close()
        pg.execute(sql.SQL("DROP DATABASE receiver WITH (FORCE)"))


def bundle(database, path, since=0, names=("plots",), grant=OWNER):
    return write_bundle(database, names, path, key=KEY, grant=grant, since=since, title="甲市")


def state(database, name="plots"):
    said = []
    for at in YEARS:
        frame = read_frame(database, name, AsOf(at), OWNER).sort_values("fid")
        said.append(frame.drop(columns="version").to_wkb().to_csv(index=False))
    return said


def work(database, turn):
    with edit(database, "plots", author="ada") as editor:
        editor.correct(1, Period(YEARS[turn], YEARS[turn + 2]), {"code": f"耕地{turn}"})
        editor.insert({"code": "new"}, SQUARE, 4549, Period(YEARS[1], YEARS[5]))
    with edit(database, "plots", author="bob") as editor:
        editor.update(2, {"height": 9.0 + turn}, at=YEARS[turn + 1])


def test_bundles_in_turn(database, other, plots, tmp_path):
    work(database, 0)
    first = bundle(database, tmp_path / "1")
    applied = apply_bundle(other, tmp_path / "1", key=KEY)[0]
    assert len(applied.cursors) == 3  # the load and two edits, each a change of ours
    assert state(other) == state(database)
    assert apply_bundle(other, tmp_path / "1", key=KEY)[0].cursors == []  # it may come twice
    work(database, 2)
    revert(database, 3, author="ada", force=True)
    second = bundle(database, tmp_path / "2", since=first["until"])
    work(database, 1)
    bundle(database, tmp_path / "3", since=second["until"])
    with pytest.raises(Conflict, match="apply the bundle between them first"):
        apply_bundle(other, tmp_path / "3", key=KEY)
    bundle(database, tmp_path / "2+3", since=0)  # overlapping ones fit too
    apply_bundle(other, tmp_path / "2", key=KEY)
    apply_bundle(other, tmp_path / "2+3", key=KEY)
    assert state(other) == state(database)
    with other.begin() as tx:
        layer = catalogue.find(tx.pg, "plots")
        authors = tx.pg.execute("SELECT author FROM city.change ORDER BY cursor").fetchall()
        received = tx.pg.execute(
            "SELECT r.origin_cursor, r.recorded FROM city.received r ORDER BY r.cursor"
        ).fetchall()
    with database.begin() as tx:
        theirs = tx.pg.execute("SELECT cursor, at FROM city.change ORDER BY cursor").fetchall()
        assert (layer.current, layer.access) == (catalogue.find(tx.pg, "plots").current, "public")
    assert received == theirs
    assert authors[:3] == [("builder",), ("ada",), ("bob",)]


def test_tampering_and_strangers_are_refused(database, other, plots, tmp_path):
    bundle(database, tmp_path / "good")
    with zipfile.ZipFile(tmp_path / "good") as good:
        parts = {name: good.read(name) for name in good.namelist()}
    for name in parts:
        with zipfile.ZipFile(tmp_path / "bad", "w") as bad:
            for part, content in parts.items():
                spoilt = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
                bad.writestr(part, spoilt if part == name else content)
        with pytest.raises(Rejected):
            apply_bundle(other, tmp_path / "bad", key=KEY)
    with pytest.raises(Rejected, match="not signed by this key"):
        apply_bundle(other, tmp_path / "good", key=b"another key altogether")
    with pytest.raises(Conflict, match="own"):
        apply_bundle(database, tmp_path / "good", key=KEY)
    make_layer(other)
    with pytest.raises(Conflict, match="our 'plots' is not a layer of 甲市"):
        apply_bundle(other, tmp_path / "good", key=KEY)


def test_changes_made_here_are_found_out(database, other, plots, tmp_path):
    bundle(database, tmp_path / "1")
    apply_bundle(other, tmp_path / "1", key=KEY)
    with edit(other, "plots", author="eve") as editor:
        editor.update(2, {"code": "mine"}, at=YEARS[3])
    work(database, 0)
    bundle(database, tmp_path / "2", since=1)
    with pytest.raises(Conflict, match="was changed here"):
        apply_bundle(other, tmp_path / "2", key=KEY)
    revert(other, 2, author="eve")
    apply_bundle(other, tmp_path / "2", key=KEY)
    assert state(other) == state(database)


def test_only_what_the_grant_allows(database, other, tmp_path):
    make_layer(database, access="restricted", area_field="code")
    public = Grant("b", Scope.READ, frozenset({Access.PUBLIC}), authenticated=True)
    with pytest.raises(Denied, match="--class restricted"):
        bundle(database, tmp_path / "no", grant=public)
    assert not (tmp_path / "no").exists()
    within = Grant("b", Scope.READ, frozenset(Access), areas=("c1",), authenticated=True)
    bundle(database, tmp_path / "some", grant=within)
    apply_bundle(other, tmp_path / "some", key=KEY)
    assert read_frame(other, "plots", AsOf(), OWNER).fid.tolist() == [2]
    with other.begin() as tx:
        assert catalogue.find(tx.pg, "plots").access == "restricted"


def test_classes_and_erasures_are_handed_on_once(database, other, plots, tmp_path):
    first = bundle(database, tmp_path / "1")
    apply_bundle(other, tmp_path / "1", key=KEY)
    with edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "甲某"}, at=YEARS[3])
    erase(database, "plots", ["code"], fids=[1], author="dpo", reason="the law asks")
    describe(database, "plots", {}, author="ada", access="restricted")
    second = bundle(database, tmp_path / "2", since=first["until"])
    assert "甲某" not in (tmp_path / "2").read_bytes().decode(errors="ignore")
    (applied,) = apply_bundle(other, tmp_path / "2", key=KEY)
    assert (applied.access, len(applied.cursors)) == ("restricted", 3)
    assert state(other) == state(database)
    with other.begin() as tx:
        held = tx.pg.execute("SELECT count(*), count(code) FROM layers.plots WHERE fid = 1")
        assert held.fetchone() == (3, 0)  # in the versions that were here before too
        assert not tx.pg.execute(
            "SELECT has_table_privilege('citytwin_public', 'layers.plots', 'SELECT')"
        ).fetchone()[0]
    acts = [(act.author, act.action, act.reason) for act in audit.entries(other)]
    assert acts == [
        ("dpo", "erase", "the law asks"),
        ("ada", "classify", "from public to restricted"),
    ]
    bundle(database, tmp_path / "1+2")  # and once more from the beginning
    for name in ("2", "1+2", "1"):
        (applied,) = apply_bundle(other, tmp_path / name, key=KEY)
        assert (applied.access, applied.cursors) == ("restricted", [])
    # here it is opened, and stays so until they say something new of it
    describe(other, "plots", {}, author="eve", access="shared")
    work(database, 0)
    third = bundle(database, tmp_path / "3", since=second["until"])
    assert apply_bundle(other, tmp_path / "3", key=KEY)[0].access == "shared"
    describe(database, "plots", {}, author="ada", access="public")
    bundle(database, tmp_path / "4", since=third["until"])
    assert apply_bundle(other, tmp_path / "4", key=KEY)[0].access == "public"
    assert state(other) == state(database)


WORDS = """row key nth missing empty invalid outside here since cursor opening start stop span later
planned fate at said now old new own named periods told claim same known staged held"""


def test_columns_may_be_called_as_our_own_words(database, other, tmp_path):
    path, codes = tmp_path / "plots.gpkg", ["a", "b", "c"]
    squares = [shapely.affinity.translate(SQUARE, 20 * n) for n in range(3)]
    frame = gpd.GeoDataFrame(dict.fromkeys(WORDS.split(), codes), geometry=squares, crs=4549)

    def take(**options):
        frame.to_file(path)
        options = {"layer": "plots", "key": "key", "access": "public"} | options
        (report,) = load(database, path, author="a", rejects_dir=tmp_path, **options)
        return report.reloaded

    take(valid_from="2020")
    frame.loc[0, "start"] = "z"
    changed = take(valid_from="2021")
    assert (changed.changed, changed.equal) == (1, 2)
    frame["year"] = 2022
    take(valid_from="year")
    frame.loc[2, "named"] = "z"
    take(valid_from="year")
    assert take(key=None).equal == 3
    revert(database, changed.cursor, author="a", force=True)
    scenario.create(database, "plan", author="a")
    with edit(database, "plots", author="a", scenario="plan") as editor:
        editor.update(2, {"planned": "y"})
    scenario.adopt(database, "plan", author="a")
    assert quality(database, "plots", OWNER)["geometry"]["missing"]["features"] == 0
    bundle(database, tmp_path / "1")
    apply_bundle(other, tmp_path / "1", key=KEY)
    assert state(other) == state(database)
    assert read_frame(other, "plots", AsOf(), OWNER).set_index("fid")["planned"][2] == "y"
