"""What QGIS requires of a server, one by one: its OAPIF provider reads these and nothing else."""

from typing import Any

import geopandas as gpd
import pyproj
import pytest
from polygons import store
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import token
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER

PLOTS = "/collections/plots"
SPEC = "http://www.opengis.net/spec"
EPSG = "http://www.opengis.net/def/crs/EPSG/0"


@pytest.fixture
def collection(client: TestClient, plots: list[int]) -> dict[str, Any]:
    document: dict[str, Any] = client.get(PLOTS).json()
    return document


def typed(document: dict[str, Any], rel: str, kind: str) -> list[str]:
    """The addresses of the links of a relation and type."""
    return [
        link["href"]
        for link in document["links"]
        if link["rel"] == rel and link.get("type", "").startswith(kind)
    ]


def test_landing_page_links_api_data_and_conformance(client: TestClient) -> None:
    landing = client.get("/").json()
    assert typed(landing, "service-desc", "application/vnd.oai.openapi+json;version=3.0")
    assert typed(landing, "data", "application/json")
    assert typed(landing, "conformance", "application/json")


def test_page_size_is_in_the_parameter_named_limit(client: TestClient) -> None:
    schema = client.get("/openapi").json()["components"]["parameters"]["limit"]["schema"]
    # what QGIS makes of it; without either it would page by 100
    assert min(max(1000, schema["default"]), schema["maximum"]) == 1000


def test_every_class_that_lets_filters_be_pushed_down_is_declared(client: TestClient) -> None:
    declared = set(client.get("/conformance").json()["conformsTo"])
    assert {
        f"{SPEC}/cql2/1.0/conf/cql2-text",
        f"{SPEC}/cql2/1.0/conf/basic-cql2",
        f"{SPEC}/cql2/1.0/conf/advanced-comparison-operators",
        f"{SPEC}/cql2/1.0/conf/case-insensitive-comparison",
        f"{SPEC}/cql2/1.0/conf/basic-spatial-functions",
        f"{SPEC}/ogcapi-features-3/1.0/conf/filter",
        f"{SPEC}/ogcapi-features-3/1.0/conf/features-filter",
    } <= declared


def test_types_come_from_a_schema_that_is_declared_and_linked(
    client: TestClient, collection: dict[str, Any]
) -> None:
    declared = client.get("/conformance").json()["conformsTo"]
    assert f"{SPEC}/ogcapi-features-5/1.0/conf/schemas" in declared
    rel = "http://www.opengis.net/def/rel/ogc/1.0/schema"
    [href] = typed(collection, rel, "application/schema+json")
    answer = client.get(href)
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"{client.base_url}{PLOTS}/schema"
    assert schema["properties"]["code"] == {
        "type": "string", "title": "地类", "x-ogc-propertySeq": 2,
    }  # fmt: skip
    assert schema["properties"]["height"]["type"] == "number"
    shape = schema["properties"]["geometry"]
    assert (shape["format"], shape["x-ogc-role"]) == ("geometry-multipolygon", "primary-geometry")
    feature = client.get(f"{PLOTS}/items/1").json()
    # QGIS makes a column of everything that has a plain type
    columns = {name for name, told in schema["properties"].items() if "type" in told}
    assert feature["properties"].keys() == columns


def test_item_count_is_what_items_match(
    client: TestClient, collection: dict[str, Any], database: Database
) -> None:
    assert collection["itemCount"] == 3
    assert client.get(f"{PLOTS}?datetime=1000").json()["itemCount"] == 3  # true since ever
    matched = client.get(f"{PLOTS}/items?limit=1&known_at=2000").json()["numberMatched"]
    assert client.get(f"{PLOTS}?known_at=2000").json()["itemCount"] == matched == 0
    make_layer(database, "later")
    listed = client.get("/collections").json()["collections"]
    counts = {one["id"]: one["itemCount"] for one in listed if one["itemType"] == "feature"}
    assert counts == {"plots": 3, "later": 3}


@pytest.mark.parametrize("code", [4490, 4528, 4549])
def test_storage_crs_boxes_and_output_follow_the_authoritys_axes(
    client: TestClient, database: Database, code: int
) -> None:
    x, y = pyproj.Transformer.from_crs(4549, code, always_xy=True).transform(528_000, 3_486_000)
    make_layer(database, "source")
    frame = read_frame(database, "source", AsOf(), OWNER).to_crs(code)
    store(database, "plots", frame[["code", "height", frame.geometry.name]])
    document = client.get(PLOTS).json()
    assert document["storageCrs"] == f"{EPSG}/{code}"
    assert document["storageCrs"] in document["crs"]
    asked = {"crs": f"{EPSG}/{code}", "bbox-crs": f"{EPSG}/{code}"}
    margin = 1e-6 if code == 4490 else 0.5
    north_first = f"{y - margin},{x - margin},{y + margin},{x + margin}"
    answer = client.get(f"{PLOTS}/items", params=asked | {"bbox": north_first})
    assert answer.headers["content-crs"] == f"<{EPSG}/{code}>"
    [feature] = answer.json()["features"]
    assert feature["id"] == 1
    served = gpd.GeoDataFrame.from_features([feature]).total_bounds[:2]
    assert tuple(served) == pytest.approx((y, x), abs=1e-6 if code == 4490 else 1e-2)
    east_first = f"{x - margin},{y - margin},{x + margin},{y + margin}"
    turned = client.get(f"{PLOTS}/items", params=asked | {"bbox": east_first})
    assert not turned.is_success or turned.json()["numberMatched"] == 0


def test_next_is_typed_as_geojson(client: TestClient, plots: list[int]) -> None:
    page = client.get(f"{PLOTS}/items?limit=2").json()
    [onward] = typed(page, "next", "application/geo+json")
    assert [one["id"] for one in client.get(onward).json()["features"]] == [3]


def test_flatgeobuf_is_linked_and_says_what_matched_and_goes_on(
    client: TestClient, collection: dict[str, Any]
) -> None:
    [href] = typed(collection, "items", "application/flatgeobuf")
    answer = client.get(f"{href}&limit=2")
    assert answer.headers["content-type"] == "application/flatgeobuf"
    assert answer.headers["ogc-numbermatched"] == "3"
    assert 'rel="next"' in answer.headers["link"]


def test_options_say_what_a_token_may_do(
    client: TestClient, plots: list[int], database: Database
) -> None:
    writer = {"Authorization": f"Bearer {token.create(database, 'write')}"}
    everybody = client.options(f"{PLOTS}/items").headers["allow"]
    assert "POST" not in everybody
    assert "POST" in client.options(f"{PLOTS}/items", headers=writer).headers["allow"]
    allowed = client.options(f"{PLOTS}/items/1", headers=writer).headers["allow"]
    assert {"PUT", "PATCH", "DELETE"} <= set(allowed.split(", "))
