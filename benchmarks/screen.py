"""The screen in a headless browser: 100,000 assets, 10,000 changes a second, a day scrubbed.

Targets: first map data <= 2 s after navigation, no script of ours over 50 ms on the page's own
thread, <= 300 ms from a key press to the new state handed to the map, memory flat. Pictures are
drawn in software here, so frames say nothing. Arguments: assets, seconds, readings a second.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import live
from benchmarks.twin import place
from spatial import token
from spatial.database import Database
from spatial.postgres.cluster import Cluster

CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--js-flags=--expose-gc", "--enable-precise-memory-info",
)  # fmt: skip
# when the first tile is handed over, every picture of the twin's state, and scripts that ran long
WATCHED = """
window.seen = {tile: null, pictures: 0, at: 0, scripts: []}
const watch = (map) => map.on('data', (event) => {
  if (event.tile && event.sourceId && seen.tile === null) seen.tile = performance.now()
})
Object.defineProperty(Object.prototype, '_map', {configurable: true, set(map) {
  if (map?.queryRenderedFeatures && !map.seen) { map.seen = true; watch(map) }
  Object.defineProperty(this, '_map', {value: map, writable: true, configurable: true})
}})
window.Worker = class extends Worker {
  constructor(...all) {
    super(...all)
    this.addEventListener('message', ({data}) => {
      if (data?.type === 'picture') { seen.pictures++; seen.at = performance.now() }
    })
  }
}
new PerformanceObserver((list) => {
  for (const frame of list.getEntries()) for (const one of frame.scripts)
    seen.scripts.push([one.duration, `${one.invokerType} ${one.invoker}`, one.sourceFunctionName])
}).observe({type: 'long-animation-frame', buffered: false})
"""
RENDERING = "FrameRequestCallback"  # MapLibre draws, in software
TRANSFERRED = """performance.getEntriesByType('resource').concat(
  performance.getEntriesByType('navigation')).filter((one) => one.name.includes('/screen/'))
  .reduce((sum, one) => sum + one.transferSize, 0)"""
HEAP = "(gc(), performance.memory.usedJSHeapSize)"


@contextmanager
def city(port: int, *options: str) -> Iterator[tuple[str, Path]]:
    """A service of its own: its address and its data."""
    data = Path(tempfile.mkdtemp(prefix="citytwin-screen-"))
    data.chmod(0o711)
    command = [sys.executable, "-m", "citytwin"]
    up = ["up", *options, "--detach", "--port", str(port), "--data", str(data)]
    subprocess.run([*command, *up], check=True)
    try:
        yield f"http://127.0.0.1:{port}/", data
    finally:
        subprocess.run([*command, "down", "--data", str(data)], check=True)
        shutil.rmtree(data, ignore_errors=True)


def opened(browser: Browser, url: str, view: str = "") -> Page:
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.add_init_script(WATCHED)
    page.goto(f"{url}screen/{view}")
    page.wait_for_function("seen.tile !== null && seen.pictures > 0", timeout=120_000)
    return page


def scrubbed(page: Page, presses: int) -> list[float]:
    """Milliseconds from a key press to the state of that minute, handed to the map."""
    page.locator("#time .steps button").last.click()
    took = []
    for _ in range(presses):
        page.wait_for_timeout(1500)
        before: dict[str, Any] = page.evaluate("({n: seen.pictures, at: performance.now()})")
        page.keyboard.press("ArrowLeft")
        page.wait_for_function(f"seen.pictures > {before['n']}")
        took.append(page.evaluate("seen.at") - before["at"])
    return took


def sample(browser: Browser) -> None:
    with city(8767) as (url, _):
        page = opened(browser, url, "#lang=en")
        sent = page.evaluate(TRANSFERRED) / 1e6
        print(f"first map data after {page.evaluate('seen.tile') / 1000:.2f} s,", end=" ")
        print(f"{sent:.2f} MB of the page transferred,", end=" ")
        took = sorted(scrubbed(page, 8))
        print(f"a minute scrubbed in {took[len(took) // 2]:.0f} ms, most {took[-1]:.0f} ms")


def storm(browser: Browser, assets: int, seconds: float, rate: int) -> None:
    with city(8768, "--no-sample") as (url, data), Cluster.open(data) as cluster:
        database = Database(cluster.conninfo)
        place(database, assets)
        secret, done = token.create(database, "write", subject="bench"), Event()
        page = opened(browser, url, "#lang=en")
        page.wait_for_timeout(3000)
        page.evaluate("seen.scripts.length = 0")
        heap, start, pictures = (
            page.evaluate(HEAP),
            time.monotonic(),
            page.evaluate("seen.pictures"),
        )
        sender = Thread(target=live.send, args=(url, secret, rate, done))
        sender.start()
        page.wait_for_timeout(seconds * 1000)
        middle = page.evaluate(HEAP)
        page.wait_for_timeout(seconds * 1000)
        end, scripts = page.evaluate(HEAP), page.evaluate("seen.scripts")
        shown = (page.evaluate("seen.pictures") - pictures) / (time.monotonic() - start)
        done.set()
        sender.join()
        database.close()
    ours = [one for one in scripts if RENDERING not in one[1]]
    longest = max(ours, default=[0.0, "none", ""])
    print(f"{assets:,} assets, {rate:,} readings/s: {shown:.1f} pictures/s;", end=" ")
    print(f"our longest script {longest[0]:.0f} ms ({longest[1]} {longest[2]}),", end=" ")
    print(f"{sum(one[0] > 50 for one in ours)} over 50 ms;", end=" ")
    print(f"heap {heap / 1e6:.0f}, {middle / 1e6:.0f}, {end / 1e6:.0f} MB")


def main(assets: int = 100_000, seconds: float = 15, rate: int = 10_000) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        sample(browser)
        storm(browser, assets, seconds, rate)
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
