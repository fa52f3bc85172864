"""The OpenAPI document and the collections tell of rasters what is true."""

import json

import pytest
from grids import store_ground, store_rain


@pytest.fixture
def document(client, database, tmp_path):
    store_ground(database, tmp_path)
    store_rain(database, tmp_path)
    return client.get("/openapi?f=json").json()


def test_every_path_of_a_raster_is_ours(document):
    ours = {path: one for path, one in document["paths"].items() if "/ground/" in path}
    assert {path.removeprefix("/collections/ground/") for path in ours} == {
        "coverage", "position", "radius", "area", "cube", "trajectory", "locations",
        "locations/{locationId}", "map/tiles/WebMercatorQuad/{z}/{y}/{x}",
    }  # fmt: skip
    text = json.dumps(ours)
    assert '"$ref": "http' not in text
    names = {ref.rpartition("/")[2] for ref in _refs(ours)}
    assert names <= set(document["components"]["parameters"])
    ids = [one["get"]["operationId"] for one in document["paths"].values() if "get" in one]
    assert len(ids) == len(set(ids))


def _refs(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _refs(value)


def test_conformance(client, document):
    declared = client.get("/conformance?f=json").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/core" in declared
    assert "http://www.opengis.net/spec/ogcapi-coverages-1/1.0/conf/core" in declared


def test_every_link_of_a_raster_leads_somewhere(client, document):
    for name in ("ground", "rain"):
        collection = client.get(f"/collections/{name}?f=json").json()
        for link in collection["links"]:
            if link["rel"] == "data":
                continue  # wants its coords
            answer = client.get(link["href"])
            assert answer.status_code == 200, link["href"]
            assert answer.headers["content-type"].split(";")[0] == link["type"].split(";")[0], link


def test_the_pages_of_rasters_open(client, document):
    for path in ("/collections", "/collections/ground", "/collections/ground/schema"):
        answer = client.get(path, params={"f": "html"})
        assert answer.status_code == 200
        assert "ground" in answer.text
