"""Trees of codes and crosswalks, against what the standards say."""

import geopandas as gpd
import pytest
import shapely.affinity
from deciding import decide, output, put, table

import spatial.analyses.known  # noqa: F401
from spatial.errors import Invalid
from spatial.land_use.code_crosswalk import translate
from spatial.land_use.code_tree import PROFILES, crosswalk, profile, tree_of


def level(tree, number):
    return [code for code in tree.titles if len(tree.path(code)) == number]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("gb21010", [12, 73]), ("survey", [13, 55]), ("planning", [24, 111]), ("generic", [5, 12])],
)
def test_trees_have_the_standards_classes(name, sizes):
    tree = profile(name)
    assert [len(level(tree, 1)), len(level(tree, 2))] == sizes
    assert all(zh and en for zh, en in tree.titles.values())


def test_a_code_at_any_level():
    survey = profile("survey")
    assert survey.at("1106", 1) == "00"  # 湿地, not water
    assert survey.at("08H2A", 1) == "08"
    assert survey.at("08H2A", 2) == "08H2"
    assert survey.at("09", 2) == "09"
    assert survey.at("9999", 1) == ""
    assert profile("planning").at("070102", 0) == "070102"


@pytest.mark.parametrize("source", PROFILES)
@pytest.mark.parametrize("target", PROFILES)
def test_every_code_has_a_like_that_is_a_code(source, target):
    links = crosswalk(source, target)
    known = profile(target).titles
    assert set(links) == set(profile(source).titles)
    assert all(one in known for likes in links.values() for one in likes)
    if source == target:
        assert all(likes == (code,) for code, likes in links.items())


def test_what_the_guideline_says():
    to_planning = crosswalk("survey", "planning")
    assert to_planning["0101"] == ("0101",)
    assert to_planning["1202"] == ("0602",)
    assert to_planning["1006"] == ("0601",)
    assert to_planning["0603"] == ("1003",)
    assert to_planning["05H1"] == ("0901", "0902", "0903", "0904")
    assert to_planning["0201K"] == ("0201",)
    assert crosswalk("planning", "survey")["070102"] == ("0701",)
    assert crosswalk("survey", "gb21010")["08H1"] == ("0801", "0802")


def test_nothing_is_dropped_and_the_ambiguous_is_told():
    rows = translate(
        ["0101", "05H1", "08H2", "1005", "zz"],
        crosswalk("survey", "planning"),
        set(profile("survey").titles),
        profile("planning"),
        {"1005": "1208"},
    ).set_index("source_code")
    assert rows["status"].tolist() == ["one", "ambiguous", "ambiguous", "chosen", "unknown"]
    assert rows["target_code"].fillna("").tolist() == ["0101", "09", "", "1208", ""]
    assert rows["candidates"]["05H1"] == "0901, 0902, 0903, 0904"
    assert rows["target_zh"]["05H1"] == "商业服务业用地"


def test_choices_must_be_candidates():
    with pytest.raises(Invalid, match="cannot become"):
        translate([], {"05H1": ("0901",)}, {"05H1"}, profile("planning"), {"05H1": "0101"})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("gb2010", "there are no codes"),
        ('[["1", "", "a", "b"], ["1", "", "a", "b"]]', "there twice"),
        ('[["1", "2", "a", "b"]]', "is no code"),
        ('[["1", "2", "a", "b"], ["2", "1", "a", "b"]]', "its own ancestor"),
        ("[1]", "JSON rows"),
    ],
)
def test_trees_that_are_none(said, reason):
    with pytest.raises(Invalid, match=reason):
        tree_of(said)


def test_a_layer_of_the_survey_becomes_one_of_the_plan(database):
    places = [shapely.box(n, 0, n + 1, 1) for n in range(40_528_000, 40_528_006)]
    places = [shapely.affinity.translate(place, 0, 3_486_000) for place in places]
    codes = ["0101", "05H1", " 0101 ", None, "zz", "1005"]
    put(database, "dltb", gpd.GeoDataFrame({"DLBM": codes}, geometry=places, crs=4528))
    document = decide(
        database, "code-crosswalk", layer="dltb", code="DLBM", choices={"1005": "1208"}
    )
    rows = output(database, document)
    assert rows["status"].tolist() == ["one", "ambiguous", "one", "missing", "unknown", "chosen"]
    assert rows["target_code"].fillna("").tolist() == ["0101", "09", "0101", "", "", "1208"]
    assert rows["target_zh"][0] == "水田"
    assert rows.geometry.area.sum() == 6
    mapping = output(database, document, "mapping").set_index("source_code")
    assert mapping["features"]["0101"] == 2
    assert mapping["candidates"]["05H1"] == "0901, 0902, 0903, 0904"
    assert document["summary"]["ambiguous_codes"] == ["05H1"]
    assert document["summary"]["unknown_codes"] == ["zz"]
    assert document["certificate"]["balance"]["missing"] == 1
    assert document["certificate"]["holds"]
    put(database, "own", table(source=["0101", "zz", "zz"], target=["1001", "1001", "0601"]))
    document = decide(database, "code-crosswalk", layer="dltb", code="DLBM", mapping="own")
    assert output(database, document)["status"].tolist() == [
        "one", "unknown", "one", "missing", "ambiguous", "unknown",
    ]  # fmt: skip
    with pytest.raises(AssertionError, match="has no column DLDM: it has DLBM"):
        decide(database, "code-crosswalk", layer="dltb", code="DLDM")
