"""Versioned Features, OGC's draft of 2026-04-27, and JSON-FG 1.0, by their own examples."""

from datetime import UTC
from typing import Any

import httpx
import pytest
import shapely
from starlette.testclient import TestClient

from spatial import scenario, token
from spatial.database import Database
from spatial.edit import edit
from spatial.period import parse_bounds

ITEMS = "/collections/plots/items"
GK39 = "http://www.opengis.net/def/crs/EPSG/0/4549"
FG = "application/vnd.ogc.fg+json"


@pytest.fixture
def building(database: Database, plots: object) -> int:
    """The draft's building: from 2001 on 10.8 m high, since 2012 14 m, taken down in 2020."""
    with edit(database, "plots", author="ada") as editor:
        fid = editor.insert(
            {"code": "b", "height": 10.8},
            shapely.box(0, 0, 1, 1),
            4549,
            parse_bounds("2001-07-02T10:43:17Z", "2020-01-01T00:00:00Z", UTC),
        )
        editor.correct(
            fid,
            parse_bounds("2012-10-14T16:43:17Z", "2020-01-01T00:00:00Z", UTC),
            {"height": 14.0},
        )
    return fid


@pytest.fixture
def editor(client: TestClient, database: Database) -> TestClient:
    client.headers["Authorization"] = f"Bearer {token.create(database, 'write')}"
    return client


def linked(answer: httpx.Response) -> dict[str, str]:
    return {rel: found["url"] for rel, found in answer.links.items()}


def heights(client: TestClient, fid: int, when: str = "../..") -> list[tuple[str, str, float]]:
    """The states of a feature, as an interval gives them: from, to, height."""
    found = client.get(ITEMS, params={"datetime": when, "filter": f"fid = {fid}"}).json()
    return sorted(
        (*(bound[:4] for bound in one["time"]["interval"]), one["properties"]["height"])
        for one in found["features"]
    )


class TestCore:
    def test_the_collection_says_what_its_versions_are(
        self, client: TestClient, plots: Any
    ) -> None:
        """Collection metadata"""
        expected = {"timeAxis": "validity-time", "mutationTime": "client"}
        assert client.get("/collections/plots?f=json").json()["versioning"] == expected
        every = client.get("/collections?f=json").json()["collections"]
        (listed,) = (one for one in every if one["id"] == "plots")
        assert listed["versioning"] == expected

    def test_a_moment_gives_the_version_that_held(self, client: TestClient, building: int) -> None:
        """Access to a feature and its versions: the example of 2005"""
        answer = client.get(f"{ITEMS}/{building}?datetime=2005-01-01T00:00:00Z")
        assert answer.json()["properties"]["height"] == 10.8
        assert answer.headers["memento-datetime"] == "Mon, 02 Jul 2001 10:43:17 GMT"
        links, here = linked(answer), f"http://127.0.0.1:8000{ITEMS}/{building}"
        assert links["self"] == f"{here}?datetime=2005-01-01T00%3A00%3A00Z"
        assert links["canonical"] == f"{here}?datetime=2001-07-02T10%3A43%3A17Z"
        assert links["original"] == here
        assert links["successor-version"] == f"{here}?datetime=2012-10-14T16%3A43%3A17Z"
        assert links["timemap"] == links["version-history"] == f"{here}/versions"
        assert "predecessor-version" not in links
        assert {one["rel"]: one["href"] for one in answer.json()["links"]}.items() >= links.items()

    def test_the_later_version_holds_at_the_shared_instant(
        self, client: TestClient, building: int
    ) -> None:
        """Version resolution at shared transition instants"""
        answer = client.get(f"{ITEMS}/{building}?datetime=2012-10-14T16:43:17Z")
        assert answer.json()["properties"]["height"] == 14.0
        assert answer.headers["memento-datetime"] == "Sun, 14 Oct 2012 16:43:17 GMT"
        assert linked(answer)["canonical"] == linked(answer)["self"]

    @pytest.mark.parametrize("when", ["1990-01-01T00:00:00Z", "2021-01-01T00:00:00Z"])
    def test_outside_its_life_it_is_gone(
        self, client: TestClient, building: int, when: str
    ) -> None:
        """410 responses include latest-version, timemap and version-history"""
        answer = client.get(f"{ITEMS}/{building}?datetime={when}")
        assert answer.status_code == 410
        links = linked(answer)
        assert {"latest-version", "timemap", "version-history"} <= links.keys()
        assert client.get(links["latest-version"]).json()["properties"]["height"] == 14.0
        assert client.get(f"{ITEMS}/99?datetime={when}").status_code == 404

    def test_the_time_map_lists_a_memento_for_each_version(
        self, client: TestClient, building: int
    ) -> None:
        """Time Map, as JSON and in the link format"""
        url = f"{ITEMS}/{building}/versions"
        links = client.get(url).json()["links"]
        mementos = [one for one in links if one["rel"] == "memento"]
        assert [one["datetime"] for one in mementos] == [
            "Mon, 02 Jul 2001 10:43:17 GMT",
            "Sun, 14 Oct 2012 16:43:17 GMT",
        ]
        by_rel = {one["rel"]: one["href"] for one in links}
        assert by_rel["first"] == mementos[0]["href"]
        assert by_rel["last"] == by_rel["latest-version"] == mementos[1]["href"]
        for one in mementos:
            assert client.get(one["href"]).headers["memento-datetime"] == one["datetime"]
        plain = client.get(url, headers={"accept": "application/link-format"})
        assert plain.headers["content-type"].startswith("application/link-format")
        assert plain.text.count('rel="memento"') == 2
        assert 'datetime="Mon, 02 Jul 2001 10:43:17 GMT"' in plain.text

    def test_the_schema_names_the_interval(self, client: TestClient, plots: Any) -> None:
        """The schema has to identify the primary interval (Features, Part 5)"""
        properties = client.get("/collections/plots/schema?f=json").json()["properties"]
        roles = {
            told["x-ogc-role"]: name
            for name, told in properties.items()
            if len(told) > 3 or told.get("x-ogc-role")
        }
        assert roles.keys() >= {
            "id", "primary-geometry", "primary-interval-start", "primary-interval-end",
        }  # fmt: skip


class TestSeveralVersions:
    def test_versions_are_features_with_ids_of_their_own(
        self, client: TestClient, building: int
    ) -> None:
        """Profile: Versions as Features with Unique IDs"""
        query = {"datetime": "2005-01-01T00:00:00Z/..", "filter": f"fid = {building}"}
        answer = client.get(ITEMS, params=query)
        found = answer.json()
        assert found["numberMatched"] == found["numberReturned"] == 2
        assert len({one["id"] for one in found["features"]}) == 2
        assert linked(answer)["profile"].endswith("/versions-as-features-unique-ids")
        shared = client.get(ITEMS, params=query | {"profile": "versions-as-features"})
        assert {one["id"] for one in shared.json()["features"]} == {building}
        assert linked(shared)["profile"].endswith("/versions-as-features")

    def test_filters_are_of_versions(self, client: TestClient, building: int) -> None:
        """Behaviour on the Features resource: filters apply to the selected versions"""
        query = {"datetime": "../..", "filter": f"fid = {building} AND height > 12"}
        assert client.get(ITEMS, params=query).json()["numberMatched"] == 1
        assert client.get(ITEMS, params=query | {"datetime": "2005"}).json()["features"] == []


class TestJsonFg:
    @pytest.mark.parametrize("asked", [{"params": {"f": "jsonfg"}}, {"headers": {"accept": FG}}])
    def test_the_root_says_what_it_is(
        self, client: TestClient, plots: Any, asked: dict[str, Any]
    ) -> None:
        """conf/core, conf/types-schemas"""
        for url in (ITEMS, f"{ITEMS}/1"):
            answer = client.get(url, **asked)
            assert answer.headers["content-type"] == FG
            found = answer.json()
            assert "http://www.opengis.net/spec/json-fg-1/1.0/conf/core" in found["conformsTo"]
            assert (found["featureType"], found["geometryDimension"]) == ("plots", 2)
            one = found.get("features", [found])[0]
            assert (one["place"], one["geometry"]["type"]) == (None, "MultiPolygon")
            assert one["time"] == {"interval": ["..", ".."]}
            assert "conformsTo" not in one or one is found

    def test_another_crs_goes_into_place(self, client: TestClient, plots: Any) -> None:
        """conf/core: geometry is in CRS84 or null, place in coordRefSys"""
        for url in (ITEMS, f"{ITEMS}/1"):
            found = client.get(url, params={"f": "jsonfg", "crs": GK39}).json()
            one = found.get("features", [found])[0]
            assert (found["coordRefSys"], one["geometry"]) == (GK39, None)
            assert [3486000, 528000] in one["place"]["coordinates"][0][0]
            both = client.get(
                url, params={"f": "jsonfg", "crs": GK39, "profile": "jsonfg-plus"}
            ).json()
            one = both.get("features", [both])[0]
            assert one["geometry"] == client.get(f"{ITEMS}/1").json()["geometry"]

    def test_what_is_read_can_be_written(self, editor: TestClient, plots: Any) -> None:
        """conf/core, in the body of a request"""
        read = editor.get(f"{ITEMS}/1", params={"f": "jsonfg", "crs": GK39}).json()
        (ring,) = read["place"]["coordinates"][0]
        read["place"]["coordinates"] = [[[[north, east + 5] for north, east in ring]]]
        kept = ("type", "properties", "geometry", "place", "coordRefSys")
        body = {key: read[key] for key in kept}
        answer = editor.put(f"{ITEMS}/1", json=body, headers={"content-type": FG})
        assert answer.status_code == 204, answer.text
        now = editor.get(f"{ITEMS}/1", params={"crs": GK39}).json()["geometry"]
        assert [3486001, 528006] in now["coordinates"][0][0]


class TestBackdating:
    """Where the draft says 409, corrections are accepted and recorded: our extension."""

    def body(self, height: float) -> dict[str, Any]:
        square = shapely.box(120.29, 31.49, 120.30, 31.50).__geo_interface__
        return {"type": "Feature", "properties": {"height": height}, "geometry": square}

    def test_a_life_is_extended_backwards(self, editor: TestClient, building: int) -> None:
        when = {"datetime": "1990-01-01T00:00:00Z/2001-07-02T10:43:17Z"}
        answer = editor.put(f"{ITEMS}/{building}", params=when, json=self.body(5.0))
        assert answer.status_code == 204, answer.text
        assert heights(editor, building) == [
            ("1990", "2001", 5.0), ("2001", "2012", 10.8), ("2012", "2020", 14.0),
        ]  # fmt: skip
        before = editor.get(f"{ITEMS}/{building}?datetime=1995&known_at=2020")
        assert before.status_code == 404  # the books did not know of it then

    def test_what_was_removed_lives_again(self, editor: TestClient, building: int) -> None:
        when = {"datetime": "2022-01-01T00:00:00Z/.."}
        answer = editor.put(f"{ITEMS}/{building}", params=when, json=self.body(9.0))
        assert answer.status_code == 204, answer.text
        assert heights(editor, building)[-1] == ("2022", "..", 9.0)
        assert editor.get(f"{ITEMS}/{building}").json()["properties"]["height"] == 9.0
        assert editor.get(f"{ITEMS}/{building}?datetime=2021").status_code == 410

    def test_what_was_there_is_corrected_and_what_was_not_is_put(
        self, editor: TestClient, building: int
    ) -> None:
        when = {"datetime": "2018-01-01T00:00:00Z/2023-01-01T00:00:00Z"}
        assert editor.put(f"{ITEMS}/{building}", params=when, json=self.body(7.0)).is_success
        assert heights(editor, building) == [
            ("2001", "2012", 10.8), ("2012", "2018", 14.0), ("2018", "2023", 7.0),
        ]  # fmt: skip

    def test_a_plan_takes_its_removal_back(
        self, editor: TestClient, database: Database, building: int
    ) -> None:
        with edit(database, "plots", author="ada") as books:
            forever = books.insert({"height": 1.0}, shapely.box(0, 0, 1, 1), 4549)
        scenario.create(database, "east", author="ada")
        plan = {"scenario": "east"}
        url = f"{ITEMS}/{forever}"
        assert editor.delete(url, params=plan).is_success
        assert editor.get(url, params=plan).status_code in (404, 410)
        again = plan | {"datetime": "2040-01-01T00:00:00Z/.."}
        assert editor.put(url, params=again, json=self.body(3.0)).is_success
        late = editor.get(url, params=plan | {"datetime": "2041"}).json()
        assert late["properties"]["height"] == 3.0
        assert editor.get(url, params=plan | {"datetime": "2035"}).status_code in (404, 410)
        assert editor.get(f"{url}?datetime=2041").json()["properties"]["height"] == 1.0

    def test_a_feature_that_never_was_is_not_put(self, editor: TestClient, plots: Any) -> None:
        when = {"datetime": "2022-01-01T00:00:00Z/.."}
        assert editor.put(f"{ITEMS}/99", params=when, json=self.body(1.0)).status_code == 404


class TestChanges:
    def test_changes_are_narrowed(
        self, client: TestClient, database: Database, building: int
    ) -> None:
        url = "/collections/plots/changes"
        assert len(client.get(url).json()["changes"]) == 2
        (only,) = client.get(url, params={"filter": "code = 'b'"}).json()["changes"]
        assert only["opened"] == 2
        (loaded,) = client.get(url, params={"filter": "fid = 1"}).json()["changes"]
        assert (loaded["opened"], loaded["closed"]) == (1, 0)
        near = client.get(url, params={"bbox": "120.28,31.48,120.31,31.51"}).json()["changes"]
        assert [one["cursor"] for one in near] == [loaded["cursor"]]
