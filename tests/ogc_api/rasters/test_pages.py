"""A raster's pages for browsers: they say what it is, and every link of theirs leads somewhere."""

import re
from html import unescape

import pytest
from grids import store_ground

HERE = "http://127.0.0.1:8000"
#: What answers only to who says where.
ASKING = re.compile("/(position|radius|area|cube|trajectory|locations)")


@pytest.fixture
def ground(database, tmp_path):
    store_ground(database, tmp_path, vertical_datum="EPSG:5737")


@pytest.mark.parametrize("path", ["/collections/ground", "/collections"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_page_leads_on(client, ground, path, language):
    page = client.get(path, params={"f": "html", "lang": language})
    assert page.status_code == 200, page.text
    assert page.headers["content-type"].startswith("text/html")
    links = {unescape(href) for href in re.findall(r'href="([^"#]+)"', page.text)}
    ours = {href for href in links if href.startswith((HERE, "/"))}
    assert any("ground" in href for href in ours)
    for href in ours:
        if not ASKING.search(href):
            assert client.get(href).status_code < 400, href
