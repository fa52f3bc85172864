"""An AsOf on the landing page's address goes with every link, and reaches every resource."""

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from grids import store_ground
from starlette.testclient import TestClient
from worlds import make_layer

from ogc_api.connection import words
from spatial import scenario
from spatial.database import Database
from spatial.edit import edit

ASOF = {"datetime": "2030", "known_at": "2090-01-01", "scenario": "plan"}
BASE = "http://127.0.0.1:8000"
# these ask for a place too; of cells there are no pages, which pygeoapi's page links
FURTHER = re.compile(r"/(position|radius|area|cube|trajectory)\b|/(coverage|locations)\?.*f=html")
# these lead to other times: they keep the books and the plan
HISTORY = re.compile(
    r"\b(canonical|original|timemap|(latest|predecessor|successor)-version|version-history)$"
)


@pytest.fixture
def city(database: Database, tmp_path: Path) -> Database:
    """Two layers, one with more than a page, a raster, and a plan in which one plot is gone."""
    store_ground(database, tmp_path, access="public")
    make_layer(database)
    make_layer(database, "trees", count=120)
    scenario.create(database, "plan", author="planner")
    with edit(database, "plots", author="planner", scenario="plan") as editor:
        editor.remove(3)
    return database


def hrefs(document: Any) -> Iterator[tuple[str, str]]:
    """Every link in a document, with its relation; tile templates too."""
    if isinstance(document, dict):
        if isinstance(document.get("href"), str):
            yield document.get("rel", ""), document["href"]
        for key, value in document.items():
            if key == "tiles" and isinstance(value, list):
                yield from (("tiles", one) for one in value)
            yield from hrefs(value)
    elif isinstance(document, list):
        for one in document:
            yield from hrefs(one)


def links(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    kind = answer.headers.get("content-type", "")
    for href, rel in re.findall(r'<([^>]+)>; rel="([^"]+)"', answer.headers.get("link", "")):
        yield rel, href
    if "json" in kind:
        yield from hrefs(answer.json())
    elif "html" in kind:
        yield from (("", href) for href in re.findall(r'<a [^>]*?href="([^"]*)"', answer.text))


def filled(href: str) -> str:
    """A template with a tile in it that every set has."""
    href = href.replace("{tileMatrixSetId}", "WebMercatorQuad").replace("{tileMatrix}", "1")
    return re.sub(r"\{[^}]*\}", "0", href)


def test_every_link_answers_and_keeps_the_asof(client: TestClient, city: Database) -> None:
    start = f"{BASE}/?{urlencode(ASOF | {'f': 'json'})}"
    waiting, seen, kinds = deque([start]), {start}, set()
    while waiting:
        url = waiting.popleft()
        answer = client.get(url)
        assert answer.status_code < 400, f"{url}: {answer.text}"
        kinds.add(re.sub(r"plots|trees|ground|\d+|land-use-overlay", "*", urlsplit(url).path))
        if HISTORY.search(url):
            continue
        for rel, href in links(answer):
            if not href.startswith(BASE) or href.startswith(f"{BASE}/static/"):
                continue
            said = {name: texts[0] for name, texts in parse_qs(urlsplit(href).query).items()}
            if HISTORY.search(rel):
                assert said.keys() >= {"known_at", "scenario"}, f"{url}: {rel} {href}"
                href += f"#{rel}"
            else:
                assert said.keys() >= ASOF.keys(), f"{url}: {rel} {href}"
            target = filled(href)
            more = rel.endswith("/execute") or FURTHER.search(href)
            if target not in seen and not more and sum(_like(one, target) for one in seen) < 8:
                seen.add(target)
                waiting.append(target)
    assert {
        "/", "/conformance", "/openapi", "/collections", "/collections/*", "/collections/*/items",
        "/collections/*/items/*", "/collections/*/schema", "/collections/*/queryables",
        "/collections/*/sortables", "/collections/*/tiles", "/collections/*/tiles/WebMercatorQuad",
        "/tiles/*.json", "/styles/*.json", "/tiles/*/*/*/*.mvt", "/processes", "/TileMatrixSets",
        "/collections/*/items/*/versions",
    } <= kinds  # fmt: skip


def _like(one: str, other: str) -> bool:
    """Whether two addresses are of one path: a few pages, formats and items will do."""
    paths = {urlsplit(url).path.rstrip("0123456789") for url in (one, other)}
    return len(paths) == 1


def test_what_a_connection_reads_is_that_asof(client: TestClient, city: Database) -> None:
    landing = client.get(f"/?{urlencode(ASOF | {'f': 'json'})}").json()
    data = next(href for rel, href in hrefs(landing) if rel == "data")
    listed = client.get(f"{data}&f=json").json()["collections"]
    plots = next(one for one in listed if one["id"] == "plots")
    itself = next(href for rel, href in hrefs(plots) if rel == "self")
    assert client.get(itself).json()["itemCount"] == 2
    items = next(link for link in plots["links"] if link["type"] == "application/geo+json")
    assert [one["id"] for one in client.get(items["href"]).json()["features"]] == [1, 2]


def test_without_an_asof_nothing_is_added(client: TestClient, city: Database) -> None:
    for path in ("/?f=json", "/collections?f=json", "/collections/plots?f=json"):
        assert not any("scenario=" in href for _, href in links(client.get(path)))


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("limit=1&datetime=2010&datetime=2005", "2010"),  # QGIS: the connection's at the end
        ("datetime=2005&limit=1&datetime=2010", "2010"),  # a link of ours, gone on with
        ("datetime=2005&limit=1&datetime=2005", "2005"),
        ("limit=1&datetime=2005", "2005"),
    ],
)
def test_a_requests_own_time_wins(query: str, holds: str) -> None:
    assert words(query.encode()) == {"limit": "1", "datetime": holds}
