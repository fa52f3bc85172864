"""The first page in a real browser: it draws the city, its past, its layers and its things."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from service import Service

from citytwin.app import SCREEN

expect.set_options(timeout=30_000)  # pictures are drawn in software

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--no-first-run",
)
# the page keeps its map to itself, but its controls take it as their `_map`
CATCH_THE_MAP = """
Object.defineProperty(Object.prototype, '_map', {configurable: true, set(map) {
  if (map?.queryRenderedFeatures) window.cityMap = map
  Object.defineProperty(this, '_map', {value: map, writable: true, configurable: true})
}})
"""
IDLE = "window.cityMap?.loaded() && cityMap.areTilesLoaded() && !cityMap.isMoving()"
DRAWN = """(layer) => new Set(
  cityMap.queryRenderedFeatures().filter((one) => one.sourceLayer === layer).map((one) => one.id)
).size"""
IDS = """(layer) => [...new Set(
  cityMap.queryRenderedFeatures().filter((one) => one.sourceLayer === layer).map((one) => one.id)
)]"""
# in degrees, all sides moved inwards by some pixels
SEEN = """(inset) => {
  const {width, height} = cityMap.getCanvas().getBoundingClientRect()
  const corners = [[inset, height - inset], [width - inset, inset]]
  return corners.flatMap((corner) => cityMap.unproject(corner).toArray())
}"""
PLACE = "map=15/31.495/120.372&base=city"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not (SCREEN / "index.html").is_file():
        pytest.skip("the screen is not built: make setup")
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        except Error:
            pytest.skip("no browser here: apt install chromium")
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    """The screen, drawn; at the end, whether it complained or asked elsewhere."""
    complaints: list[str] = []
    hosts: set[str | None] = set()
    fresh = browser.new_page(viewport={"width": 1100, "height": 750})
    fresh.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    fresh.on("request", lambda asked: hosts.add(urlsplit(asked.url).hostname))
    fresh.add_init_script(CATCH_THE_MAP)
    show(fresh, service, f"#{PLACE}&lang=en")
    yield fresh
    fresh.close()
    assert complaints == []
    assert hosts - {None} == {"127.0.0.1"}


def show(page: Page, service: Service, view: str) -> None:
    """Open a view afresh and wait until it is drawn."""
    page.goto("about:blank")  # a new hash alone would load nothing
    page.goto(f"{service.url}screen/{view}")
    page.wait_for_selector("body.ready", state="attached")
    page.wait_for_function(IDLE, timeout=60_000)


def drawn(page: Page, layer: str) -> int:
    """How many features of a layer are on the screen, once all that is wanted is."""
    page.wait_for_timeout(300)
    page.wait_for_function(IDLE, timeout=60_000)
    count: int = page.evaluate(DRAWN, layer)
    return count


def test_the_slider_takes_the_city_back(page: Page, tmp_path: Path) -> None:
    expect(page.locator("h1")).to_have_text("Jinlan")
    now = drawn(page, "buildings")
    page.screenshot(path=tmp_path / "now.png")
    slider = page.locator("#time input[type=range]")
    slider.fill("0")
    expect(page.locator("#time output")).to_have_text("2000")
    expect(page.locator("#as-of")).to_contain_text("2000")
    then = drawn(page, "buildings")
    page.screenshot(path=tmp_path / "2000.png")
    assert 0 < then < now
    assert "time=2000" in page.url
    slider.press("End")
    expect(page.locator("#time output")).to_have_text("Now")
    assert drawn(page, "buildings") == now


@pytest.mark.parametrize("year", [None, "2005"])
def test_what_is_drawn_is_what_the_city_has_there(
    page: Page, service: Service, year: str | None
) -> None:
    """Feature by feature; only what ends within two pixels of the rim may be drawn or not."""
    if year:
        page.locator("#time input[type=range]").fill("5")
        expect(page.locator("#time output")).to_have_text(year)
    for layer in ("buildings", "parcels"):
        assert drawn(page, layer) > 0
        seen = set(page.evaluate(IDS, layer))
        least, most = (ids_within(service, layer, page.evaluate(SEEN, n), year) for n in (2, -2))
        assert least <= seen <= most
        assert len(most) > 20


def ids_within(service: Service, layer: str, box: list[float], year: str | None) -> set[int]:
    """The features of a box in degrees, as items tell them."""
    query = {"bbox": ",".join(map(str, box)), "limit": "10000", "skipGeometry": "true"}
    query |= {"datetime": year} if year else {}
    answer = httpx.get(f"{service.url}collections/{layer}/items", params=query, timeout=60)
    found = answer.raise_for_status().json()
    assert found["numberMatched"] == found["numberReturned"]
    return {one["id"] for one in found["features"]}


def test_the_address_brings_the_view_back(page: Page, service: Service) -> None:
    page.locator("#time input[type=range]").fill("5")
    page.evaluate("cityMap.jumpTo({center: [120.38, 31.5], zoom: 15.5})")
    there = drawn(page, "buildings")
    address = page.url
    show(page, service, f"#{address.partition('#')[2]}")
    expect(page.locator("#time output")).to_have_text("2005")
    assert page.evaluate("cityMap.getZoom()") == pytest.approx(15.5, abs=0.01)
    assert page.evaluate("cityMap.getCenter().lng") == pytest.approx(120.38, abs=1e-4)
    assert drawn(page, "buildings") == there
    assert page.url == address


def test_the_page_speaks_both_languages(page: Page) -> None:
    expect(page.locator("#legend")).to_contain_text("Buildings")
    page.locator("#language").click()
    expect(page.locator("#legend")).to_contain_text("建筑")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    assert re.search(r"[\u4e00-\u9fff]", page.locator("h1").inner_text())
    page.locator("#language").click()
    expect(page.locator("#legend")).to_contain_text("Buildings")


def test_a_layer_switched_off_vanishes(page: Page) -> None:
    shown = drawn(page, "buildings")
    box = page.get_by_label("Buildings")
    box.uncheck()
    assert drawn(page, "buildings") == 0
    assert "hide=buildings" in page.url
    assert drawn(page, "parcels") > 0
    box.check()
    assert drawn(page, "buildings") == shown > 0


def test_a_click_opens_the_card_of_the_thing(page: Page, tmp_path: Path) -> None:
    drawn(page, "buildings")
    found = page.evaluate(
        """() => {
          const {width, height} = cityMap.getCanvas().getBoundingClientRect()
          for (let y = height / 4; y < height * 3 / 4; y += 7)
            for (let x = width / 3; x < width - 330; x += 7) {
              const [top] = cityMap.queryRenderedFeatures([x, y])
              if (top?.sourceLayer === 'buildings')
                return {x, y, id: top.id, use: top.properties.use_en}
            }
        }"""
    )
    page.mouse.click(found["x"], found["y"])
    card = page.locator("#card")
    expect(card).to_be_visible()
    expect(card.locator(".kind")).to_have_text("Buildings")
    expect(card).to_contain_text(found["use"])
    expect(card.locator(".life")).to_contain_text("Since")
    page.screenshot(path=tmp_path / "card.png")
    card.locator("button.close").click()
    expect(card).to_be_hidden()


def test_a_frame_says_which_city_it_is(page: Page) -> None:
    expect(page.locator("#mode")).to_have_text("Live")
    page.locator("#time input[type=range]").fill("5")
    expect(page.locator("#mode")).to_have_text("Replay")
    expect(page.locator("body")).to_have_attribute("data-mode", "replay")
    page.locator("#known").click()
    expect(page.locator("#as-of")).to_contain_text("As known then")
    assert "known=then" in page.url
    page.locator("#to-live").click()
    expect(page.locator("#mode")).to_have_text("Live")
    assert "time=" not in page.url
    assert "known=" not in page.url


def test_two_times_are_compared_under_a_swipe(page: Page) -> None:
    page.locator("#against").select_option("2005")
    deltas = page.locator(".deltas")
    expect(deltas).to_contain_text("Buildings")
    assert re.search(r"\+\d+ added", deltas.inner_text())
    assert "against=2005" in page.url
    page.locator("#against").select_option("")
    expect(page.locator("#other")).to_be_hidden()


def test_the_labels_are_drawn_with_our_letters(page: Page) -> None:
    drawn(page, "districts")
    names = page.evaluate(
        "cityMap.queryRenderedFeatures().filter((one) => one.layer.type === 'symbol')"
        ".map((one) => one.properties.name_en)"
    )
    assert any(names)
    letters = page.evaluate(
        "performance.getEntriesByType('resource').filter((one) => one.name.endsWith('.pbf'))"
        ".map((one) => [one.name, one.responseStatus])"
    )
    assert letters
    assert {(urlsplit(name).path.split("/")[1], status) for name, status in letters} == {
        ("fonts", 200)
    }
