"""Control lines in a world small enough to work out by hand, and against geopandas."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from polygons import tessellation

from spatial.errors import Invalid
from spatial.land_use.control_lines import check, conflicts
from spatial.land_use.control_rules_profile import PROFILES, profile, rules_of

CHINA = profile("china")


def layer(*boxes, **columns):
    shapes = [shapely.box(*one) for one in boxes]
    numbered = {"fid": np.arange(1, len(shapes) + 1)} | columns
    return gpd.GeoDataFrame(numbered, geometry=shapes, crs=4549)


@pytest.fixture
def world():
    """A project of 100 m by 100 m; farmland on 10 m of its west, ecology on 5 m of its south,
    the core on its eastern half, the reserve on 20 m beside it."""
    project = layer((0, 0, 100, 100))
    lines = {
        "farmland": layer((-50, -50, 10, 150)),
        "ecology": layer((-50, -50, 150, 5)),
        "urban": layer((50, 0, 200, 100), (30, 0, 50, 100), zone=["集中建设区", "弹性发展区"]),
    }
    return project, lines


def by_rule(checked):
    return checked.verdicts.set_index("rule")


def test_areas_shares_and_verdicts_by_hand(world):
    checked = check(*world, CHINA)
    found = by_rule(checked)
    assert dict(found["area_m2"]) == {
        "farmland": 1000, "ecology": 500, "reserve": 2000, "special": 0, "outside": 3000,
    }  # fmt: skip
    assert found["share"]["farmland"] == pytest.approx(0.1)
    assert dict(found["verdict"]) == {
        "farmland": "prohibited", "ecology": "prohibited", "reserve": "conditional",
        "special": "conforms", "outside": "prohibited",
    }  # fmt: skip
    assert checked.verdict == "prohibited"
    assert "第三十五条" in found["clause_zh"]["farmland"]
    assert "142" in found["clause_en"]["ecology"]
    assert checked.certificate.holds
    assert checked.certificate.balance["within urban"] == 7000


def test_evidence_covers_the_project_once(world):
    evidence = check(*world, CHINA).evidence
    urban = evidence[evidence["kind"].isin(["core", "reserve", "special", "outside"])]
    assert urban.geometry.union_all().equals(shapely.box(0, 0, 100, 100))
    assert urban["area_m2"].sum() == pytest.approx(10_000)
    assert evidence[evidence["kind"] == "outside"]["line_fid"].isna().all()


def test_a_claimed_exception_softens_only_the_rules_that_list_it(world):
    checked = by_rule(check(*world, CHINA, frozenset(["linear-infrastructure"])))
    assert checked["verdict"]["ecology"] == checked["verdict"]["outside"] == "conditional"
    assert checked["verdict"]["farmland"] == "prohibited"
    assert checked["claimed"]["ecology"] == "linear-infrastructure"
    with pytest.raises(Invalid, match="no exception golf: they list"):
        check(*world, CHINA, frozenset(["golf"]))


def test_within_the_core_alone_it_conforms(world):
    _, lines = world
    checked = check(layer((60, 20, 80, 40)), lines, CHINA)
    assert checked.verdict == "conforms"
    assert list(checked.evidence["kind"]) == ["core"]


def test_overlapping_lines_are_counted_once():
    lines = {
        "farmland": layer((0, 0, 10, 10), (5, 0, 15, 10)),
        "urban": layer((0, 0, 10, 10), (5, 0, 20, 10), zone=["弹性发展区", "集中建设区"]),
    }
    checked = check(layer((0, 0, 20, 10)), lines, CHINA)
    found = by_rule(checked)
    assert (found["area_m2"]["farmland"], found["area_m2"]["reserve"]) == (150, 50)
    assert checked.certificate.holds
    assert "overlap by 100.000 m²" in " ".join(checked.certificate.notes)


def test_lines_that_are_not_given_are_told_and_empty_ones_take_nothing(world):
    project, lines = world
    checked = check(project, {"farmland": lines["farmland"].iloc[:0]}, CHINA)
    assert list(checked.verdicts["rule"]) == ["farmland"]
    assert checked.verdict == "conforms"
    assert checked.certificate.holds
    assert len(checked.certificate.notes) == 2


def test_what_cannot_be_judged_is_refused(world):
    project, lines = world
    odd = lines["urban"].assign(zone=["集中建设区", "月球"])
    with pytest.raises(Invalid, match="no zone 月球: they know 集中建设区"):
        check(project, {"urban": odd}, CHINA)
    with pytest.raises(Invalid, match="no area"):
        check(project.iloc[:0], lines, CHINA)
    with pytest.raises(Invalid, match="no rules 'mars': choose china or plain"):
        rules_of("mars")
    with pytest.raises(Invalid, match="cannot be read: 'rules'"):
        rules_of('{"title_zh": "", "title_en": "", "zones": {}, "rules": []}')


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_has_a_rule_for_every_kind_in_both_languages(name):
    rules = profile(name).rules
    assert {rule.kind for rule in rules} == {"farmland", "ecology", "reserve", "special", "outside"}
    assert all(rule.title_zh and rule.title_en and rule.clause_zh and rule.clause_en
               for rule in rules)  # fmt: skip


def test_like_geopandas_on_random_lines():
    project, farmland = tessellation(40, 1, 800), tessellation(60, 2)
    urban = tessellation(50, 3)
    urban = urban[urban["number"] % 2 == 0].assign(zone="集中建设区")
    layers = [one.assign(fid=one["number"] + 1) for one in (project, farmland, urban)]
    lines = {"farmland": layers[1][layers[1]["number"] % 3 == 0], "urban": layers[2]}
    checked = check(layers[0], lines, CHINA)
    sums = checked.verdicts.groupby("rule")["area_m2"].sum()
    within = gpd.overlay(project, lines["farmland"], how="intersection").area.sum()
    outside = gpd.overlay(project, urban, how="difference").area.sum()
    assert sums["farmland"] == pytest.approx(within, rel=1e-9)
    assert sums["outside"] == pytest.approx(outside, rel=1e-9)
    assert checked.certificate.holds


def test_the_conflict_matrix_by_hand():
    lines = {
        "farmland": layer((0, 0, 10, 10), (20, 0, 30, 10)),
        "ecology": layer((8, 0, 22, 10), (9, 0, 12, 10)),
        "urban": layer((100, 0, 110, 10)),
    }
    found, certificate = conflicts(lines)
    sums = found.groupby(["line_a", "line_b"])["area_m2"].sum()
    assert dict(sums) == {("farmland", "ecology"): 50, ("ecology", "ecology"): 30}
    assert certificate.balance["farmland ∩ ecology"] == 40  # 2 m and 2 m of 10 m
    assert certificate.balance["farmland ∩ urban"] == 0
    assert certificate.holds
