"""OGC API Features, Part 3 (19-079r2), by its abstract tests."""

from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

BASE = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
PLOTS = "/collections/plots"
ITEMS = f"{PLOTS}/items"
GK39 = "http://www.opengis.net/def/crs/EPSG/0/4549"


def ids(client: TestClient, **query: str) -> list[int]:
    answer = client.get(
        ITEMS, params={name.replace("_", "-"): text for name, text in query.items()}
    )
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["features"]]


class TestQueryables:
    uri = f"{BASE}/queryables"

    def test_they_are_linked_and_a_schema(self, client: TestClient, plots: Any) -> None:
        """/req/queryables/queryables-link, get-op-response, get-op-links, get-conformance"""
        links = client.get(f"{PLOTS}?f=json").json()["links"]
        (link,) = (
            one
            for one in links
            if one["rel"] == f"{REL}/queryables" and one["type"] == "application/schema+json"
        )
        answer = client.get(link["href"])
        assert answer.headers["content-type"] == "application/schema+json"
        schema = answer.json()
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert schema["$id"] == link["href"].partition("?")[0]
        for told in schema["properties"].values():
            assert "type" in told or told["format"].startswith("geometry-")


class TestQueryablesAsParameters:
    uri = f"{BASE}/queryables-query-parameters"

    def test_each_is_a_parameter(self, client: TestClient, plots: Any) -> None:
        """/req/queryables-query-parameters/parameters"""
        assert ids(client, code="c1") == [2]
        assert ids(client, height="2") == [3]
        assert ids(client, code="c1", height="2") == []


class TestFilter:
    uri = (f"{BASE}/filter", f"{BASE}/features-filter")

    def test_filter_narrows(self, client: TestClient, plots: Any) -> None:
        """/req/filter/filter-param, filter-lang-param, filter-lang-default, mixing-expressions

        /req/features-filter/filter-param
        """
        assert ids(client, filter="height >= 1") == [2, 3]
        assert ids(client, filter="height >= 1", filter_lang="cql2-text") == [2, 3]
        tree = '{"op": ">=", "args": [{"property": "height"}, 1]}'
        assert ids(client, filter=tree, filter_lang="cql2-json") == [2, 3]
        assert ids(client, filter="height >= 1", code="c2") == [3]
        assert ids(client, filter="height >= 1", bbox="0,0,1,1") == []

    def test_filter_crs(self, client: TestClient, plots: Any) -> None:
        """/req/filter/filter-crs-wgs84, filter-crs-param"""
        box = "BBOX(3486000, 528009, 3486001, 528012)"
        assert ids(client, filter=f"S_INTERSECTS(geometry, {box})", filter_crs=GK39) == [2]

    @pytest.mark.parametrize(
        "query",
        [
            {"filter": "height >"},
            {"filter": "wings = 2"},
            {"filter": "height > 1", "filter-lang": "sql"},
            {"filter": "S_INTERSECTS(geometry, POINT(0 0))", "filter-crs": "nowhere"},
        ],
    )
    def test_what_is_wrong_is_refused(
        self, client: TestClient, plots: Any, query: dict[str, str]
    ) -> None:
        """/req/filter/response: 400 for what is invalid or names no queryable"""
        assert client.get(ITEMS, params=query).status_code == 400
