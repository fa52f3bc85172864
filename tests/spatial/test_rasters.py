"""States of rasters in time, in the books and in plans."""

from datetime import UTC, datetime

import pytest

from spatial import scenario
from spatial.asof import AsOf, Interval
from spatial.errors import Conflict, NotFound
from spatial.grant import ANONYMOUS, OWNER
from spatial.moment import resolve
from spatial.period import ALWAYS, Period
from spatial.query import snapshot
from spatial.raster import Edition, steps
from spatial.rasters import RasterSpec, editions, find_visible, forget, rasters, register

PROFILE = {
    "bounds": [0, 0, 10, 10], "shape": [10, 10], "dtype": "float32", "nodata": None,
    "bands": [{"name": "v", "title": "v", "unit": "m", "minimum": 0.0, "maximum": 1.0}],
}  # fmt: skip


def year(number):
    return datetime(number, 1, 1, tzinfo=UTC)


def put(database, file, valid=ALWAYS, scenario_id=0, access="public", **profile):
    edition = Edition(0, file, 4326, (0, 0, 10, 10), PROFILE | profile, valid)
    with database.begin() as tx:
        spec = RasterSpec("dem", access=access)
        register(tx, spec, edition, author="t", scenario_id=scenario_id)


def told(database, asof, when=None):
    """(file, start, end) of every state that an AsOf tells of."""
    with snapshot(database) as pg:
        found = editions(pg, find_visible(pg, "dem", OWNER), resolve(pg, asof))
    meant = steps(found, when or Interval())
    return [
        (s.edition.file, *(at and at.year for at in (s.period.start, s.period.end))) for s in meant
    ]


def test_a_further_state_cuts_what_was_believed(database):
    put(database, "a")
    put(database, "b", Period(year(2010), year(2020)))
    assert told(database, AsOf()) == [("a", None, 2010), ("b", 2010, 2020), ("a", 2020, None)]
    assert told(database, AsOf(), year(2015)) == [("b", 2010, 2020)]
    assert told(database, AsOf(), year(2020)) == [("a", 2020, None)]
    assert told(database, AsOf(), Interval(year(2019), year(2021))) == [
        ("b", 2010, 2020), ("a", 2020, None)
    ]  # fmt: skip


def test_the_books_of_then(database):
    put(database, "a")
    with snapshot(database) as pg:
        known = find_visible(pg, "dem", OWNER).last_recorded
    put(database, "b", Period(year(2010)))
    assert told(database, AsOf(known_at=known)) == [("a", None, None)]
    assert told(database, AsOf()) == [("a", None, 2010), ("b", 2010, None)]


def test_a_plan_hides_main_where_it_says_otherwise(database):
    put(database, "a")
    scenario.create(database, "lake", author="t")
    with snapshot(database) as pg:
        number = resolve(pg, AsOf(scenario="lake")).scenario_id
    put(database, "planned", Period(year(2030)), scenario_id=number)
    assert told(database, AsOf(scenario="lake")) == [("a", None, 2030), ("planned", 2030, None)]
    assert told(database, AsOf()) == [("a", None, None)]


def test_a_stack_is_cut_into_its_moments(database):
    times = [f"20{n}-01-01T00:00:00Z" for n in (10, 11, 12)]
    put(database, "stack", times=times, ends=[])
    assert told(database, AsOf()) == [
        ("stack", 2010, 2011), ("stack", 2011, 2012), ("stack", 2012, None)
    ]  # fmt: skip
    assert told(database, AsOf(), year(2011)) == [("stack", 2011, 2012)]
    assert told(database, AsOf(), year(2009)) == []
    ends = [f"20{n}-06-01T00:00:00Z" for n in (10, 11, 12)]
    put(database, "bounded", Period(year(2000)), times=times, ends=ends)
    assert told(database, AsOf(), datetime(2011, 7, 1, tzinfo=UTC)) == []
    assert told(database, AsOf(), datetime(2011, 5, 1, tzinfo=UTC)) == [("bounded", 2011, 2011)]


def test_names_classes_and_the_end(database):
    put(database, "a", access="restricted")
    with pytest.raises(Conflict, match="--valid-from"):
        put(database, "b")
    with snapshot(database) as pg:
        assert rasters(pg, ANONYMOUS) == []
        with pytest.raises(NotFound):
            find_visible(pg, "dem", ANONYMOUS)
    put(database, "b", Period(year(2010)))
    with database.begin() as tx:
        assert forget(tx, "dem") == ["a", "b"]
    with database.begin() as tx, pytest.raises(NotFound):
        forget(tx, "dem")
