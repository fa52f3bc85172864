"""OGC API EDR 1.1 (19-086r6), by its abstract tests.

Values are held against rasterio in tests/ogc_api/edr/test_edr.py.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest
from grids import store_ground, store_rain
from starlette.testclient import TestClient

from spatial.crs import transformer
from spatial.database import Database

BASE = "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf"
RAIN = "/collections/rain"
X, Y = transformer(4549, 4326).transform(528_045, 3_485_965)
POINT = f"POINT({X} {Y})"
D = 0.0003
RING = f"POLYGON(({X} {Y},{X + D} {Y},{X + D} {Y - D},{X} {Y}))"
LINE = f"LINESTRING({X} {Y},{X + D} {Y - D})"
QUERIES: dict[str, dict[str, str]] = {
    "position": {"coords": POINT},
    "radius": {"coords": POINT, "within": "50", "within-units": "m"},
    "area": {"coords": RING},
    "cube": {"bbox": f"{X},{Y - D},{X + D},{Y}"},
    "trajectory": {"coords": LINE},
}
EACH = pytest.mark.parametrize("query", QUERIES)


@pytest.fixture
def rasters(database: Database, tmp_path: Path) -> None:
    store_ground(database, tmp_path)
    store_rain(database, tmp_path)


def data(client: TestClient, query: str, **more: str) -> httpx.Response:
    answer: httpx.Response = client.get(f"{RAIN}/{query}", params=QUERIES[query] | more)
    return answer


def coverages(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document.get("coverages", [document])
    return found


@pytest.mark.usefixtures("rasters")
class TestCollections:
    uri = (f"{BASE}/core", f"{BASE}/collections", f"{BASE}/json")

    def test_collections_are_described(self, client: TestClient) -> None:
        """/req/core/rc-collection-info, rc-extent, /req/collections/rc-md-op, rc-md-success"""
        listed = client.get("/collections?f=json").json()["collections"]
        found = [one for one in listed if "data_queries" in one]
        assert {one["id"] for one in found} == {"ground", "rain"}
        for one in found:
            alone = client.get(f"/collections/{one['id']}?f=json").json()
            assert {"id", "links", "extent", "data_queries", "parameter_names"} <= alone.keys()
            west, south, east, north = alone["extent"]["spatial"]["bbox"][0]
            assert west < east
            assert south < north

    def test_every_data_query_is_linked(self, client: TestClient) -> None:
        """/req/edr/rc-data-queries: each leads where it says"""
        queries = client.get(f"{RAIN}?f=json").json()["data_queries"]
        assert QUERIES.keys() < queries.keys()
        for name in QUERIES:
            link = queries[name]["link"]
            assert link["variables"]["query_type"] == name
            assert {"CoverageJSON", "GeoJSON"} <= set(link["variables"]["output_formats"])
            assert client.get(link["href"], params=QUERIES[name]).status_code == 200

    def test_parameters_have_units(self, client: TestClient) -> None:
        """/req/edr/rc-parameters"""
        for told in client.get(f"{RAIN}?f=json").json()["parameter_names"].values():
            assert (told["type"], told["unit"]["symbol"]["value"]) == ("Parameter", "mm")
            assert told["observedProperty"]["label"]

    @EACH
    def test_what_is_asked_for_in_parts(self, client: TestClient, query: str) -> None:
        """/req/edr/rc-parameter-name-definition, rc-time-definition, rc-time-response"""
        moment = data(client, query, datetime="2024-06-01T02:00:00Z", **{"parameter-name": "rain"})
        values = [
            value
            for one in coverages(moment.json())
            for value in one["ranges"]["rain"]["values"]
            if value is not None
        ]
        assert values
        assert all(2000 <= value < 6000 for value in values)

    @EACH
    @pytest.mark.parametrize(
        "more",
        [{"parameter-name": "gold"}, {"datetime": "soon"}, {"f": "xml"}, {"crs": "nowhere"},
         {"coords": "HERE(1)", "bbox": "1,2"}],
    )  # fmt: skip
    def test_what_is_wrong(self, client: TestClient, query: str, more: dict[str, str]) -> None:
        """/req/edr/rc-coords-response, rc-parameter-name-response, rc-crs-response"""
        assert data(client, query, **more).status_code == 400

    def test_what_has_to_be_said(self, client: TestClient) -> None:
        """/req/edr/rc-coords-definition, within-definition, rc-bbox-definition: 400 without"""
        for query in QUERIES:
            assert client.get(f"{RAIN}/{query}").status_code == 400
        assert client.get(f"{RAIN}/radius", params={"coords": POINT}).status_code == 400

    def test_locations(self, client: TestClient) -> None:
        """/req/edr/locations: without an id, GeoJSON of them; 404 for what is none"""
        found = client.get(f"{RAIN}/locations").json()
        assert found["type"] == "FeatureCollection"
        assert client.get(f"{RAIN}/locations/nowhere").status_code == 404


@pytest.mark.usefixtures("rasters")
class TestCoverageJson:
    uri = f"{BASE}/covjson"

    @EACH
    def test_content(self, client: TestClient, query: str) -> None:
        """/req/covjson/content, /req/covjson/definition"""
        answer = data(client, query)
        assert answer.headers["content-type"] == "application/vnd.cov+json"
        document = answer.json()
        assert document["type"] in ("Coverage", "CoverageCollection")
        for one in coverages(document):
            for array in one["ranges"].values():
                count = 1
                for side in array["shape"]:
                    count *= side
                assert count == len(array["values"])
                assert len(array["shape"]) == len(array["axisNames"])


@pytest.mark.usefixtures("rasters")
class TestGeoJson:
    uri = f"{BASE}/edr-geojson"

    @EACH
    def test_content(self, client: TestClient, query: str) -> None:
        """/req/edr-geojson/content, /req/edr-geojson/definition"""
        answer = data(client, query, f="geojson")
        assert answer.headers["content-type"] == "application/geo+json"
        document = answer.json()
        assert document["type"] == "FeatureCollection"
        for one in document["features"]:
            assert one["geometry"]["type"]
            assert "rain" in one["properties"]


class TestApi:
    uri = f"{BASE}/oas30"

    def test_the_document_has_every_query(self, client: TestClient, rasters: Any) -> None:
        """/req/oas30/oas-definition-1, /req/oas30/completeness"""
        paths = client.get("/openapi?f=json").json()["paths"]
        for query in QUERIES:
            told = paths[f"{RAIN}/{query}"]["get"]
            names = {one.get("name") for one in told["parameters"]}
            assert set(QUERIES[query]) <= names
            assert "application/vnd.cov+json" in told["responses"]["200"]["content"]
