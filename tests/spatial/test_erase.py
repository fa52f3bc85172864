"""What the law has erased is in no version, and the audit says who, when and why."""

import pytest
import shapely

from spatial import audit, scenario
from spatial.asof import as_of
from spatial.edit import edit
from spatial.erase import erase
from spatial.errors import Invalid, NotFound
from spatial.filter.filter import Filter
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.revert import revert


def said(database, column):
    with database.begin() as tx:
        rows = tx.pg.execute(f"SELECT fid, {column} FROM layers.plots ORDER BY 1, 2").fetchall()
    return {(fid, value) for fid, value in rows}


def test_every_version_in_every_scenario_is_blanked(database, plots):
    scenario.create(database, "plan", author="ada")
    for name in ("main", "plan"):
        with edit(database, "plots", author="ada", scenario=name) as editor:
            editor.update(1, {"code": f"of {name}"})
    done = erase(
        database, "plots", ["code"], where=Filter("code = 'of plan'"), author="dpo", reason="§ 47"
    )
    assert (done.features, done.versions) == (1, 4)
    assert said(database, "code") == {(1, None), (2, "c1"), (3, "c2")}
    assert read_frame(database, "plots", as_of(known_at=None), OWNER).height.notna().all()
    (entry,) = audit.entries(database, "plots")
    assert (entry.author, entry.action, entry.reason) == ("dpo", "erase", "§ 47")
    said_so = {"columns": ["code"], "fids": [1], "versions": 4, "cursor": done.cursor}
    assert entry.detail == said_so
    with pytest.raises(Invalid, match="nothing to undo"):
        revert(database, done.cursor, author="ada")
    revert(database, done.cursor - 2, author="ada", force=True)
    assert (1, "of main") not in said(database, "code")


def test_a_place_can_be_erased(database, plots):
    erase(database, "plots", ["geom"], fids=[2], author="dpo", reason="§ 47")
    shapes = read_frame(database, "plots", as_of(), OWNER).set_index("fid").geometry
    assert shapes[2] is None
    assert isinstance(shapes[1], shapely.MultiPolygon)


def test_nothing_is_erased_without_a_feature_a_column_and_a_reason(database, plots):
    with pytest.raises(NotFound):
        erase(database, "plots", ["code"], fids=[9], author="dpo", reason="§ 47")
    with pytest.raises(Invalid, match="'plots' has no column owner"):
        erase(database, "plots", ["owner"], fids=[1], author="dpo", reason="§ 47")
    with pytest.raises(Invalid, match="why"):
        erase(database, "plots", ["code"], fids=[1], author="dpo", reason=" ")
    with pytest.raises(Invalid, match="name the features"):
        erase(database, "plots", ["code"], author="dpo", reason="§ 47")
    assert (1, "c0") in said(database, "code")
    assert audit.entries(database) == []
