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
