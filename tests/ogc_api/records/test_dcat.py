"""The catalogue as DCAT-AP: what the profile makes mandatory is there, and every node is whole."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import shapely
from starlette.testclient import TestClient
from worlds import make_layer

from spatial import token
from spatial.database import Database

type Node = dict[str, Any]

# DCAT-AP 3: classes, and the properties that are mandatory on each
MANDATORY = {
    "dcat:Catalog": {"dct:title", "dct:description", "dct:publisher"},
    "dcat:Dataset": {"dct:title", "dct:description"},
    "dcat:Distribution": {"dcat:accessURL"},
    "dcat:DataService": {"dct:title", "dcat:endpointURL"},
    "foaf:Agent": {"foaf:name"},
    "skos:ConceptScheme": {"dct:title"},
    "skos:Concept": {"skos:prefLabel"},
}
ACCESS = "http://publications.europa.eu/resource/authority/access-right/"


@pytest.fixture
def catalogue(client: TestClient, database: Database) -> Node:
    """A public, a shared and a restricted layer, as the owner of a full token harvests them."""
    for name in ("public", "shared", "restricted"):
        make_layer(database, f"plots_{name}", title_zh="地块", title_en="Plots", access=name)
    headers = {"Authorization": f"Bearer {token.create(database, 'read')}"}
    answer = client.get("/catalogue.jsonld", headers=headers)
    assert answer.headers["content-type"] == "application/ld+json"
    document: Node = answer.json()
    return document


def nodes(document: Any) -> Iterator[Node]:
    """Every typed node of a document."""
    if isinstance(document, dict):
        if "@type" in document and "@value" not in document:
            yield document
        for value in document.values():
            yield from nodes(value)
    elif isinstance(document, list):
        for one in document:
            yield from nodes(one)


def test_mandatory_properties_are_there(catalogue: Node) -> None:
    kinds = set()
    for node in nodes(catalogue):
        kinds.add(node["@type"])
        assert MANDATORY.get(node["@type"], set()) <= node.keys()
    assert kinds >= MANDATORY.keys()


def test_every_prefix_is_declared_and_every_reference_meets_a_node(catalogue: Node) -> None:
    prefixes = catalogue["@context"]
    known = {node["@id"] for node in nodes(catalogue) if "@id" in node}
    for node in nodes(catalogue):
        for name in (*(key for key in node if not key.startswith("@")), node["@type"]):
            assert name.partition(":")[0] in prefixes
        for key in ("dcat:theme", "dcat:accessService", "dcat:servesDataset"):
            for target in _listed(node.get(key, [])):
                assert target["@id"] in known
        if node["@type"] == "dcat:Dataset":
            assert node["dct:publisher"]["@id"] in known


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_texts_are_in_both_languages(catalogue: Node) -> None:
    for node in nodes(catalogue):
        for key in ("dct:title", "dct:description", "skos:prefLabel", "foaf:name"):
            texts = node.get(key, [])
            if isinstance(texts, list) and texts:
                assert {text["@language"] for text in texts} == {"zh", "en"}
                assert all(text["@value"] for text in texts)


def test_datasets_tell_place_time_rights_and_files(client: TestClient, catalogue: Node) -> None:
    datasets = {one["dct:identifier"]: one for one in catalogue["dcat:dataset"]}
    rights = {name: one["dct:accessRights"]["@id"] for name, one in datasets.items()}
    assert rights == {
        "plots_public": f"{ACCESS}PUBLIC",
        "plots_shared": f"{ACCESS}RESTRICTED",
        "plots_restricted": f"{ACCESS}NON_PUBLIC",
    }
    one = datasets["plots_public"]
    box = shapely.from_wkt(one["dct:spatial"]["dcat:bbox"]["@value"])
    assert box.is_valid
    assert box.centroid.within(shapely.box(120, 31, 121, 32))
    assert one["dct:temporal"]["@type"] == "dct:PeriodOfTime"
    for key in ("dct:issued", "dct:modified"):
        assert one[key]["@type"] == "xsd:dateTime"
        assert datetime.fromisoformat(one[key]["@value"]).tzinfo
    files = one["dcat:distribution"]
    assert {file["dct:title"] for file in files} == {"GeoJSON", "FlatGeobuf", "GeoParquet", "CSV"}
    for file in files:
        kind = re.sub(r".*/media-types/", "", file["dcat:mediaType"]["@id"])
        answer = client.get(file["dcat:downloadURL"]["@id"])
        assert answer.headers["content-type"].startswith(kind)


def test_the_records_give_it_too(client: TestClient, catalogue: Node) -> None:
    items = "/collections/catalogue/items"
    for query, accept in (("?f=dcat", "*/*"), ("?f=jsonld", "*/*"), ("", "application/ld+json")):
        document = client.get(f"{items}{query}", headers={"Accept": accept}).json()
        assert document["@type"] == "dcat:Catalog"
        assert len(document["dcat:dataset"]) == 1
