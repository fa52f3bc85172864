"""Edits in time and in plans: what a write holds for."""

from typing import Any

import pytest
from edits import ITEMS, feature, height
from starlette.testclient import TestClient

from spatial import scenario
from spatial.database import Database


class TestTime:
    def test_a_write_holds_from_where_the_body_says(self, editor: TestClient) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2020-01-01", "2021-12-31"]}}
        place = editor.post(ITEMS, json=sent).headers["location"]
        found = editor.get(f"{place}?datetime=2021").json()
        assert found["time"]["interval"] == [
            "2019-12-31T16:00:00.000000Z",
            "2021-12-31T16:00:00.000000Z",
        ]
        assert editor.get(f"{place}?datetime=2019").status_code == 410
        assert editor.get(place).status_code == 410

    def test_bounds_that_came_as_attributes_are_its_time(self, editor: TestClient) -> None:
        """As GDAL's reader of JSON-FG, and so QGIS, sends them back."""
        blank = feature(height=1.0, time_start=None, time_end=None)
        place = editor.post(ITEMS, json=blank).headers["location"]
        assert set(editor.get(place).json()["properties"]) == {"code", "height"}
        sent = feature(height=1.0, time_start="2020-01-01T00:00:00Z", time_end=None)
        place = editor.post(ITEMS, json=sent).headers["location"]
        interval = editor.get(place).json()["time"]["interval"]
        assert interval == ["2020-01-01T00:00:00.000000Z", ".."]
        changed = {"properties": {"time_start": "2019-01-01T00:00:00Z"}}
        assert editor.patch(place, json=changed).status_code == 400

    def test_a_period_is_corrected_and_the_rest_stays(self, editor: TestClient) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2010", ".."]}}
        fid = int(editor.post(ITEMS, json=sent).headers["location"].rpartition("/")[2])
        url, change = f"{ITEMS}/{fid}", {"properties": {"height": 4.0}}
        assert editor.patch(f"{url}?datetime=2015/2016", json=change).status_code == 204
        years = ("2014", "2015", "2016", "2017", "2024")
        heights = [height(editor, fid, f"?datetime={year}") for year in years]
        assert heights == [1.0, 4.0, 4.0, 1.0, 1.0]
        match = {"If-Match": editor.get(f"{url}?datetime=2012").headers["etag"]}
        change = {"properties": {"height": 8.0}, "time": {"interval": ["2012", "2012"]}}
        assert editor.patch(url, json=change, headers=match).status_code == 204
        assert editor.patch(url, json=change, headers=match).status_code == 412

    def test_an_instant_writes_to_the_end_of_the_state(self, editor: TestClient) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2010", ".."]}}
        fid = int(editor.post(ITEMS, json=sent).headers["location"].rpartition("/")[2])
        url = f"{ITEMS}/{fid}?datetime=2020-01-01T00:00:00Z"
        assert editor.patch(url, json={"properties": {"height": 2.0}}).status_code == 204
        assert [height(editor, fid, f"?datetime={y}") for y in ("2019", "2020")] == [1.0, 2.0]
        assert editor.delete(f"{ITEMS}/{fid}?datetime=2022").status_code == 204
        assert editor.get(f"{ITEMS}/{fid}?datetime=2023").status_code == 410

    def test_over_an_interval_one_state_is_read_and_written_by_its_own_id(
        self, editor: TestClient
    ) -> None:
        sent = feature(height=1.0) | {"time": {"interval": ["2010", ".."]}}
        fid = int(editor.post(ITEMS, json=sent).headers["location"].rpartition("/")[2])
        editor.patch(f"{ITEMS}/{fid}?datetime=2015/..", json={"properties": {"height": 2.0}})
        when = "datetime=2012/2018"
        first, second = (
            found["id"]
            for found in editor.get(f"{ITEMS}?{when}").json()["features"]
            if str(found["id"]).startswith(f"{fid}.")
        )
        read = editor.get(f"{ITEMS}/{second}?{when}")
        assert (read.json()["id"], read.json()["properties"]["height"]) == (second, 2.0)
        change, match = {"properties": {"height": 5.0}}, {"If-Match": read.headers["etag"]}
        url = f"{ITEMS}/{second}?{when}"
        assert editor.patch(url, json=change, headers=match).status_code == 204
        assert editor.patch(url, json=change).status_code == 412
        years = ("2011", "2014", "2015", "2018", "2019")
        heights = [height(editor, fid, f"?datetime={year}") for year in years]
        assert heights == [1.0, 1.0, 5.0, 5.0, 2.0]
        assert editor.get(f"{ITEMS}/{first}").json()["properties"]["height"] == 1.0
        assert editor.get(f"{ITEMS}/{second}").status_code == 410
        assert editor.get(f"{ITEMS}/99.1").status_code == 404

    @pytest.mark.parametrize(
        ("url", "body"),
        [
            (f"{ITEMS}?known_at=2024", feature()),
            (ITEMS, feature() | {"time": {"interval": ["2024", "2020"]}}),
            (ITEMS, feature() | {"time": {"interval": ["2024"]}}),
            (ITEMS, feature() | {"time": {"date": "2024-01-01"}}),
            (ITEMS, feature() | {"time": {"interval": ["soon", ".."]}}),
        ],
    )
    def test_times_that_make_no_sense(
        self, editor: TestClient, url: str, body: dict[str, Any]
    ) -> None:
        assert editor.post(url, json=body).status_code == 400
        assert editor.request("DELETE", f"{ITEMS}/1?datetime=2020/2021").status_code == 400


class TestScenario:
    def test_a_plan_is_written_without_touching_the_city(
        self, editor: TestClient, database: Database
    ) -> None:
        scenario.create(database, "east", author="planner")
        tag = editor.get(f"{ITEMS}/1?scenario=east").headers["etag"]
        change, match = {"properties": {"height": 30.0}}, {"If-Match": tag}
        url = f"{ITEMS}/1?scenario=east"
        assert editor.patch(url, json=change, headers=match).status_code == 204
        assert editor.patch(url, json=change, headers=match).status_code == 412
        made = editor.post(f"{ITEMS}?scenario=east", json=feature(code="tower"))
        assert made.status_code == 201
        assert editor.get(made.headers["location"]).status_code == 404
        assert editor.get(f"{made.headers['location']}?scenario=east").status_code == 200
        assert editor.delete(f"{ITEMS}/2?scenario=east").status_code == 204
        assert (height(editor, 1), height(editor, 1, "?scenario=east")) == (0.0, 30.0)
        east = editor.get(f"{ITEMS}?scenario=east").json()
        assert [f["id"] for f in east["features"]] == [1, 3, 4]
        assert editor.get(ITEMS).json()["numberMatched"] == 3
        assert editor.post(f"{ITEMS}?scenario=nowhere", json=feature()).status_code == 404

    def test_a_plan_that_is_closed_takes_no_more(
        self, editor: TestClient, database: Database
    ) -> None:
        for name, close in (("east", scenario.discard), ("west", scenario.adopt)):
            scenario.create(database, name, author="ada")
            close(database, name, author="ada")
            answer = editor.patch(
                f"{ITEMS}/1?scenario={name}", json={"properties": {"height": 9.0}}
            )
            assert (answer.status_code, answer.json()["code"]) == (409, "Conflict")
        assert editor.get(f"{ITEMS}/1?scenario=east").status_code == 410
