"""A file whose rows have times of their own, sent again: a model in Python is the oracle."""

import geopandas as gpd
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
from spatial.revert import revert

YEARS = range(2000, 2013)
SQUARE = shapely.box(528_000, 3_486_000, 528_010, 3_486_010)


def register(rows, **columns):
    """Rows of (code, use, first year, last year), of which the years may be open."""
    codes, uses, starts, ends = zip(*rows, strict=True)
    years = {
        name: ["" if year is None else str(year) for year in told]
        for name, told in (("since", starts), ("until", ends))
    }
    return gpd.GeoDataFrame(
        {"code": codes, "use": uses, **years, **columns}, geometry=[SQUARE] * len(rows), crs=4549
    )


def take(database, folder, frame, **options):
    path = folder / "plots.gpkg"
    frame.to_file(path)
    wanted = {"key": "code", "valid_from": "since", "valid_to": "until"} | options
    (report,) = load(
        database, path, author="surveyor", rejects_dir=folder / "rejects", layer="plots", **wanted
    )
    return report


def counts(report):
    told = report.reloaded
    return told.added, told.changed, told.removed, told.equal


def states(database, known_at=None):
    """By year and now: the use of every code."""
    told = {}
    for when in (*YEARS, None):
        at = None if when is None else f"{when}-06"
        frame = read_frame(database, "plots", as_of(at, known_at), OWNER)
        told[when] = dict(zip(frame["code"], frame["use"], strict=True))
        assert len(told[when]) == len(frame)
    return told


def meant(history):
    """The same of a history: by code, its (use, first, last)."""

    def use(rows, year):
        found = [use for use, first, last in rows if (first or 0) <= year <= (last or 9999)]
        return found[0] if found else None

    return {
        when: {code: said for code, rows in history.items() if (said := use(rows, when or 2026))}
        for when in (*YEARS, None)
    }


def retold(history, rows):
    """What the books say of a history after a file of such rows."""
    named = {}
    for code, use, first, last in rows:
        named.setdefault(code, []).append((use, first, last))
    after = {}
    for code in history.keys() | named.keys():
        told = named.get(code, [])
        begin = min(first or 0 for _, first, _ in told) if told else 2026
        kept = [
            (use, first, min(last or 9999, begin - 1))
            for use, first, last in history.get(code, [])
            if (first or 0) < begin
        ]
        after[code] = kept + told
    return after


def test_a_register_of_histories(database, tmp_path):
    first = [("a", "耕地", 2001, None), ("b", "林地", 2001, 2004), ("b", "水域", 2005, None)]
    take(database, tmp_path, register([*first, ("c", "道路", None, None), ("e", "库", 2002, 2003)]))
    second = [
        ("a", "耕地", 2001, 2006), ("a", "住宅", 2007, None),  # ended, and became something
        ("b", "林地", 2001, 2004), ("b", "水域", 2005, None),  # as it was
        ("d", "学校", 2008, 2010),  # new, and over
    ]  # fmt: skip
    report = take(database, tmp_path, register(second))
    assert counts(report) == (1, 1, 1, 1)  # c is in no row any more: it ends now
    now = states(database)
    assert [now[year].get("a") for year in (2000, 2006, 2007, None)] == [
        None, "耕地", "住宅", "住宅",
    ]  # fmt: skip
    assert [now[year].get("d") for year in (2007, 2008, 2010, 2011)] == [None, "学校", "学校", None]
    assert (now[2012]["c"], now[None].get("c")) == ("道路", None)
    assert now[2003]["e"] == "库"  # over long ago: not to be in the register says nothing
    again = take(database, tmp_path, register(second))
    assert (counts(again), again.cursor) == ((0, 0, 0, 3), None)
    revert(database, report.cursor, author="surveyor")
    assert states(database)[None] == {"a": "耕地", "b": "水域", "c": "道路"}


def test_a_register_of_the_present_with_the_date_of_each_change(database, tmp_path):
    options = {"valid_to": None}
    take(database, tmp_path, register([("a", "x", 2001, None), ("b", "y", 2002, None)]), **options)
    changed = register([("a", "z", 2005, None), ("b", "y", 2002, None)])
    report = take(database, tmp_path, changed, **options)
    assert counts(report) == (0, 1, 0, 1)
    told = states(database)
    assert [told[year]["a"] for year in (2004, 2005, None)] == ["x", "z", "z"]
    with database.begin() as tx:
        assert catalogue.find(tx.pg, "plots").current == 2
    twice = register([("a", "z", 2005, None), ("a", "z", 2007, None)])
    with pytest.raises(Conflict, match="two rows of 'a' in 'code' hold at the same time"):
        take(database, tmp_path, twice, **options)


def test_a_row_that_cannot_be_taken_leaves_its_time_as_it_was(database, tmp_path):
    take(database, tmp_path, register([("a", "x", 2001, 2004), ("a", "y", 2005, None)]))
    frame = register([("a", "w", 2001, 2002), ("a", "z", 2003, None)])
    frame.loc[1, "geometry"] = None
    report = take(database, tmp_path, frame)
    assert (report.loaded, report.rejected, counts(report)) == (1, 1, (0, 1, 0, 0))
    told = states(database)
    assert [told[year]["a"] for year in (2002, 2003, 2005)] == ["w", "x", "y"]


def test_times_of_rows_need_a_key_and_no_common_end(database, tmp_path):
    frame = register([("a", "x", 2001, None)])
    take(database, tmp_path, frame)
    with pytest.raises(Rejected, match="needs --key"):
        take(database, tmp_path, frame, key=None)
    with pytest.raises(Rejected, match="from a time on"):
        take(database, tmp_path, frame, valid_to="2020")


YEAR = st.integers(2001, 2011)
ROWS = st.dictionaries(
    st.sampled_from("abc"),
    st.tuples(
        st.lists(YEAR, min_size=1, max_size=3, unique=True), st.integers(0, 2), st.booleans()
    ),
    min_size=1,
)


def rows_of(drawn):
    """Consecutive states of each code, with a gap before the last, open or not."""
    rows = []
    for code, (years, use, is_open) in drawn.items():
        starts = sorted(years)
        ends = [year - 1 for year in starts[1:]] + [None if is_open else 2012]
        if len(starts) == 3 and starts[1] < ends[1]:
            ends[1] -= 1
        rows += [
            (code, f"{use}{n % 2}", *years)
            for n, years in enumerate(zip(starts, ends, strict=True))
        ]
    return rows


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.lists(ROWS, min_size=2, max_size=3))
def test_any_registers_in_turn(database, tmp_path, drawn):
    with database.begin() as tx:
        if catalogue.get(tx.pg, "plots"):
            catalogue.drop(tx, "plots")
    history = {}
    for turn in drawn:
        rows = rows_of(turn)
        before = meant(history)
        report = take(database, tmp_path, register(rows))
        history = retold(history, rows)
        assert states(database) == meant(history)
        if report.reloaded:
            assert report.reloaded.added <= len(turn)
            assert (report.cursor is None) <= (before == meant(history))
            assert counts(take(database, tmp_path, register(rows)))[:3] == (0, 0, 0)
