"""OGC API Features, Part 5 (23-058r2), by its abstract tests."""

from typing import Any

import jsonschema
from starlette.testclient import TestClient

PLOTS = "/collections/plots"
REL = "http://www.opengis.net/def/rel/ogc/1.0"


class TestSchemas:
    uri = (
        "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
        "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/schemas",
    )

    def test_it_is_linked_and_valid(self, client: TestClient, plots: Any) -> None:
        """/req/schemas/link, get-op, response, /req/schemas/type"""
        links = client.get(f"{PLOTS}?f=json").json()["links"]
        (link,) = (
            one
            for one in links
            if one["rel"] == f"{REL}/schema" and one["type"] == "application/schema+json"
        )
        answer = client.get(link["href"])
        assert answer.headers["content-type"] == "application/schema+json"
        schema = answer.json()
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["type"] == "object"
        assert schema["$id"] == link["href"].partition("?")[0]

    def test_properties_and_roles(self, client: TestClient, plots: Any) -> None:
        """/req/schemas/properties, geometry, x-ogc-role, /req/property-roles: each role once"""
        properties = client.get(f"{PLOTS}/schema?f=json").json()["properties"]
        roles = [told["x-ogc-role"] for told in properties.values() if "x-ogc-role" in told]
        assert sorted(roles) == [
            "id", "primary-geometry", "primary-interval-end", "primary-interval-start",
        ]  # fmt: skip
        assert properties["geometry"]["format"] == "geometry-multipolygon"
        order = [told["x-ogc-propertySeq"] for told in properties.values() if "type" in told]
        assert order == sorted(set(order))

    def test_features_are_as_it_says(self, client: TestClient, plots: Any) -> None:
        """/req/schemas/properties: against the features themselves"""
        schema = client.get(f"{PLOTS}/schema?f=json").json()
        for one in client.get(f"{PLOTS}/items").json()["features"]:
            told = {name: bound if bound != ".." else None for name, bound in zip(
                ("valid_from", "valid_to"), one["time"]["interval"], strict=True)}  # fmt: skip
            whole = one["properties"] | told | {"fid": one["id"], "geometry": one["geometry"]}
            jsonschema.Draft202012Validator(schema).validate(whole)
