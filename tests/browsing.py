"""The screen in a browser: how it is opened, and what of it is read by scripts."""

from playwright.sync_api import Page
from service import Service

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
# of all that is seen: words too faint for their ground (WCAG AA), and controls without a name
UNREADABLE = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number)
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  const light = (c) => linear(c / 255)
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b)
  const ground = (node) => {
    const over = []
    for (let one = node; one; one = one.parentElement) {
      const style = getComputedStyle(one)
      if (!style.backgroundColor.startsWith('rgb')) return null
      const [r, g, b, a = 1] = parse(style.backgroundColor)
      if (a > 0) over.push([r, g, b, a])
      if (a === 1) break
    }
    let under = parse(getComputedStyle(document.getElementById('map')).backgroundColor)
    for (const [r, g, b, a] of over.reverse())
      under = [r, g, b].map((c, i) => a * c + (1 - a) * under[i])
    return under
  }
  const seen = (node) => node.checkVisibility({visibilityProperty: true, opacityProperty: true})
  const all = [...document.querySelectorAll('body :not(script, option, .maplibregl-map *)')]
  const faint = all.flatMap((node) => {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim())
    const under = own && seen(node) && !node.closest(':disabled') ? ground(node) : null
    if (!under) return []
    const [a, b] = [parse(getComputedStyle(node).color), under].map(luminance).sort((x, y) => y - x)
    const size = parseFloat(getComputedStyle(node).fontSize)
    const enough = (a + 0.05) / (b + 0.05) >= (size >= 24 ? 3 : 4.5)
    return enough ? [] : [`${node.className} ${node.textContent.slice(0, 30)}`]
  })
  const named = (one) => one.ariaLabel || one.textContent.trim() || one.labels?.length || one.title
  const nameless = all.filter((one) => one.matches('button, select, input, summary, a'))
    .filter((one) => seen(one) && !named(one)).map((one) => one.outerHTML)
  return [...faint, ...nameless]
}"""
NO_WEBGL = """
const before = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith('webgl') ? null : before.call(this, kind, ...more)
}"""


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
