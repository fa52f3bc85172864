"""History as a resource: versions, changes, differences, and the links between versions."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import shapely
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import scenario, token
from spatial.database import Database
from spatial.edit import edit
from spatial.period import Period, parse_bounds

PLOTS = "/collections/plots"
ITEMS = f"{PLOTS}/items"


@pytest.fixture
def life(database: Database, plots: object) -> int:
    """A feature that was 1, then 2, then 3 m high, from 2010, 2015 and 2020 on; its fid."""
    return grow(database)


@pytest.fixture
def staff(client: TestClient, database: Database) -> TestClient:
    """A client with a token to read."""
    client.headers["Authorization"] = f"Bearer {token.create(database, 'read')}"
    return client


def grow(database: Database, name: str = "plots") -> int:
    with edit(database, name, author="ada") as editor:
        fid = editor.insert(
            {"code": "life", "height": 1.0}, shapely.box(0, 0, 1, 1), 4549, since("2010")
        )
    for value, year in ((2.0, "2015"), (3.0, "2020")):
        with edit(database, name, author="ada") as editor:
            editor.correct(fid, since(year), {"height": value})
    return fid


def since(year: str) -> Period:
    return parse_bounds(year, "..", UTC)


def ask(client: TestClient, url: str, **options: Any) -> dict[str, Any]:
    answer = client.get(url, **options)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def pages(client: TestClient, url: str) -> Iterator[dict[str, Any]]:
    while True:
        page = ask(client, url)
        yield page
        onward = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not onward:
            return
        url = onward[0]


def links(client: TestClient, url: str) -> dict[str, str]:
    header = client.get(url).headers["link"]
    parts = (part.strip().partition("; rel=") for part in header.split(","))
    return {rel.strip('"'): href.strip("<>") for href, _, rel in parts}


class TestLinks:
    def test_versions_lead_to_each_other(self, client: TestClient, life: int) -> None:
        url = f"{ITEMS}/{life}?datetime=2016"
        middle = links(client, url)
        assert ask(client, middle["predecessor-version"])["properties"]["height"] == 1.0
        assert ask(client, middle["successor-version"])["properties"]["height"] == 3.0
        assert ask(client, middle["latest-version"])["properties"]["height"] == 3.0
        assert len(ask(client, middle["version-history"])["features"]) == 5
        assert middle["timemap"] == middle["version-history"]
        assert middle["original"].endswith(f"{ITEMS}/{life}")
        first = links(client, middle["predecessor-version"])
        assert "predecessor-version" not in first
        assert "successor-version" not in links(client, middle["latest-version"])

    def test_a_memento_says_since_when_it_is_so(self, client: TestClient, life: int) -> None:
        told = client.get(f"{ITEMS}/{life}?datetime=2016").headers["memento-datetime"]
        assert parsedate_to_datetime(told) == datetime(2015, 1, 1, tzinfo=UTC)

    def test_links_stay_within_the_edition_and_the_plan(
        self, client: TestClient, database: Database, life: int
    ) -> None:
        scenario.create(database, "east", author="planner")
        found = links(client, f"{ITEMS}/{life}?scenario=east&datetime=2016")
        assert all("scenario=east" in href for href in found.values())


class TestVersions:
    def test_all_are_listed_with_both_times_and_their_author(
        self, staff: TestClient, life: int
    ) -> None:
        found = ask(staff, f"{ITEMS}/{life}/versions")["features"]
        ids = [feature["id"] for feature in found]
        assert len(set(ids)) == len(ids) == 5
        assert all(str(name).startswith(f"{life}.") for name in ids)
        believed = [f for f in found if f["recorded"]["interval"][1] == ".."]
        told = [(f["time"]["interval"][0][:4], f["properties"]["height"]) for f in believed]
        assert sorted(told) == [("2010", 1.0), ("2015", 2.0), ("2020", 3.0)]
        assert {(f["author"], f["scenario"], f["removed"]) for f in found} == {
            ("ada", "main", False)
        }

    def test_each_has_an_address(self, client: TestClient, life: int) -> None:
        for feature in ask(client, f"{ITEMS}/{life}/versions")["features"]:
            number = feature["id"].partition(".")[2]
            alone = ask(client, f"{ITEMS}/{life}/versions/{number}")
            assert {key: alone[key] for key in feature} == feature
        for missing in ("99999", "x"):
            assert client.get(f"{ITEMS}/{life}/versions/{missing}").status_code == 404

    def test_an_edition_knows_what_was_recorded_by_then(
        self, client: TestClient, life: int
    ) -> None:
        log = ask(client, f"{PLOTS}/changes")["changes"]
        counts = []
        for change in log[1:]:
            page = ask(client, f"{ITEMS}/{life}/versions?known_at={change['at']}")
            standing = [f for f in page["features"] if f["recorded"]["interval"][1] == ".."]
            counts.append((len(page["features"]), len(standing)))
        assert counts == [(1, 1), (3, 2), (5, 3)]
        before = f"{ITEMS}/{life}/versions?known_at={log[0]['at']}"
        assert client.get(before).status_code == 404

    def test_pages_reach_each_once(self, client: TestClient, life: int) -> None:
        whole = ask(client, f"{ITEMS}/{life}/versions")["features"]
        paged = [
            feature
            for page in pages(client, f"{ITEMS}/{life}/versions?limit=2")
            for feature in page["features"]
        ]
        assert paged == whole

    def test_valid_time_narrows_them(self, client: TestClient, life: int) -> None:
        found = ask(client, f"{ITEMS}/{life}/versions?datetime=2012")["features"]
        assert {feature["properties"]["height"] for feature in found} == {1.0}

    def test_a_plan_shows_its_own_word_and_its_tombstones(
        self, staff: TestClient, database: Database, plots: object
    ) -> None:
        scenario.create(database, "east", author="planner")
        with edit(database, "plots", author="eva", scenario="east") as editor:
            editor.remove(1)
        own = [
            feature
            for feature in ask(staff, f"{ITEMS}/1/versions?scenario=east")["features"]
            if feature["scenario"] == "east"
        ]
        assert any(feature["removed"] for feature in own)
        assert {feature["author"] for feature in own} == {"eva"}
        main = ask(staff, f"{ITEMS}/1/versions")["features"]
        assert [feature["scenario"] for feature in main] == ["main"]


def test_names_of_authors_are_not_for_everyone(client: TestClient, life: int) -> None:
    told = [
        *ask(client, f"{ITEMS}/{life}/versions")["features"],
        *ask(client, f"{PLOTS}/changes")["changes"],
    ]
    assert {one["author"] for one in told} == {None}


class TestChanges:
    def test_the_log_is_told_in_the_order_of_commits(
        self, staff: TestClient, database: Database, life: int
    ) -> None:
        scenario.create(database, "east", author="planner")
        with edit(database, "plots", author="eva", scenario="east") as editor:
            editor.update(1, {"height": 4.0})
        log = ask(staff, f"{PLOTS}/changes")["changes"]
        assert [change["action"] for change in log] == ["load", "edit", "edit", "edit", "edit"]
        assert [(c["opened"], c["closed"]) for c in log[:4]] == [(3, 0), (1, 0), (2, 1), (2, 1)]
        assert (log[4]["author"], log[4]["scenario"]) == ("eva", "east")
        cursors = [change["cursor"] for change in log]
        assert cursors == sorted(cursors)
        assert ask(staff, f"{PLOTS}/changes?scenario=east")["changes"] == log[4:]
        assert len(ask(staff, f"{PLOTS}/changes?scenario=main")["changes"]) == 4

    def test_it_goes_on_from_a_cursor_or_a_moment(self, client: TestClient, life: int) -> None:
        log = ask(client, f"{PLOTS}/changes")["changes"]
        for bound in (str(log[1]["cursor"]), log[1]["at"]):
            assert ask(client, f"{PLOTS}/changes?since={bound}")["changes"] == log[2:]
            assert ask(client, f"{PLOTS}/changes?until={bound}")["changes"] == log[:2]
        paged = [c for page in pages(client, f"{PLOTS}/changes?limit=1") for c in page["changes"]]
        assert paged == log
        assert ask(client, f"{PLOTS}/changes?since=2000-01-01")["changes"] == log
        assert client.get(f"{PLOTS}/changes?since=soon").status_code == 400


class TestDiff:
    def test_what_time_alone_changed(self, client: TestClient, life: int) -> None:
        (one,) = ask(client, f"{PLOTS}/diff?datetime=2012&to-datetime=2016")["features"]
        assert (one["id"], one["change"]) == (life, "changed")
        assert one["properties"]["height"] == 2.0
        assert one["old"] == {"properties": {"height": 1.0}}
        (one,) = ask(client, f"{PLOTS}/diff?datetime=2005&to-datetime=2012")["features"]
        assert (one["id"], one["change"]) == (life, "added")
        (one,) = ask(client, f"{PLOTS}/diff?datetime=2012&to-datetime=2005")["features"]
        assert (one["id"], one["change"], one["properties"]["height"]) == (life, "removed", 1.0)

    def test_what_a_correction_changed(self, client: TestClient, life: int) -> None:
        log = ask(client, f"{PLOTS}/changes")["changes"]
        query = f"datetime=2021&to-datetime=2021&known_at={log[1]['at']}"
        (one,) = ask(client, f"{PLOTS}/diff?{query}")["features"]
        assert (one["old"]["properties"], one["properties"]["height"]) == ({"height": 1.0}, 3.0)
        assert ask(client, f"{PLOTS}/diff?{query.replace('2021', '2012')}")["features"] == []

    def test_what_a_plan_changes(
        self, client: TestClient, database: Database, plots: object
    ) -> None:
        scenario.create(database, "east", author="planner")
        with edit(database, "plots", author="eva", scenario="east") as editor:
            editor.update(1, {"code": "x"}, shapely.box(0, 0, 2, 2), 4549)
            editor.remove(2)
            new = editor.insert({"code": "new"}, shapely.box(0, 0, 1, 1), 4549)
        found = ask(client, f"{PLOTS}/diff?to-scenario=east")
        assert [(f["id"], f["change"]) for f in found["features"]] == [
            (1, "changed"),
            (2, "removed"),
            (new, "added"),
        ]
        assert set(found["features"][0]["old"]) == {"properties", "geometry"}
        assert found["to"]["scenario"] == "east"
        back = ask(client, f"{PLOTS}/diff?scenario=east")["features"]
        assert [f["change"] for f in back] == ["changed", "added", "removed"]
        hits = ask(client, f"{PLOTS}/diff?to-scenario=east&resulttype=hits")
        assert [hits[key] for key in ("added", "removed", "changed")] == [1, 1, 1]
        assert (hits["numberMatched"], hits["features"]) == (3, [])
        parts = pages(client, f"{PLOTS}/diff?to-scenario=east&limit=1")
        paged = [feature for part in parts for feature in part["features"]]
        assert paged == found["features"]

    def test_it_is_what_two_pages_of_items_say(
        self, client: TestClient, database: Database, life: int
    ) -> None:
        with edit(database, "plots", author="bob") as editor:
            editor.remove(2)
            editor.update(3, {"height": 9.0})
            editor.update(1, {"height": 0.0})  # written again, but not changed
        moments = [f"datetime={year}" for year in ("2005", "2012", "2017")] + [""]
        for one in moments:
            for other in moments:
                old, new = (
                    {f["id"]: f for f in ask(client, f"{ITEMS}?{m}")["features"]}
                    for m in (one, other)
                )
                values = {
                    fid
                    for fid in old.keys() & new.keys()
                    if (old[fid]["properties"], old[fid]["geometry"])
                    != (new[fid]["properties"], new[fid]["geometry"])
                }
                expected = (
                    {(fid, "added") for fid in new.keys() - old.keys()}
                    | {(fid, "removed") for fid in old.keys() - new.keys()}
                    | {(fid, "changed") for fid in values}
                )
                to = f"to-{other}" if other else ""
                found = ask(client, f"{PLOTS}/diff?{one}&{to}")["features"]
                assert {(f["id"], f["change"]) for f in found} == expected, (one, other)

    def test_a_filter_and_a_box_narrow_both_sides(self, client: TestClient, life: int) -> None:
        query = "datetime=2012&to-datetime=2021"
        (one,) = ask(client, f"{PLOTS}/diff?{query}&filter=height<2")["features"]
        assert (one["id"], one["change"]) == (life, "removed")
        assert len(ask(client, f"{PLOTS}/diff?{query}&code=life")["features"]) == 1
        assert ask(client, f"{PLOTS}/diff?{query}&code=c1")["features"] == []
        assert ask(client, f"{PLOTS}/diff?{query}&bbox=0,0,1,1")["features"] == []

    @pytest.mark.parametrize(
        "query",
        ["datetime=2012/2015", "to-datetime=2012/..", "sortby=code", "hight=3", "limit=0"],
    )
    def test_questions_that_make_no_sense(
        self, client: TestClient, plots: object, query: str
    ) -> None:
        assert client.get(f"{PLOTS}/diff?{query}").status_code == 400
        assert client.get(f"{PLOTS}/diff?to-scenario=nowhere").status_code == 404


class TestTrust:
    @pytest.fixture
    def bearer(self, database: Database) -> Callable[..., dict[str, str]]:
        def issue(scope: str = "read", **options: object) -> dict[str, str]:
            secret = token.create(database, scope, **options)  # type: ignore[arg-type]
            return {"Authorization": f"Bearer {secret}"}

        return issue

    def test_a_restricted_layer_has_no_history_for_others(
        self, client: TestClient, database: Database, bearer: Callable[..., dict[str, str]]
    ) -> None:
        make_layer(database, "secret", access="restricted")
        for path in ("items/1/versions", "items/1/versions/1", "changes", "diff?datetime=2012"):
            url = f"/collections/secret/{path}"
            assert client.get(url).status_code == 404
            assert client.get(url, headers=bearer(classes=["shared"])).status_code == 404
            assert client.get(url, headers=bearer()).status_code == 200

    def test_an_area_hears_of_its_own_rows_only(
        self, client: TestClient, database: Database, bearer: Callable[..., dict[str, str]]
    ) -> None:
        make_layer(database, "streets", access="restricted", area_field="code")
        with edit(database, "streets", author="city") as editor:
            editor.update(1, {"height": 5.0})
        with edit(database, "streets", author="city") as editor:
            editor.update(2, {"height": 5.0})
            editor.update(3, {"height": 5.0})
        mine, place = bearer(areas=["c1"]), "/collections/streets"
        log = ask(client, f"{place}/changes", headers=mine)["changes"]
        assert [(c["action"], c["opened"], c["closed"]) for c in log] == [
            ("load", 1, 0),
            ("edit", 2, 1),
        ]
        assert client.get(f"{place}/items/1/versions", headers=mine).status_code == 404
        assert len(ask(client, f"{place}/items/2/versions", headers=mine)["features"]) == 3
        query = f"known_at={log[0]['at']}"
        found = ask(client, f"{place}/diff?{query}", headers=mine)["features"]
        assert [f["id"] for f in found] == [2]
        whole = ask(client, f"{place}/diff?{query}", headers=bearer())["features"]
        assert [f["id"] for f in whole] == [1, 2, 3]


def test_our_paths_and_parameters_are_in_the_openapi_document(
    client: TestClient, plots: object
) -> None:
    document = ask(client, "/openapi?f=json")
    paths = document["paths"]
    assert {"get", "post"} <= set(paths[ITEMS])
    assert {"get", "put", "patch", "delete"} <= set(paths[f"{ITEMS}/{{featureId}}"])
    for tail in ("items/{featureId}/versions", "changes", "diff"):
        operation = paths[f"{PLOTS}/{tail}"]["get"]
        named = {parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"]}
        assert {"known_at", "scenario"} <= named <= set(document["components"]["parameters"])
    declared = ask(client, "/conformance?f=json")["conformsTo"]
    for name in ("create-replace-delete", "update", "optimistic-locking-etags", "features"):
        assert f"http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/{name}" in declared
