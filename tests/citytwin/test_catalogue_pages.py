"""The catalogue's pages: found in both languages, safe to read, honest about quality."""

from spatial.describe import describe


def test_a_layer_is_found_and_told_in_both_languages(client, database, plots):
    said = {
        "title_zh": "试验地块", "title_en": "Test plots", "owner": "自然资源局",
        "abstract_zh": "三块", "abstract_en": "Three <b>plots</b>", "frequency": "daily",
    }  # fmt: skip
    describe(database, "plots", said, author="steward")
    zh = {"Accept-Language": "zh-CN"}
    en = {"Accept-Language": "en-US"}
    assert "试验地块" in client.get("/catalogue/?q=试验", headers=zh).text
    assert "试验地块" in client.get("/catalogue/?q=test plots&bbox=&datetime=", headers=zh).text
    assert "试验地块" not in client.get("/catalogue/?q=河流", headers=zh).text
    assert "试验地块" not in client.get("/catalogue/?bbox=0,0,1,1", headers=zh).text
    page = client.get("/catalogue/plots", headers=en).text
    assert "<h1>Test plots</h1>" in page
    assert "Three &lt;b&gt;plots&lt;/b&gt;" in page
    assert "自然资源局" in page
    assert "Completeness" in page
    assert page.count('<path d="M') == 3  # the sketch
    assert "<td>load</td><td>—</td><td>3</td><td>0</td>" in page
    assert "no check fails" in page
    assert "完整率" in client.get("/catalogue/plots", headers=zh).text


def test_what_is_not_for_all_is_not_there(client, database, plots):
    describe(database, "plots", {}, author="steward", access="restricted")
    assert client.get("/catalogue/plots").status_code == 404
    assert "plots" not in client.get("/catalogue/").text
