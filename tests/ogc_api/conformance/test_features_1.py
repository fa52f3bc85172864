"""OGC API Features, Part 1 (17-069r4), and API Common, by their abstract tests."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

FEATURES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
COMMON = "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf"
PLOTS = "/collections/plots"
ITEMS = f"{PLOTS}/items"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
PAGES = ("/", "/conformance", "/collections", PLOTS, ITEMS, f"{ITEMS}/1")


def got(client: TestClient, url: str, **options: Any) -> dict[str, Any]:
    answer = client.get(url, **options)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rels(document: dict[str, Any]) -> set[str]:
    return {link["rel"] for link in document["links"]}


class TestCore:
    uri = (
        f"{FEATURES}/core", f"{COMMON}/core", f"{COMMON}/landing-page",
        "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    )  # fmt: skip

    def test_landing_page(self, client: TestClient) -> None:
        """/req/core/root-op, /req/core/root-success"""
        assert {"service-desc", "conformance", "data"} <= rels(got(client, "/?f=json"))

    def test_api_definition(self, client: TestClient) -> None:
        """/req/core/api-definition-op, /req/core/api-definition-success"""
        (link,) = (one for one in got(client, "/?f=json")["links"] if one["rel"] == "service-desc")
        answer = client.get(link["href"])
        assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")

    def test_conformance(self, client: TestClient, plots: Any) -> None:
        """/req/core/conformance-op, /req/core/conformance-success"""
        declared = got(client, "/conformance?f=json")["conformsTo"]
        assert {f"{FEATURES}/core", f"{FEATURES}/geojson"} <= set(declared)
        assert len(declared) == len(set(declared))

    @pytest.mark.parametrize("path", PAGES)
    def test_http(self, client: TestClient, plots: Any, path: str) -> None:
        """/req/core/http: HTTP 1.1 and HEAD, and 405 for what is not served"""
        head = client.head(path, headers={"accept": "application/json"})
        assert (head.status_code, head.content) == (200, b"")
        assert client.request("PROPFIND", path).status_code == 405

    @pytest.mark.parametrize(
        "query",
        ["nonsense=1", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,2,3,1", "limit=0", "limit=-1",
         "limit=x", "datetime=soon", "crs=nowhere"],
    )  # fmt: skip
    def test_wrong_parameters(self, client: TestClient, plots: Any, query: str) -> None:
        """/req/core/query-param-unknown, /req/core/query-param-invalid"""
        assert client.get(f"{ITEMS}?{query}").status_code == 400

    def test_collections(self, client: TestClient, plots: Any) -> None:
        """/req/core/fc-md-op, fc-md-success, fc-md-links, fc-md-items, fc-md-items-links"""
        document = got(client, "/collections?f=json")
        assert {"self", "alternate"} <= rels(document)
        for one in document["collections"]:
            assert any(
                link["rel"] == "items" and link["type"] == "application/geo+json"
                for link in one["links"]
            )
            assert all({"rel", "type"} <= set(link) for link in one["links"])

    def test_extents(self, client: TestClient, plots: Any) -> None:
        """/req/core/fc-md-extent, /req/core/sfc-md-op, sfc-md-success"""
        listed = got(client, "/collections?f=json")["collections"][0]
        alone = got(client, f"{PLOTS}?f=json")
        for member in ("id", "title", "extent"):
            assert alone[member] == listed[member]
        west, south, east, north = alone["extent"]["spatial"]["bbox"][0]
        for one in got(client, ITEMS)["features"]:
            for x, y in one["geometry"]["coordinates"][0][0]:
                assert west - 1e-8 <= x <= east + 1e-8
                assert south - 1e-8 <= y <= north + 1e-8

    def test_features(self, client: TestClient, plots: Any) -> None:
        """/req/core/fc-op, fc-response, fc-links, fc-rel-type, fc-timeStamp"""
        found = got(client, ITEMS)
        assert (found["type"], len(found["features"])) == ("FeatureCollection", 3)
        assert {"self", "alternate"} <= rels(found)
        assert all(link["type"] for link in found["links"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z", found["timeStamp"])

    def test_pages(self, client: TestClient, plots: Any) -> None:
        """/req/core/fc-limit-definition, fc-limit-response, fc-numberMatched, fc-numberReturned"""
        seen: list[int] = []
        url: str | None = f"{ITEMS}?limit=2"
        while url:
            page = got(client, url)
            assert (page["numberMatched"], page["numberReturned"]) == (3, len(page["features"]))
            seen += [one["id"] for one in page["features"]]
            url = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
        assert seen == [1, 2, 3]

    def test_bounding_box(self, client: TestClient, plots: Any) -> None:
        """/req/core/fc-bbox-definition, fc-bbox-response"""
        ring = got(client, f"{ITEMS}/2")["geometry"]["coordinates"][0][0]
        xs, ys = zip(*ring, strict=True)
        box = f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}"
        assert [one["id"] for one in got(client, f"{ITEMS}?bbox={box}")["features"]] == [2]
        assert got(client, f"{ITEMS}?bbox=0,0,1,1")["features"] == []
        six = f"{min(xs)},{min(ys)},0,{max(xs)},{max(ys)},9"
        assert len(got(client, f"{ITEMS}?bbox={six}")["features"]) == 1
        around = f"170,{min(ys)},{max(xs)},{max(ys)}"  # across the antimeridian
        assert len(got(client, f"{ITEMS}?bbox={around}")["features"]) == 2

    @pytest.mark.parametrize(
        "when",
        ["2020-01-01T00:00:00Z", "2020-01-01", "2020-01-01T00:00:00Z/2021-01-01T00:00:00Z",
         "../2021-01-01T00:00:00Z", "2020-01-01T00:00:00Z/..", "/2021-01-01T00:00:00Z"],
    )  # fmt: skip
    def test_datetime(self, client: TestClient, plots: Any, when: str) -> None:
        """/req/core/fc-time-definition, fc-time-response: what always is matches every time"""
        assert got(client, f"{ITEMS}?datetime={when}")["numberMatched"] == 3

    def test_one_feature(self, client: TestClient, plots: Any) -> None:
        """/req/core/f-op, f-success, f-links"""
        one = got(client, f"{ITEMS}/1")
        assert {"self", "collection"} <= rels(one)
        listed = got(client, ITEMS)["features"][0]
        assert {key: one[key] for key in listed} == listed

    def test_property_filters(self, client: TestClient, plots: Any) -> None:
        """/rec/core/fc-filters"""
        assert [one["id"] for one in got(client, f"{ITEMS}?code=c1")["features"]] == [2]


class TestGeoJson:
    uri = (f"{FEATURES}/geojson", f"{COMMON}/json")

    def test_media_type_and_content(self, client: TestClient, plots: Any) -> None:
        """/req/geojson/definition, /req/geojson/content, /req/core/crs84"""
        answer = client.get(ITEMS, headers={"accept": "application/geo+json"})
        assert answer.headers["content-type"] == "application/geo+json"
        assert answer.headers["content-crs"] == f"<{CRS84}>"
        for one in answer.json()["features"]:
            assert one["type"] == "Feature"
            assert {"id", "geometry", "properties"} <= set(one)


class TestOpenApi:
    uri = (f"{FEATURES}/oas30", f"{COMMON}/oas30")

    def test_what_is_served_is_documented(self, client: TestClient, plots: Any) -> None:
        """/req/oas30/oas-definition-1, oas-definition-2, oas-impl, completeness"""
        document = got(client, "/openapi?f=json")
        assert re.match(r"3\.0\.\d", document["openapi"])
        operation = document["paths"][ITEMS]["get"]
        shared = document["components"]["parameters"]
        named = {
            one.get("name") or shared.get(one["$ref"].rpartition("/")[2], {}).get("name")
            for one in operation["parameters"]
        }
        assert {
            "bbox", "datetime", "limit", "crs", "bbox-crs", "filter", "filter-lang", "filter-crs",
            "known_at", "scenario", "after", "resulttype", "profile", "skipGeometry", "properties",
        } <= named  # fmt: skip
        form = next(one for one in operation["parameters"] if one.get("name") == "f")
        for name in form["schema"]["enum"]:
            assert client.get(f"{ITEMS}?f={name}").status_code == 200, name

    def test_limits_are_as_documented(self, client: TestClient, plots: Any) -> None:
        """/req/oas30/security is of no parameter; /req/core/fc-limit-definition is"""
        document = got(client, "/openapi?f=json")
        limit = document["components"]["parameters"]["limit"]["schema"]
        assert client.get(f"{ITEMS}?limit={limit['maximum']}").status_code == 200
        assert client.get(f"{ITEMS}?limit={limit['minimum'] - 1}").status_code == 400


class TestHtml:
    uri = (f"{FEATURES}/html", f"{COMMON}/html")

    @pytest.mark.parametrize("path", PAGES)
    def test_there_is_a_page(self, client: TestClient, plots: Any, path: str) -> None:
        """/req/html/definition, /req/html/content"""
        answer = client.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
