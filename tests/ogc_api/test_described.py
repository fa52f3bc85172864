"""What a steward says of a layer is published at once."""

import pytest

from spatial import audit
from spatial.describe import describe
from spatial.errors import Invalid

SAID = {
    "title_zh": "地块", "title_en": "Plots",
    "abstract_zh": "三块试验地", "abstract_en": "Three test plots",
    "keywords_en": "land, test", "licence": "https://example.org/licence", "frequency": "annually",
}  # fmt: skip


def test_the_collection_and_the_records_tell_it(client, database, plots):
    describe(database, "plots", SAID, author="steward")
    english = client.get("/collections/plots?f=json").json()
    assert (english["title"], english["description"]) == ("Plots", "Three test plots")
    assert english["keywords"] == ["land", "test"]
    (licence,) = [link for link in english["links"] if link["rel"] == "license"]
    assert licence["href"] == "https://example.org/licence"
    chinese = client.get("/collections/plots?f=json&lang=zh-CN").json()
    assert (chinese["title"], chinese["description"]) == ("地块", "三块试验地")
    describe(database, "plots", {"abstract_en": ""}, author="steward")
    assert client.get("/collections/plots?f=json").json()["description"] == "三块试验地"


def test_a_class_is_changed_with_an_entry_in_the_audit(client, database, plots):
    describe(database, "plots", {}, author="steward", access="restricted")
    assert client.get("/collections/plots?f=json").status_code == 404
    assert client.get("/collections/plots/items?f=json").status_code == 404
    (entry,) = audit.entries(database, "plots")
    assert (entry.author, entry.reason) == ("steward", "from public to restricted")
    describe(database, "plots", {}, author="steward", access="public")
    assert client.get("/collections/plots/items?f=json").json()["numberMatched"] == 3


def test_what_cannot_be_said_is_refused(database, plots):
    with pytest.raises(Invalid, match="frequency"):
        describe(database, "plots", {"frequency": "often"}, author="steward")
    with pytest.raises(Invalid, match="class"):
        describe(database, "plots", {}, author="steward", access="open")


TOLD = SAID | {
    "code": "JL-04-001", "owner": "自然资源局", "contact": "desk@example.org", "theme": "土地",
}  # fmt: skip


def test_every_catalogue_tells_whose_it_is_and_how_it_may_be_used(client, database, plots):
    describe(database, "plots", TOLD, author="steward", area="320200")
    steward = {
        "organization": "自然资源局", "emails": [{"value": "desk@example.org"}],
        "roles": ["custodian", "pointOfContact"],
    }  # fmt: skip
    same = {
        "license": "https://example.org/licence", "resourceCode": "JL-04-001",
        "updateFrequency": "annually", "governanceArea": "320200",
    }  # fmt: skip
    collection = client.get("/collections/plots?f=json").json()
    (listed, _) = client.get("/collections?f=json").json()["collections"]
    record = client.get("/collections/catalogue/items/plots").json()
    for told in (collection, listed, record["properties"]):
        assert same.items() <= told.items()
        assert steward in told["contacts"]
        assert "土地" in [theme["concepts"][0]["id"] for theme in told["themes"]]
    said = record["properties"]
    assert {"scheme": "resource-code", "value": "JL-04-001"} in said["externalIds"]
    assert {"land", "test"} <= set(said["keywords"])
    assert {"license", "quality"} <= {link["rel"] for link in record["links"]}
    for query in ("q=自然资源局", "externalIds=resource-code:JL-04-001", "keywords=Land"):
        found = client.get(f"/collections/catalogue/items?{query}").json()
        assert [one["id"] for one in found["features"]] == ["plots"]
    (dataset,) = client.get("/catalogue.jsonld").json()["dcat:dataset"]
    assert dataset["dct:publisher"]["foaf:name"] == "自然资源局"
    assert dataset["dcat:contactPoint"]["vcard:hasEmail"] == {"@id": "mailto:desk@example.org"}
    assert dataset["dct:accrualPeriodicity"]["@id"].endswith("/frequency/ANNUAL")
    assert dataset["dct:identifier"] == ["plots", "JL-04-001"]
    licences = {one["dct:license"]["@id"] for one in dataset["dcat:distribution"]}
    assert licences == {"https://example.org/licence"}
