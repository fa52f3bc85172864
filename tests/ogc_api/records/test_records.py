"""The catalogue as OGC API Records: found by words of both languages, place, time and kind."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from starlette.testclient import TestClient
from worlds import make_layer

import spatial.analyses.known  # noqa: F401 (registers every analysis)
from spatial import rasters, token
from spatial.analyses import registry
from spatial.database import Database
from spatial.errors import Invalid
from spatial.period import Period
from spatial.raster import Edition

RECORDS = "/collections/catalogue/items"
SPEC = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf"


@pytest.fixture
def city(database: Database) -> Database:
    """Two public layers, a restricted one and a raster far away."""
    make_layer(database, "plots", title_zh="地块", title_en="Plots of land")
    make_layer(database, "roads", title_zh="道路", title_en="Roads", geometry_type="MultiPolygon")
    make_layer(database, "vaults", title_zh="机密地库", title_en="Vaults", access="restricted")
    band = {"name": "z", "minimum": 1.0, "maximum": 2.0}
    profile = {"bands": [band], "shape": [2, 2], "bounds": [10, 50, 11, 51]}
    with database.begin() as tx:
        rasters.register(
            tx,
            rasters.RasterSpec("dem", "数字高程模型", "Elevation", access="public"),
            Edition(0, "dem.tif", 4326, (10, 50, 11, 51), profile, Period(_at(2001), _at(2005))),
            author="builder",
        )
    return database


def _at(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


@pytest.fixture
def ids(client: TestClient, city: Database) -> Callable[..., list[str]]:
    def ask(query: str = "", **headers: str) -> list[str]:
        answer = client.get(f"{RECORDS}?limit=1000&{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return [record["id"] for record in answer.json()["features"]]

    return ask


def test_every_layer_raster_and_analysis_has_a_record(ids: Callable[..., list[str]]) -> None:
    analyses = [f"analysis.{one.name}" for one in registry.every()]
    assert ids() == ["plots", "roads", "dem", *analyses]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=dataset&q=地块", ["plots"]),
        ("q=plots", ["plots"]),
        ("q=PLOTS of Land", ["plots"]),
        ("q=land plots", []),  # words that stand together are one phrase
        ("type=dataset&q=nothing,道路", ["roads"]),  # those apart by commas are alternatives
        ("type=dataset&q=地类", ["plots", "roads"]),  # an attribute's title
        ("bbox=10.5,50.5,20,60", ["dem"]),
        ("bbox=120,31,121,32", ["plots", "roads"]),
        ("bbox=-10,-10,-9,-9", []),
        ("type=coverage", ["dem"]),
        ("type=dataset&datetime=2003", ["plots", "roads"]),
        ("type=coverage&datetime=2003", ["dem"]),
        ("type=coverage&datetime=2000", []),
        ("type=coverage&datetime=2006/..", []),
        ("type=coverage&datetime=2004-06/2006", ["dem"]),
        ("theme=terrain", ["dem"]),
        ("keywords=道路,Elevation", ["roads", "dem"]),
        ("ids=roads,dem", ["roads", "dem"]),
        ("externalIds=citytwin:plots", ["plots"]),
        ("externalIds=elsewhere:plots", []),
        ("ids=roads&q=地块", []),
    ],
)
def test_searches(ids: Callable[..., list[str]], query: str, found: list[str]) -> None:
    assert ids(query) == found


def test_analyses_are_found_in_both_languages(ids: Callable[..., list[str]]) -> None:
    overlay = registry.find("land-use-overlay")
    for words in (overlay.title_zh, overlay.title_en):
        assert "analysis.land-use-overlay" in ids(f"type=service&q={words}")


def test_a_record_has_what_the_core_asks_for(client: TestClient, city: Database) -> None:
    answer = client.get(f"{RECORDS}/plots", headers={"Accept-Language": "zh"})
    assert answer.headers["content-type"] == "application/geo+json"
    record = answer.json()
    assert (record["type"], record["id"]) == ("Feature", "plots")
    assert record["conformsTo"] == [f"{SPEC}/record-core"]
    assert record["time"] == {"interval": ["..", ".."]}
    ring = record["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert all(120 < x < 121 and 31 < y < 32 for x, y in ring)
    told = record["properties"]
    assert (told["type"], told["title"]) == ("dataset", "地块")
    assert (told["title_zh"], told["title_en"]) == ("地块", "Plots of land")
    assert {"地块", "Plots of land", "plots"} <= set(told["keywords"])
    assert told["language"]["code"] == "zh"
    assert {one["code"] for one in told["languages"]} == {"zh", "en"}
    assert told["created"] <= told["updated"]
    assert told["rights"] == "public"
    assert told["contacts"] == [{"organization": "锦澜市", "roles": ["publisher"]}]
    formats = {one["name"] for one in told["formats"]}
    assert formats == {"GeoJSON", "FlatGeobuf", "GeoParquet", "CSV"}
    assert all(theme["concepts"] and theme["scheme"] for theme in told["themes"])
    english = client.get(f"{RECORDS}/plots?lang=en").json()["properties"]
    assert (english["title"], english["language"]["code"]) == ("Plots of land", "en")
    dem = client.get(f"{RECORDS}/dem").json()
    assert dem["time"] == {"interval": ["2001-01-01T00:00:00Z", "2005-01-01T00:00:00Z"]}


def test_its_links_lead_to_the_data(client: TestClient, city: Database) -> None:
    for name in ("plots", "analysis.land-use-overlay"):
        record = client.get(f"{RECORDS}/{name}?datetime=2020").json()
        for link in record["links"]:
            assert "datetime=2020" in link["href"]
            if not link["rel"].endswith("/execute"):
                found = client.get(link["href"])
                assert found.status_code == 200, link
                sent = found.headers["content-type"].partition(";")[0]
                assert sent == link["type"].partition(";")[0], link
    dem = client.get(f"{RECORDS}/dem").json()
    rels = {link["rel"].rpartition("/")[2] for link in dem["links"]}
    assert {"about", "tilejson", "legend", "coverage"} <= rels
    assert {one["name"] for one in dem["properties"]["formats"]} == {"GeoTIFF", "NetCDF"}
    [tiles] = client.get(f"{RECORDS}/plots").json()["linkTemplates"]
    assert client.get(tiles["uriTemplate"].format(z=0, x=0, y=0)).is_success


def test_pages_reach_every_record_once_and_back(client: TestClient, city: Database) -> None:
    whole = client.get(f"{RECORDS}?limit=1000").json()
    url, seen = f"{RECORDS}?limit=2", []
    while url:
        page = client.get(url).json()
        assert page["numberMatched"] == whole["numberMatched"]
        seen += [one["id"] for one in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
        last, url = page, links.get("next", "")
    assert seen == [one["id"] for one in whole["features"]]
    assert {link["rel"] for link in last["links"]} >= {"self", "prev", "collection"}


def test_the_collection_says_that_it_is_a_catalogue(client: TestClient, city: Database) -> None:
    listed = client.get("/collections?f=json").json()["collections"]
    [catalogue] = [one for one in listed if one.get("itemType") == "record"]
    assert catalogue["id"] == "catalogue"
    queryables = client.get("/collections/catalogue/queryables").json()["properties"]
    assert {"q", "type", "theme", "ids", "externalIds"} <= queryables.keys()
    declared = set(client.get("/conformance?f=json").json()["conformsTo"])
    assert {f"{SPEC}/record-core", f"{SPEC}/record-core-query-parameters"} <= declared
    assert f"{SPEC}/core" not in declared  # of a draft
    page = client.get(f"{RECORDS}?f=html")
    assert page.headers["content-type"].startswith("text/html")
    assert "items/plots" in page.text
    assert client.get(f"{RECORDS}/plots?f=html").status_code == 200


def test_what_a_grant_may_not_see_has_no_record(
    client: TestClient, city: Database, ids: Callable[..., list[str]]
) -> None:
    bearer = f"Bearer {token.create(city, 'read')}"
    assert "vaults" not in ids()
    assert ids("q=机密") == []
    assert client.get(f"{RECORDS}/vaults").status_code == 404
    assert "vaults" not in client.get("/catalogue.jsonld").text
    assert "vaults" in ids(authorization=bearer)
    headers = {"Authorization": bearer}
    assert client.get(f"{RECORDS}/vaults", headers=headers).status_code == 200
    assert "vaults" in client.get("/catalogue.jsonld", headers=headers).text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "starts at 1"),
        ("bbox=1,2,3", "four numbers"),
        ("datetime=yesterday", "2024-06-01"),
        ("externalIds=plots", "scheme:id"),
        ("colour=red", "no parameter"),
    ],
)
def test_bad_questions_get_an_answer_that_helps(
    client: TestClient, city: Database, query: str, said: str
) -> None:
    answer: httpx.Response = client.get(f"{RECORDS}?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["description"]


def test_no_layer_takes_the_catalogues_name(database: Database) -> None:
    with pytest.raises(Invalid, match="choose another name"):
        make_layer(database, "catalogue")
