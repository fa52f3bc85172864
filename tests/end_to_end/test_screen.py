"""The first page in a real browser: it draws the city, its past, its layers and its things."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from browsing import (
    CATCH_THE_MAP,
    CHROMIUM,
    IDS,
    NO_WEBGL,
    OPTIONS,
    SEEN,
    UNREADABLE,
    drawn,
    show,
)  # fmt: skip
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from service import Service

from citytwin.app import SCREEN

expect.set_options(timeout=30_000)  # pictures are drawn in software

ASSET, LEVEL_M = "SW0045", 4.5
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


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    """Of a duty officer; and the water at one gauge is high, for all that come after."""
    secret = service.token("write")
    now = datetime.now(UTC)
    readings = [
        {"asset": ASSET, "property": "water_level", "value": LEVEL_M,
         "at": (now - timedelta(seconds=ago)).isoformat()}
        for ago in (90, 60, 30, 1)
    ]  # fmt: skip
    headers = {"Authorization": f"Bearer {secret}"}
    sent = httpx.post(f"{service.url}twin/observations", json=readings, headers=headers)
    sent.raise_for_status()
    return secret


@pytest.fixture
def desk(page: Page, token: str) -> Page:
    """The page, with an officer at it."""
    # a blank page has no storage
    keep = f"location.protocol !== 'about:' && sessionStorage.setItem('token', {json.dumps(token)})"
    page.add_init_script(keep)
    return page


def test_a_red_alert_from_its_reading_to_a_task(desk: Page, service: Service) -> None:
    show(desk, service, f"#{PLACE}&lang=en")
    hero = desk.locator("#hero .hero.red")
    expect(hero).to_contain_text(f"{ASSET} {LEVEL_M} m")
    expect(hero).to_contain_text("High water")
    expect(hero.locator(".where")).to_contain_text("Subdistrict")
    expect(desk.locator(".beacon.red")).to_contain_text(ASSET)
    expect(desk.locator("#board")).to_contain_text("Red · High water")
    hero.locator(".dispatch").click()
    expect(desk.locator("#board .watch").nth(1).locator("b")).to_have_text("1")
    desk.locator("#time input[type=range]").fill("5")
    expect(hero).to_have_count(0)  # in 2005 there was none
    desk.locator("#to-live").click()
    hero.locator(".take").click()
    expect(hero).to_have_count(0)
    alerts = httpx.get(f"{service.url}twin/alerts").json()["alerts"]
    assert [bool(one["acknowledged"]) for one in alerts if one["asset"] == ASSET] == [True]
    desk.locator(".menu summary").click()
    desk.get_by_role("button", name="Duty log").click()
    expect(desk.locator("#sheet")).to_contain_text("High water")
    assert "sheet=log" in desk.url


def test_a_desk_drives_the_wall(browser: Browser, service: Service, token: str) -> None:
    wall = browser.new_page(viewport={"width": 3840, "height": 2160})
    wall.add_init_script(CATCH_THE_MAP)
    show(wall, service, "#layout=wall&wall=east&lang=zh")
    said = {"view": "#map=15/31.5/120.38&time=2010&lang=en"}
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{service.url}twin/walls/east"
    assert httpx.post(address, json=said).status_code == 401
    httpx.post(address, json=said, headers=headers).raise_for_status()
    expect(wall.locator("#mode")).to_have_text("回放")
    assert all(word in wall.url for word in ("time=2010", "layout=wall", "wall=east", "lang=zh"))
    assert httpx.get(address).json()["view"] == said["view"]
    # nothing to scroll, and the least of the words is larger than a hundredth of the height
    assert wall.evaluate("document.documentElement.scrollHeight") <= 2160
    sizes = """[...document.querySelectorAll('#left h1, #left h2, #mode, #as-of')]
      .map((one) => parseFloat(getComputedStyle(one).fontSize))"""
    assert min(wall.evaluate(sizes)) > 21.6
    wall.close()


def test_a_boundary_is_drawn_for_an_analysis(desk: Page, service: Service) -> None:
    show(desk, service, f"#{PLACE}&lang=en&work=control-line-check")
    form = desk.locator("#work form")
    named = form.locator("label", has=desk.locator("span", has_text="urban development boundary"))
    named.locator("select").select_option("urban_line")
    form.get_by_role("button", name="Draw on the map").click()
    for x, y in ((450, 300), (600, 420), (450, 420)):
        desk.mouse.click(x, y)
    desk.keyboard.press("Enter")
    expect(form.locator(".drawn")).to_contain_text("Drawn (3)")
    form.get_by_role("button", name="Run").click()
    expect(form.locator(".holds")).to_be_visible(timeout=120_000)
    expect(form.get_by_role("button", name="Show on the map").first).to_be_visible()


@pytest.mark.parametrize("base", ["dark", "light"])
def test_all_words_can_be_read_and_all_controls_have_names(
    page: Page, service: Service, base: str
) -> None:
    address = (
        f"#map=14.5/31.51/120.37&time=2020&lang=en&base={base}&against=2005&cut=40"
        "&work=&show=urban_line&hide=parcels"
    )
    show(page, service, address)
    expect(page.locator("#work select")).to_be_visible()
    assert page.evaluate(UNREADABLE) == []
    page.locator("#language").click()  # the address is written anew
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    asked, got = (one.lstrip("#").split("&") for one in (address, page.url.partition("#")[2]))
    kept = {one for one in asked if one != "base=dark"}  # which is the default
    assert set(got) == kept - {"lang=en"} | {"lang=zh"}


def test_without_webgl_there_is_a_list(browser: Browser, service: Service) -> None:
    plain = browser.new_page()
    plain.add_init_script(NO_WEBGL)
    plain.goto(f"{service.url}screen/#lang=en")
    expect(plain.locator("#map.listed li").first).to_be_visible()
    expect(plain.locator("#map")).to_contain_text("a list in place of the map")
    plain.locator("#language").click()
    expect(plain.locator("#watch")).to_contain_text("未处置告警")
    plain.close()
