"""numberMatched: exact, or marked as the estimate that it is."""

import pytest
from starlette.testclient import TestClient
from worlds import make_layer

from ogc_api.features import items
from spatial import count
from spatial.database import Database

ITEMS = "/collections/plots/items"


@pytest.fixture
def dear(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every count is too dear."""
    make_layer(database, count=300)
    monkeypatch.setattr(items, "PAGE_S", 0.0001)
    monkeypatch.setattr(count, "_exact", lambda *_: None)


def test_exact_counts_say_nothing_more(client: TestClient, plots: list[int]) -> None:
    found = client.get(f"{ITEMS}?filter=height<2").json()
    assert found["numberMatched"] == 2
    assert "numberMatchedEstimated" not in found
    hits = client.get(f"{ITEMS}?filter=height<2&resulttype=hits").json()
    assert (hits["numberMatched"], hits["numberReturned"], hits["features"]) == (2, 0, [])


def test_estimates_are_marked(client: TestClient, dear: None) -> None:
    query = "filter=height>=0"
    page = client.get(f"{ITEMS}?{query}&limit=10").json()
    assert page["numberMatchedEstimated"]
    assert page["numberMatched"] >= page["numberReturned"] == 10
    assert client.get(f"{ITEMS}?{query}&resulttype=hits").json()["numberMatchedEstimated"]
    file = client.get(f"{ITEMS}?{query}&limit=10&f=csv")
    assert file.headers["citytwin-numbermatched"] == "estimated"


def test_a_page_that_is_the_last_settles_the_count(client: TestClient, dear: None) -> None:
    found = client.get(f"{ITEMS}?filter=height<7").json()
    assert found["numberMatched"] == 7
    assert "numberMatchedEstimated" not in found


@pytest.mark.parametrize("order", ["", "&sortby=-height"])
def test_pages_end_where_the_features_do(client: TestClient, dear: None, order: str) -> None:
    seen, url = [], f"{ITEMS}?filter=height<25&limit=10{order}"
    while url:
        page = client.get(url).json()
        seen += [one["id"] for one in page["features"]]
        url = next((one["href"] for one in page["links"] if one["rel"] == "next"), "")
    assert sorted(seen) == list(range(1, 26))
