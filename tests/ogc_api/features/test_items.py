"""Items over HTTP: paging, place, CRS, and answers to bad questions."""

from contextvars import copy_context
from typing import Any

import geopandas as gpd
import pytest
from pygeoapi.plugin import load_plugin
from starlette.testclient import TestClient
from worlds import make_layer

from ogc_api import context
from ogc_api.config import resource
from spatial import catalogue
from spatial.asof import AsOf
from spatial.database import Database
from spatial.frame import read_frame
from spatial.grant import OWNER
from spatial.query import snapshot

ITEMS = "/collections/plots/items"


def fids(client: TestClient, url: str) -> list[int]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def test_pages_by_key_reach_every_feature_once(database: Database, client: TestClient) -> None:
    make_layer(database, count=25)
    url, seen = f"{ITEMS}?limit=10", []
    for _ in range(4):
        page = client.get(url).json()
        seen += [feature["id"] for feature in page["features"]]
        assert page["numberMatched"] == 25
        onward = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not onward:
            break
        url = onward[0]
        assert "known_at=" in url
    assert seen == list(range(1, 26))


def test_hits_and_html_and_json_agree(client: TestClient, plots: list[int]) -> None:
    hits = client.get(f"{ITEMS}?resulttype=hits").json()
    assert hits["numberMatched"] == len(plots)
    assert hits["features"] == []
    page = client.get(f"{ITEMS}?f=html")
    assert page.headers["content-type"].startswith("text/html")
    assert all(f"items/{fid}" in page.text for fid in plots)


@pytest.mark.parametrize("query", [{}, {"code": "c1"}, {"sortby": "-height", "limit": "2"}])
def test_geojson_ahead_of_pygeoapi_is_what_its_provider_says(
    client: TestClient, database: Database, plots: object, query: dict[str, str]
) -> None:
    with snapshot(database) as pg:
        definition = resource(catalogue.find(pg, "plots"), "")["providers"][0]

    def ask() -> dict[str, Any]:
        context.database.set(database)
        context.query.set(query)
        context.asof.set(AsOf())
        return load_plugin("provider", definition).query()

    theirs = copy_context().run(ask)
    ours = client.get(ITEMS, params=query).json()
    for part in ("type", "features", "numberMatched", "numberReturned"):
        assert ours[part] == theirs[part]


def test_a_box_meets_what_it_should(client: TestClient, database: Database, plots: object) -> None:
    frame = read_frame(database, "plots", AsOf(), OWNER).to_crs(4326)
    first = frame.geometry.iloc[0]
    box = ",".join(map(str, first.bounds))
    assert fids(client, f"{ITEMS}?bbox={box}") == [1]
    south, west = first.bounds[1], first.bounds[0]
    north, east = first.bounds[3], first.bounds[2]
    uri = "http://www.opengis.net/def/crs/EPSG/0/4326"
    assert fids(client, f"{ITEMS}?bbox={south},{west},{north},{east}&bbox-crs={uri}") == [1]
    stored = read_frame(database, "plots", AsOf(), OWNER).geometry.iloc[2].bounds
    uri = "http://www.opengis.net/def/crs/EPSG/0/4549"
    swapped = f"{stored[1]},{stored[0]},{stored[3]},{stored[2]}"
    assert fids(client, f"{ITEMS}?bbox={swapped}&bbox-crs={uri}") == [3]


@pytest.mark.parametrize(("code", "north_first"), [(4549, True), (3857, False), (4326, True)])
def test_crs_comes_in_the_authoritys_axis_order(
    client: TestClient, database: Database, plots: object, code: int, north_first: bool
) -> None:
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
    answer = client.get(f"{ITEMS}?crs={uri}")
    assert answer.headers["content-crs"] == f"<{uri}>"
    served = gpd.GeoDataFrame.from_features(answer.json()).geometry.iloc[0].centroid
    true = read_frame(database, "plots", AsOf(), OWNER).to_crs(code).geometry.iloc[0].centroid
    got = (served.y, served.x) if north_first else (served.x, served.y)
    assert got == pytest.approx((true.x, true.y), abs=1e-3)


def test_equality_sorting_choice_and_no_geometry(client: TestClient, plots: object) -> None:
    assert fids(client, f"{ITEMS}?code=c1") == [2]
    assert fids(client, f"{ITEMS}?sortby=-height&limit=2") == [3, 2]
    answer = client.get(f"{ITEMS}?properties=code&skipGeometry=true&limit=1").json()
    assert answer["features"][0]["properties"] == {"code": "c0"}
    assert answer["features"][0]["geometry"] is None


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("bbox=1,2,3", 400, "four numbers"),
        ("bbox=a,b,c,d", 400, "numbers"),
        ("bbox=2,2,1,1", 400, "before it starts"),
        ("datetime=yesterday", 400, "2024-06-01"),
        ("datetime=2020/2010", 400, "ends before"),
        ("known_at=1/2", 400, "not a time"),
        ("scenario=nowhere", 404, "nowhere"),
        ("crs=EPSG:99999", 400, "on offer"),
        ("bbox=1,2,3,4&bbox-crs=EPSG:99999", 400, "EPSG:4549"),
        ("limit=many", 400, "whole number"),
        ("limit=0", 400, "starts at 1"),
        ("offset=-1", 400, "whole number"),
        ("hight=3", 400, "height"),
        ("properties=nothing", 400, "nothing"),
        ("sortby=nothing", 400, "nothing"),
        ("after=x", 400, "next link"),
        ("filter=hight>3", 400, "height"),
        ("height=tall", 400, "number"),
    ],
)
def test_bad_questions_get_an_answer_that_helps(
    client: TestClient, plots: object, query: str, status: int, said: str
) -> None:
    answer = client.get(f"{ITEMS}?{query}")
    assert answer.status_code == status
    assert said in answer.json()["description"]
    assert "SELECT" not in answer.text


def test_what_is_not_there(client: TestClient, plots: object) -> None:
    assert client.get("/collections/nothing/items").status_code == 404
    assert client.get("/collections/nothing").status_code == 404
    assert client.get(f"{ITEMS}/999").status_code == 404
    assert client.get(f"{ITEMS}/abc").status_code == 404
    assert client.get(f"{ITEMS}/1?datetime=2030").status_code == 200


def test_documents_that_clients_build_on(client: TestClient, plots: object) -> None:
    landing = client.get("/?f=json").json()
    assert {"service-desc", "data", "conformance"} <= {link["rel"] for link in landing["links"]}
    limit = client.get("/openapi?f=json").json()["components"]["parameters"]["limit"]["schema"]
    assert limit["maximum"] == 10_000
    classes = client.get("/conformance?f=json").json()["conformsTo"]
    assert any("features-1" in name for name in classes)
    collection = client.get("/collections/plots?f=json").json()
    assert collection["storageCrs"].endswith("/4549")
    schema = client.get("/collections/plots/schema?f=json").json()
    assert schema["properties"]["height"]["type"] == "number"
    for name in ("code", "height"):
        assert name in client.get("/collections/plots/queryables?f=json").json()["properties"]


def test_a_layer_loaded_while_serving_is_there_at_once(
    client: TestClient, database: Database, plots: object
) -> None:
    before = client.get("/collections?f=json").json()["collections"]
    make_layer(database, "later")
    after = client.get("/collections?f=json").json()["collections"]
    assert {c["id"] for c in after} - {c["id"] for c in before} == {"later"}
    assert len(fids(client, "/collections/later/items")) == 3
