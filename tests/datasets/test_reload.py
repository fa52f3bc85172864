"""The same file again, as a new state of the city: a model in Python is the oracle."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasets.load import load
from spatial import catalogue
from spatial.asof import as_of
from spatial.errors import Conflict, Rejected
from spatial.frame import read_frame
from spatial.grant import OWNER


def plots(codes, **columns):
    x = 528_000 + 20.0 * np.arange(len(codes))
    squares = shapely.box(x, 3_486_000, x + 10, 3_486_010)
    return gpd.GeoDataFrame({"code": list(codes), **columns}, geometry=squares, crs=4549)


def take(database, path, frame, **options):
    frame.to_file(path)
    wanted = {"layer": "plots", "key": "code"} | options
    (report,) = load(
        database, path, author="surveyor", rejects_dir=path.parent / "rejects", **wanted
    )
    return report


def counts(report):
    told = report.reloaded
    return told.added, told.changed, told.removed, told.equal


def read(database, at=None, known_at=None):
    return read_frame(database, "plots", as_of(at, known_at), OWNER)


def test_a_year_later(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    take(database, path, plots("abc", use=["耕地", "林地", "水域"]), valid_from="2024")
    before = read(database)
    frame = plots("abd", use=["耕地", "住宅", "道路"])
    report = take(database, path, frame, valid_from="2025-07-01")
    assert counts(report) == (1, 1, 1, 1)
    assert (report.read, report.loaded, report.rejected) == (3, 3, 0)
    now, then = read(database), read(database, "2025-06-30")
    assert dict(zip(now.fid, now.use, strict=True)) == {1: "耕地", 2: "住宅", 4: "道路"}
    assert dict(zip(then.fid, then.use, strict=True)) == {1: "耕地", 2: "林地", 3: "水域"}
    assert before.version[0] in now.version.tolist()  # what is equal is left alone
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, "plots")
    assert (layer.cursor, layer.current) == (report.cursor, 3)
    made_of = {"file": "plots.gpkg", "crs": "EPSG:4549", "cursor": report.cursor, "read": 3}
    assert layer.lineage["load"] == made_of | {"repaired": 0, "rejected": 0, "notes": []}
    again = take(database, path, frame, valid_from="2025-07-01")
    assert (counts(again), again.cursor) == ((0, 0, 0, 3), None)


def test_one_moved_corner_is_a_change(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    frame = plots("abc")
    take(database, path, frame)
    first, second, third = frame.geometry
    frame.geometry = [first, shapely.affinity.translate(second, 1e-6), third]
    assert counts(take(database, path, frame)) == (0, 1, 0, 2)


def test_a_ring_that_turns_or_begins_otherwise_is_no_change(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    frame = plots("abc")
    take(database, path, frame)
    frame.geometry = frame.geometry.reverse()
    x, y = 528_000, 3_486_000
    corners = [(x, y), (x, y + 10), (x + 10, y + 10), (x + 10, y)]
    frame.loc[0, "geometry"] = shapely.Polygon(corners)
    assert counts(take(database, path, frame)) == (0, 0, 0, 3)


def test_without_a_key_what_differs_is_replaced(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    frame = plots("aab", use=["x", "x", "y"])
    frame.geometry = [frame.geometry[0], frame.geometry[0], frame.geometry[2]]
    take(database, path, frame, key=None)
    assert counts(take(database, path, frame, key=None)) == (0, 0, 0, 3)
    fewer = take(database, path, frame.iloc[1:].assign(use=["x", "z"]), key=None)
    assert counts(fewer) == (1, 0, 2, 1)
    assert sorted(read(database).use) == ["x", "z"]


def test_repeated_and_missing_keys_are_rejected_rows(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    take(database, path, plots("abc"))
    report = take(database, path, plots(["a", "a", None, "b"]))
    assert (report.read, report.loaded, report.rejected) == (4, 2, 2)
    assert counts(report)[0] == 0
    assert counts(report)[2] == 1
    reasons = gpd.read_file(report.rejects)["_reason"].tolist()
    assert reasons == ["another row before it has 'a' in 'code' too", "no value in 'code'"]


def test_a_row_that_cannot_be_taken_does_not_end_its_feature(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    take(database, path, plots("abc"))
    frame = plots("abc")
    frame.geometry = [frame.geometry[0], None, frame.geometry[2]]
    report = take(database, path, frame)
    assert (report.rejected, counts(report)) == (1, (0, 0, 0, 2))
    assert len(read(database)) == 3


def test_columns_come_go_and_widen_with_history_kept(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    take(database, path, plots("ab", old=["x", "y"], floors=np.array([1, 2], "int32")))
    first = as_of().known_at
    report = take(database, path, plots("ab", floors=[1.0, 2.5], new=["p", None]))
    assert report.columns.added == ("new",)
    assert report.columns.absent == ("old",)
    assert report.columns.retyped == ("floors",)
    now, then = read(database), read(database, "2000", first)
    assert now.old.isna().all()
    assert now.floors.tolist() == [1.0, 2.5]
    assert now.new[0] == "p"
    assert then.old.tolist() == ["x", "y"]
    assert then.new.isna().all()
    with pytest.raises(Conflict, match="'new' is text"):
        take(database, path, plots("ab", floors=[1.0, 2.5], new=[1, 2]))
    with pytest.raises(Rejected, match="floors"):
        take(database, path, plots("ab", floors=["1", "many"]))
    assert counts(take(database, path, plots("ab", floors=["1", "2.5"], new=["p", None]))) == (
        0, 0, 0, 2,
    )  # fmt: skip


def test_what_does_not_fit_is_refused_whole(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    take(database, path, plots("aab"), key=None)
    with pytest.raises(Conflict, match="'code' is no key of 'plots': features 1 and 2"):
        take(database, path, plots("ab"))
    points = plots("ab").set_geometry(plots("ab").centroid)
    with pytest.raises(Rejected, match="no row can be taken"):
        take(database, path, points, key=None)
    with pytest.raises(Rejected, match="needs --key"):
        take(database, path, plots("ab", since=[2001, 2002]), key=None, valid_from="since")
    with pytest.raises(Conflict, match="restricted and stays so"):
        take(database, path, plots("ab"), key=None, access="public")
    with pytest.raises(Conflict, match="--key"):
        take(database, path, plots("ab"), key=None, layer=None)
    assert len(read(database)) == 3


def test_another_projection_is_moved_to_the_layers(database, tmp_path):
    path = tmp_path / "plots.gpkg"
    take(database, path, plots("ab"))
    report = take(database, path, plots("ab").to_crs(4490))
    assert report.srid == 4549
    shift = read(database).geometry.centroid.distance(plots("ab").centroid)
    assert shift.max() < 1e-3


STATE = st.dictionaries(
    st.sampled_from("abcdef"), st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1
)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=st.lists(STATE, min_size=2, max_size=4), keyed=st.booleans())
def test_any_states_in_turn_and_back(database, tmp_path, states, keyed):
    path = tmp_path / "plots.gpkg"
    with database.begin() as tx:
        if catalogue.get(tx.pg, "plots"):
            catalogue.drop(tx, "plots")
    told = [*states, states[0]]
    fids: dict[str, int] = {}
    for year, state in enumerate(told, 2001):
        frame = plots(state, use=[use for use, _ in state.values()])
        shifts = [shift for _, shift in state.values()]
        frame.geometry = shapely.box(528_000 + np.array(shifts) * 10, 0, 528_005, 3_486_000)
        key = "code" if keyed else None
        report = take(database, path, frame, key=key, valid_from=str(year))
        if year > 2001:
            before = told[year - 2002]
            same = sum(before.get(code) == value for code, value in state.items())
            both = len(before.keys() & state.keys())
            change = both - same if keyed else 0
            assert counts(report) == (
                len(state) - same - change, change, len(before) - same - change, same,
            )  # fmt: skip
    for year, state in enumerate(told, 2001):
        seen = read(database, f"{year}-06")
        assert dict(zip(seen.code, seen.use, strict=True)) == {
            code: use for code, (use, _) in state.items()
        }
        if keyed:
            for code, fid in zip(seen.code, seen.fid, strict=True):
                assert fids.setdefault(code, fid) == fid
    with database.begin() as tx:
        assert catalogue.find(tx.pg, "plots").current == len(states[0])
