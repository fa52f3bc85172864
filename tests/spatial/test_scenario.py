"""Plans: branched, read through, compared, rebased, adopted, discarded."""

from datetime import UTC, datetime

import pytest

from spatial import scenario
from spatial.asof import AsOf
from spatial.database import Database
from spatial.edit import edit
from spatial.errors import Conflict, Gone, Invalid, NotFound
from spatial.frame import read_frame
from spatial.grant import OWNER


def codes(database: Database, name: str = "main", **at: datetime) -> dict[int, str]:
    frame = read_frame(database, "plots", AsOf(scenario=name, **at), OWNER)
    return dict(zip(frame["fid"], frame["code"], strict=True))


def set_code(database: Database, fid: int, code: str, name: str = "main") -> datetime:
    with edit(database, "plots", author="ada", scenario=name) as editor:
        editor.update(fid, {"code": code})
    return editor.stamp


@pytest.fixture
def plan(database: Database, plots: object) -> str:
    scenario.create(database, "plan", author="ada", title="东部新城")
    return "plan"


def test_a_plan_shows_only_to_those_who_ask_for_it(database: Database, plan: str) -> None:
    set_code(database, 1, "park", plan)
    with edit(database, "plots", author="ada", scenario=plan) as editor:
        editor.remove(2)
    assert codes(database) == {1: "c0", 2: "c1", 3: "c2"}
    assert codes(database, plan) == {1: "park", 3: "c2"}
    kinds = {(d.fid, d.kind) for d in scenario.diff(database, plan) if d.valid_to is None}
    assert kinds == {(1, "changed"), (2, "removed")}


def test_main_moves_on_under_no_plan_until_it_is_rebased(database: Database, plan: str) -> None:
    set_code(database, 3, "road")
    assert codes(database, plan)[3] == "c2"
    assert scenario.rebase(database, plan, author="ada") == []
    assert codes(database, plan)[3] == "road"


def test_a_plan_from_a_past_moment(database: Database, plots: object) -> None:
    before = set_code(database, 1, "first")
    set_code(database, 1, "second")
    scenario.create(database, "back", author="ada", base=before)
    assert codes(database, "back")[1] == "first"
    assert codes(database)[1] == "second"


def test_what_both_changed_is_listed(database: Database, plan: str) -> None:
    set_code(database, 1, "mine", plan)
    set_code(database, 1, "theirs")
    assert [clash.fid for clash in scenario.conflicts(database, plan)] == [1]
    for action in (scenario.rebase, scenario.adopt):
        with pytest.raises(Conflict, match="plots/1"):
            action(database, plan, author="ada")
    assert codes(database)[1] == "theirs"


@pytest.mark.parametrize(("keep", "holds"), [("scenario", "mine"), ("main", "theirs")])
def test_the_city_becomes_the_plan(
    database: Database, plan: str, keep: scenario.Keep, holds: str
) -> None:
    set_code(database, 1, "mine", plan)
    set_code(database, 2, "new", plan)
    with edit(database, "plots", author="ada", scenario=plan) as editor:
        editor.remove(3)
    set_code(database, 1, "theirs")
    before = datetime.now(UTC)
    assert len(scenario.adopt(database, plan, author="mayor", keep=keep)) == 1
    assert codes(database) == {1: holds, 2: "new"}
    assert codes(database, known_at=before) == {1: "theirs", 2: "c1", 3: "c2"}
    with pytest.raises(Conflict, match="adopted"):
        set_code(database, 2, "later", plan)


def test_a_discarded_plan_is_gone_and_its_history_is_not(database: Database, plan: str) -> None:
    set_code(database, 1, "park", plan)
    scenario.discard(database, plan, author="ada")
    with pytest.raises(Gone):
        codes(database, plan)
    assert codes(database) == {1: "c0", 2: "c1", 3: "c2"}
    with database.begin() as tx:
        kept = tx.pg.execute("SELECT count(*) FROM layers.plots WHERE scenario <> 0").fetchone()
    assert kept is not None
    assert kept[0] > 0
    assert scenario.scenarios(database) == []


def test_names_and_doubles(database: Database, plan: str) -> None:
    with pytest.raises(Conflict):
        scenario.create(database, plan, author="ada")
    with pytest.raises(Invalid):
        scenario.create(database, "main", author="ada")
    with pytest.raises(NotFound):
        scenario.diff(database, "nothing")
