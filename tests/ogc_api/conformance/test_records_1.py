"""OGC API Records, Part 1 (20-004r1), by its abstract tests.

How records are found is told at length in tests/ogc_api/records/test_records.py.
"""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

BASE = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf"
CATALOGUE = "/collections/catalogue"
RECORDS = f"{CATALOGUE}/items"
pytestmark = pytest.mark.usefixtures("plots")


def every(client: TestClient, **query: str) -> list[dict[str, Any]]:
    answer = client.get(RECORDS, params={"limit": "1000"} | query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["features"]
    return found


class TestRecord:
    uri = (f"{BASE}/record-core", f"{BASE}/json")

    def test_every_record_has_what_it_must(self, client: TestClient) -> None:
        """/req/record-core/mandatory-properties-record, /req/json/record-response"""
        for one in every(client):
            assert one["type"] == "Feature"
            assert {"id", "geometry", "time", "links", "properties"} <= one.keys()
            assert f"{BASE}/record-core" in one["conformsTo"]
            assert one["properties"]["type"]
            assert one["properties"]["title"]

    def test_a_record_by_itself(self, client: TestClient) -> None:
        """/req/json/record-content, /req/record-core/links"""
        for one in every(client):
            alone = client.get(f"{RECORDS}/{one['id']}")
            assert alone.headers["content-type"] == "application/geo+json"
            assert alone.json()["properties"] == one["properties"]
            for link in one["links"]:
                assert {"href", "rel"} <= link.keys()
        assert client.get(f"{RECORDS}/nothing").status_code == 404

    def test_time_and_language(self, client: TestClient) -> None:
        """/req/record-core/time, /req/record-core/language"""
        for one in every(client):
            if one["time"] is not None:
                begin, end = one["time"]["interval"]
                assert begin == ".." or end == ".." or begin <= end
            assert re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", one["properties"]["language"]["code"])

    def test_templates(self, client: TestClient) -> None:
        """/req/record-core/templated-links-with-variables: each has a template to fill"""
        for one in every(client):
            for template in one.get("linkTemplates", []):
                assert "{" in template["uriTemplate"]
                assert template["rel"]


class TestQueryParameters:
    uri = f"{BASE}/record-core-query-parameters"

    @pytest.mark.parametrize(
        ("name", "text", "found"),
        [
            ("q", "plots", True), ("q", "PLOTS", True), ("q", "nothing,plots", True),
            ("q", "nothing at all", False), ("type", "dataset", True), ("type", "coverage", False),
            ("ids", "plots", True), ("ids", "other", False),
            ("externalIds", "citytwin:plots", True), ("externalIds", "citytwin:other", False),
            ("bbox", "120,31,121,32", True), ("bbox", "0,0,1,1", False),
            ("datetime", "2020-01-01T00:00:00Z", True),
        ],
    )  # fmt: skip
    def test_each(self, client: TestClient, name: str, text: str, found: bool) -> None:
        """/req/record-core-query-parameters/param-q-definition, param-q-response

        param-type-response, param-ids-response, param-externalids-response,
        param-bbox-response, param-datetime-response
        """
        ids = [one["id"] for one in every(client, **{name: text})]
        assert ("plots" in ids) == found

    def test_they_narrow_together(self, client: TestClient) -> None:
        """/req/record-core-query-parameters/mixing: a record meets all that is asked"""
        assert every(client, q="plots", type="dataset")
        assert not every(client, q="plots", type="coverage")

    def test_pages(self, client: TestClient) -> None:
        """/req/record-core-query-parameters/param-limit-response"""
        page = client.get(RECORDS, params={"limit": "1"}).json()
        assert page["numberReturned"] == len(page["features"]) == 1
        assert page["numberMatched"] == len(every(client))
        assert "next" in {link["rel"] for link in page["links"]}


class TestHtml:
    uri = f"{BASE}/html"

    def test_pages_for_people(self, client: TestClient) -> None:
        """/req/html/definition, /req/html/content"""
        for place in (CATALOGUE, RECORDS, f"{RECORDS}/plots"):
            answer = client.get(place, headers={"accept": "text/html"})
            assert answer.headers["content-type"].startswith("text/html")
            assert "plots" in answer.text or place == CATALOGUE
