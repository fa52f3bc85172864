"""Undone is as it was before; what others did since is not lost unawares."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import COLUMNS, make_layer

from spatial import catalogue, scenario
from spatial.asof import AsOf
from spatial.changes import latest
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Conflict, Gone, NotFound
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.period import Period
from spatial.reload import reload
from spatial.revert import revert

SQUARE = shapely.MultiPolygon([shapely.box(528_000, 3_486_000, 528_001, 3_486_001)])
YEARS = [datetime(year, 7, 1, tzinfo=UTC) for year in range(2020, 2026)]


def state(database: Database, known_at: datetime | None = None, name: str = "main") -> object:
    """All that the books say of `plots` at several times, and the catalogue's count."""
    said = []
    for at in YEARS:
        frame = read_frame(database, "plots", AsOf(at, known_at, name), OWNER).sort_values("fid")
        plain = frame.drop(columns=["version", frame.geometry.name])
        said.append((plain.to_csv(index=False), frame.geometry.tolist()))
    return said


def current(database: Database) -> tuple[int, int]:
    with database.begin() as tx:
        counted = tx.pg.execute(
            "SELECT count(*) FROM layers.plots WHERE scenario = 0 AND NOT removed"
            " AND upper_inf(recorded) AND upper_inf(valid)"
        ).fetchone()
        return catalogue.find(tx.pg, "plots").current, counted[0]


def cursor(database: Database) -> int:
    with database.begin() as tx:
        return latest(tx.pg)


@st.composite
def changes(draw):
    """One transaction of edits: what, to which feature, within which years."""
    steps = []
    for _ in range(draw(st.integers(1, 4))):
        first, last = sorted(draw(st.lists(st.integers(0, 5), min_size=2, max_size=2, unique=True)))
        what = draw(st.sampled_from(["correct", "remove", "away", "insert"]))
        steps.append((what, draw(st.integers(1, 3)), Period(YEARS[first], YEARS[last])))
    return steps


def make(database: Database, steps: list, name: str = "main") -> None:
    with edit(database, "plots", author="ada", scenario=name) as editor:
        for what, fid, period in steps:
            try:
                if what == "correct":
                    editor.correct(fid, period, {"code": f"by {period.start}"})
                elif what == "remove":
                    editor.remove(fid, at=period.start)
                elif what == "away":
                    editor.correct_away(fid, period)
                else:
                    square = shapely.box(528_000, 3_486_000, 528_009, 3_486_009)
                    editor.insert({"code": "new"}, square, 4549, period)
            except (Gone, NotFound):
                pass


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=changes(), after=changes(), branched=st.booleans())
def test_reverted_is_the_state_before(database, before, after, branched):
    with database.begin() as tx:
        if catalogue.get(tx.pg, "plots"):
            catalogue.drop(tx, "plots")
        tx.pg.execute("DELETE FROM city.scenario")
    make_layer(database)
    name = "main"
    if branched:
        name = scenario.create(database, "plan", author="ada").name
    make(database, before, name)
    was, then = state(database, name=name), cursor(database)
    make(database, after, name)
    changed = cursor(database)
    if changed == then:
        return
    became = state(database, name=name)
    done = revert(database, changed, author="bob")
    assert state(database, name=name) == was
    assert current(database)[0] == current(database)[1]
    revert(database, done.cursor, author="bob")
    assert state(database, name=name) == became


def test_a_reload_is_undone(database, plots):
    was = state(database)
    batch = pa.table(
        {
            "code": pa.array(["c1", "c9"]),
            "height": pa.array([7.0, 8.0]),
            "geom": pa.array(shapely.to_wkb(np.array([SQUARE, SQUARE])), pa.binary()),
        }
    )
    with database.begin() as tx:
        layer = catalogue.find(tx.pg, "plots")
        with reload(tx, layer, COLUMNS, key="code", at=YEARS[2], author="ada") as staging:
            staging.write(batch)
    assert state(database) != was
    assert revert(database, staging.counts.cursor, author="ada").features == 4
    assert state(database) == was
    assert current(database) == (3, 3)


def test_a_first_load_leaves_an_empty_layer(database, plots):
    revert(database, 1, author="ada")
    assert read_frame(database, "plots", AsOf(), OWNER).empty
    with pytest.raises(Conflict, match="changed again since 1"):
        revert(database, 1, author="ada")
    revert(database, cursor(database), author="ada")
    revert(database, 1, author="ada")  # it stands again, and so can be undone again
    assert read_frame(database, "plots", AsOf(), OWNER).empty
    with pytest.raises(NotFound):
        revert(database, 99, author="ada")


def test_edits_of_another_time_are_no_conflict(database, plots):
    with edit(database, "plots", author="ada") as editor:
        editor.update(1, {"code": "wrong"}, at=YEARS[2])
    wrong = cursor(database)
    with edit(database, "plots", author="bob") as editor:
        editor.correct(1, Period(YEARS[0], YEARS[1]), {"code": "bob's"})
    assert revert(database, wrong, author="ada").overruled == 0
    frames = [read_frame(database, "plots", AsOf(at), OWNER).set_index("fid") for at in YEARS[:3]]
    assert [frame.code[1] for frame in frames] == ["bob's", "c0", "c0"]


def test_later_edits_of_the_same_are_listed_and_overruled_only_by_force(database, plots):
    with edit(database, "plots", author="ada") as editor:
        editor.correct(1, Period(YEARS[0], YEARS[4]), {"code": "wrong"})
        editor.correct(2, Period(YEARS[0], YEARS[4]), {"code": "wrong"})
    wrong = cursor(database)
    with edit(database, "plots", author="bob") as editor:
        editor.correct(2, Period(YEARS[1], YEARS[5]), {"code": "bob's"})
    with pytest.raises(Conflict, match="1 features of 'plots' were changed again since 2: 2;"):
        revert(database, wrong, author="ada")
    assert revert(database, wrong, author="ada", force=True).overruled == 1
    codes = [
        read_frame(database, "plots", AsOf(at), OWNER).sort_values("fid").code.tolist()[:2]
        for at in YEARS
    ]
    assert codes == [*[["c0", "c1"]] * 4, ["c0", "bob's"], ["c0", "c1"]]
