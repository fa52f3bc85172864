"""OWSLib finds the city's data by the catalogue, on a real port."""

from urllib.request import urlopen

from owslib.ogcapi.features import Features
from owslib.ogcapi.records import Records
from service import Service

from spatial.asof import as_of
from spatial.database import Database
from spatial.grant import ANONYMOUS
from spatial.query import reading


def test_owslib_searches_the_catalogue(service: Service) -> None:
    city = Records(service.url)
    assert city.records() == ["catalogue"]
    assert city.collection("catalogue")["itemType"] == "record"
    assert "q" in city.collection_queryables("catalogue")["properties"]
    whole = city.collection_items("catalogue", limit=100)
    assert whole["numberMatched"] == whole["numberReturned"] >= 20
    for words in ("建筑", "buildings"):
        found = city.collection_items("catalogue", q=words)["features"]
        assert "buildings" in [record["id"] for record in found]
    near = city.collection_items("catalogue", bbox=[120.3, 31.4, 120.4, 31.5], type="dataset")
    assert near["numberMatched"] > 10
    nowhere = city.collection_items("catalogue", bbox=[-20, -20, -10, -10])
    assert nowhere["numberMatched"] == 0
    [terrain, *_] = city.collection_items("catalogue", type="coverage")["features"]
    links = {link["rel"].rpartition("/")[2]: link["href"] for link in terrain["links"]}
    for rel in ("about", "tilejson", "legend", "coverage"):
        with urlopen(links[rel]) as answer:
            assert answer.status == 200
    record = city.collection_item("catalogue", "buildings")
    assert record["properties"]["title_en"] == "Buildings"


def test_owslib_repeats_a_connections_moment_and_its_own_wins(
    service: Service, books: Database
) -> None:
    then = Features(f"{service.url}?datetime=2000")
    self = next(link for link in then.collection("buildings")["links"] if link["rel"] == "self")
    assert "datetime=2000" in self["href"]
    for asked, at in (({}, "2000"), ({"datetime": "2012"}, "2012")):
        page = then.collection_items("buildings", limit=1, **asked)
        with reading(books, "buildings", as_of(at), ANONYMOUS) as (pg, view):
            row = pg.execute(view.count()).fetchone()
        assert row is not None
        assert page["numberMatched"] == row[0] > 0
