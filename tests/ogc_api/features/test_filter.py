"""Filters over HTTP: on items, tiles and styles, at any AsOf, and never past the grant."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import token
from spatial.cells import cell_at
from spatial.crs import WGS84, transformer
from spatial.database import Database
from spatial.edit import edit
from spatial.scenario import create

ITEMS = "/collections/plots/items"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
FEATURES_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"


def fids(client: TestClient, **query: str) -> list[int]:
    answer = client.get(ITEMS, params=query)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["numberMatched"] == len(document["features"])
    return [feature["id"] for feature in document["features"]]


def tile_of(layer: str = "plots") -> str:
    lon, lat = transformer(4549, WGS84).transform(528_000.5, 3_486_000.5)
    z, x, y = cell_at(lon, lat, 15)
    return f"/tiles/{layer}/{z}/{x}/{y}.mvt"


def test_text_and_json_and_html(client: TestClient, plots: object) -> None:
    document = {"op": "in", "args": [{"property": "code"}, ["c0", "c2"]]}
    assert fids(client, filter="code IN ('c0', 'c2')") == [1, 3]
    assert fids(client, filter=json.dumps(document), **{"filter-lang": "cql2-json"}) == [1, 3]
    page = client.get(ITEMS, params={"filter": "CASEI(code)=CASEI('C1')", "f": "html"})
    assert page.status_code == 200
    assert "items/2" in page.text
    assert "items/1" not in page.text


def test_with_everything_else(client: TestClient, plots: object) -> None:
    assert fids(client, filter="height > 0", code="c2") == [3]
    assert fids(client, filter="height > 0", sortby="-height") == [3, 2]
    assert fids(client, height="1.0") == [2]
    assert fids(client, fid="3") == [3]
    assert fids(client, filter="") == [1, 2, 3]
    first = client.get(ITEMS, params={"filter": "height >= 1", "limit": "1"}).json()
    assert first["numberMatched"] == 2
    onward = next(link["href"] for link in first["links"] if link["rel"] == "next")
    assert [f["id"] for f in client.get(onward).json()["features"]] == [3]


def test_places_in_the_filter_s_crs(client: TestClient, plots: object) -> None:
    near = "S_INTERSECTS(geometry, BBOX(3485999,528009,3486002,528012))"
    uri = "http://www.opengis.net/def/crs/EPSG/0/4549"
    assert fids(client, filter=near, **{"filter-crs": uri}) == [2]
    lon, lat = transformer(4549, WGS84).transform(528_010.5, 3_486_000.5)
    assert fids(client, filter=f"S_INTERSECTS(geometry, POINT({lon} {lat}))") == [2]


def test_at_any_moment_and_in_a_scenario(
    client: TestClient, database: Database, plots: object
) -> None:
    create(database, "east", author="planner")
    before = client.get(ITEMS).json()["asOf"]["known_at"]
    with edit(database, "plots", author="a") as editor:
        editor.update(1, {"height": 50.0})
    with edit(database, "plots", author="p", scenario="east") as editor:
        editor.update(2, {"height": 60.0})
    tall = "height > 40"
    assert fids(client, filter=tall) == [1]
    assert fids(client, filter=tall, known_at=before) == []
    assert fids(client, filter=tall, scenario="east") == [2]
    assert fids(client, filter="height = 1", scenario="east") == []
    assert fids(client, filter="height = 1") == [2]
    place = tile_of()
    shown = {
        name: client.get(place, params={"filter": tall, **query})
        for name, query in (
            ("now", {}),
            ("then", {"known_at": before}),
            ("east", {"scenario": "east"}),
        )
    }
    assert [shown[name].status_code for name in ("now", "then", "east")] == [200, 204, 200]
    assert shown["now"].content != shown["east"].content
    assert len({answer.headers["etag"] for answer in shown.values()}) == 3


def test_tiles_have_the_filter_in_their_etag(client: TestClient, plots: object) -> None:
    place = tile_of()
    z, x, y = place.removesuffix(".mvt").split("/")[-3:]
    whole = client.get(place)
    part = client.get(place, params={"filter": "height > 1"})
    assert len(part.content) < len(whole.content)
    tag = {"If-None-Match": part.headers["etag"]}
    assert client.get(place, params={"filter": "height > 1"}, headers=tag).status_code == 304
    assert client.get(place, params={"filter": "height > 0"}, headers=tag).status_code == 200
    assert client.get(place, headers=tag).status_code == 200
    standard = client.get(
        f"/collections/plots/tiles/WebMercatorQuad/{z}/{y}/{x}",
        params={"f": "mvt", "filter": "height > 1"},
    )
    assert standard.content == part.content
    assert client.get(place, params={"filter": "hight > 1"}).status_code == 400


def test_tilejson_and_style_pass_it_on(client: TestClient, plots: object) -> None:
    query = {"filter": "code = 'c1' AND height<5"}
    z, x, y = tile_of().removesuffix(".mvt").split("/")[-3:]
    document = client.get("/tiles/plots.json", params=query).json()
    style = client.get("/styles/plots.json", params=query).json()
    direct = client.get(tile_of(), params=query).content
    for template in (document["tiles"][0], style["sources"]["plots"]["tiles"][0]):
        url = template.replace("{z}", z).replace("{x}", x).replace("{y}", y)
        assert client.get(url).content == direct
    assert client.get("/tiles/plots.json", params={"filter": "no > 1"}).status_code == 400
    assert client.get("/styles/city.json", params=query).status_code == 400


@pytest.fixture
def street(client: TestClient, database: Database) -> dict[str, str]:
    """Three plots, of which the bearer may see the second alone."""
    make_layer(database, "plots", access="restricted", area_field="code")
    # so many areas that the planner would rather try the filter before them
    secret = token.create(database, "read", areas=["c1", *(f"d{n}" for n in range(50))])
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(
    "text",
    [
        "height >= 0",
        "height < 1 OR height > 1",
        "NOT height = 1",
        "code = 'c0' OR TRUE",
        "code IN ('c0', 'c1', 'c2')",
        "code LIKE 'c%'",
        "S_INTERSECTS(geometry, BBOX(-180,-90,180,90))",
        "1 / (height - 2) < 9 OR fid > 0",
        "10 ^ (height * 200) > 0 OR fid > 0",
        "(0 - height) ^ 0.5 > 0 OR fid > 0",
        "(height - 1) * 1e308 * 1e308 = 0",
    ],
)
def test_a_filter_tells_nothing_of_hidden_rows(
    client: TestClient, database: Database, street: dict[str, str], text: str
) -> None:
    """Neither by rows nor counts nor errors: the answer is the same when they are not there."""

    def answers() -> list[Any]:
        items = client.get(ITEMS, params={"filter": text}, headers=street)
        drawn = client.get(tile_of(), params={"filter": text}, headers=street)
        shown = items.json()
        return [
            items.status_code,
            shown.get("description"),
            shown.get("numberMatched"),
            [f["id"] for f in shown.get("features", [])],
            drawn.status_code,
            drawn.content,
        ]

    with_others = answers()
    assert set(with_others[3]) <= {2}
    with edit(database, "plots", author="owner") as editor:
        editor.correct_away(1)
        editor.correct_away(3)
    assert answers() == with_others


def test_an_overflow_is_the_asker_s_mistake(client: TestClient, plots: object) -> None:
    for place in (ITEMS, tile_of(), "/collections/plots/diff"):
        answer = client.get(place, params={"filter": "10 ^ (height * 400) > 0"})
        assert answer.status_code == 400
        assert "range" in answer.json()["description"]


def test_queryables_and_sortables_say_what_there_is(client: TestClient, plots: object) -> None:
    collection = client.get("/collections/plots?f=json").json()
    links = {
        link["rel"].rpartition("/")[2]: link["href"]
        for link in collection["links"]
        if link["type"] == "application/schema+json"
    }
    answer = client.get(links["queryables"])
    assert answer.headers["content-type"].startswith("application/schema+json")
    document = answer.json()
    assert document["additionalProperties"] is False
    assert document["properties"]["height"]["type"] == "number"
    assert document["properties"]["code"] == {"type": "string", "title": "地类"}
    assert document["properties"]["geometry"]["format"] == "geometry-any"
    assert document["properties"]["fid"]["x-ogc-role"] == "id"
    for name in document["properties"]:
        assert fids(client, filter=f"{name} IS NOT NULL") == [1, 2, 3]
    for name in client.get(links["sortables"]).json()["properties"]:
        assert fids(client, sortby=f"-{name}") == [3, 2, 1]
    html = client.get("/collections/plots/queryables?f=html")
    assert html.headers["content-type"].startswith("text/html")


def test_what_qgis_needs_to_push_filters_down_is_declared(client: TestClient) -> None:
    classes = set(client.get("/conformance?f=json").json()["conformsTo"])
    assert {
        f"{CQL2}/cql2-text",
        f"{CQL2}/basic-cql2",
        f"{FEATURES_3}/filter",
        f"{FEATURES_3}/features-filter",
    } <= classes


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=40), st.sampled_from(["cql2-text", "cql2-json"]))
def test_no_text_breaks_the_service(
    client: TestClient, plots: object, text: str, lang: str
) -> None:
    for place in (ITEMS, tile_of()):
        answer = client.get(place, params={"filter": text, "filter-lang": lang})
        assert answer.status_code in (200, 204, 400)
