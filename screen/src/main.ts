/** The page: one view of the city, told in the address, drawn on the map and its panels. */
import './screen.css'
import './alert.css'
import './wall.css'
import './sheet.css'
import { fetchBeginning, openSession, fetchScenarios, fetchStyle, type CityStyle, type Scenario } from './api.ts'
import type { AsOf } from './asof.ts'
import { nearestCamera } from './camera.ts'
import { Compare } from './compare.ts'
import { byId } from './dom.ts'
import { finders } from './finders.ts'
import { renderFrame } from './frame.ts'
import { formatHash, parseHash, type Language, type View } from './hash.ts'
import { word } from './i18n.ts'
import { Legend } from './legend.ts'
import { asOfOther, asOfView, modeOf, planName, sides } from './mode.ts'
import { notify } from './notice.ts'
import { openCanvas } from './open_canvas.ts'
import { Rasters, type RasterEntry } from './rasters.ts'
import type { Canvas, Picked, Scene } from './scene.ts'
import { Search } from './search.ts'
import { Selection } from './selection.ts'
import { Slider } from './slider.ts'
import { pushed } from './stage.ts'
import { delay, throttled } from './throttle.ts'
import { clamped, type Period } from './time.ts'
import { Tools } from './tools.ts'
import { Tour } from './tour.ts'
import { Trouble } from './trouble.ts'
import type { Line, Noticed, Picture } from './twin/messages.ts'
import { Twin } from './twin/twin.ts'
import { isVisible, toggled } from './visibility.ts'

const LATE = 1000
const RETRY_AFTER = 5000
const TICK = 1000
const TROUBLE = 5000
/** A wall is laid out for this height, and drawn as large as it is. */
const WALL_HEIGHT = 1080

let view: View = parseHash(location.hash, navigator.language.startsWith('zh') ? 'zh' : 'en')
let style: CityStyle
let canvas: Canvas
let scenarios: Scenario[] = []
let begin = new Date('2000-01-01T00:00:00Z')
let picture: Picture | null = null
let line: Line = { type: 'line', connected: true, since: 0 }

const city = () => style.metadata.citytwin
const language = () => view.language
const zone = () => city().timezone
const asOf = (): AsOf => asOfView(view, zone())
const entries = () => city().groups.flatMap((group) => group.layers)
const entry = (layer: string) => entries().find((one) => one.name === layer)
const titleOf = (layer: string) => entry(layer)?.title[view.language] ?? layer

function visible(layer: string): boolean {
  const known = entry(layer)
  return !known || isVisible(known, view)
}

const selection = new Selection({
  entry,
  asOf,
  language,
  zone,
  complain,
  changed: () => {
    canvas.draw(scene())
    const { picked } = selection
    remember({ thing: picked && `${picked.layer}/${picked.fid}` })
  },
  close: () => {
    change({ asset: null, thing: null })
    selection.choose(null)
  },
})
const twin = new Twin({
  met: () => {
    const known = view.asset && !selection.picked && twin.find(view.asset)
    if (known) selection.choose({ layer: known.layer, fid: known.fid })
    trouble.show()
  },
  picture: (told) => {
    picture = told
    canvas.animate(told)
    trouble.take(told)
  },
  watched: (told) => selection.asset.tell(told),
  line: (told) => {
    line = told
    frame()
  },
  changed: ({ layer }) => modeOf(view) === 'live' && canvas.refresh(layer),
  noticed: heed,
})
const trouble = new Trouble({
  asOf,
  language,
  live: () => modeOf(view) === 'live',
  unit: ({ asset, property = '' }) => twin.find(asset)?.series[property]?.unit ?? '',
  layer: (asset) => twin.find(asset)?.layer ?? null,
  openAsset,
  goTo: (place) => canvas.flyTo(place),
  camera: (place) => void nearestCamera(place, asOf()).then(showCamera).catch(complain),
  told: (alerts, marks) => {
    twin.alarm(Object.fromEntries([...alerts].reverse().map(({ asset, level }) => [asset, level])))
    canvas.mark(marks)
  },
})
const rasters = new Rasters(() => render())
const compare = new Compare((cut) => remember({ cut }))
const tour = new Tour({
  stay: () => view.tour,
  urgent: () => trouble.urgent,
  overview: () => toLive(() => canvas.overview()),
  goTo: (place) => toLive(() => canvas.flyTo(place)),
  show: (hash) => open(hash, true),
  held: (alert) => notify(alert ? word('tourHeld', view.language) : '', alert ? undefined : 1),
})

/** A tour's own stops are of the live city, whatever the scene before them was. */
function toLive(go: () => void): void {
  if (view.time || view.scenario || view.against) change({ time: null, scenario: null, asKnown: false, against: null })
  go()
}

function scene(): Scene {
  return { style, asOf: asOf(), visible, selected: selection.feature, rasters: shownRasters() }
}

function shownRasters(): RasterEntry[] {
  return rasters.of(view.shown.filter((name) => !entry(name)), asOf(), view.language)
}

function remember(part: Partial<View>): void {
  view = { ...view, ...part }
  history.replaceState(null, '', formatHash(view))
}

/** Takes a change of the view: into the address at once, onto the page as fast as it can follow. */
function change(part: Partial<View>): void {
  const restyled = part.base !== undefined && part.base !== view.base
  const laidOut = part.layout !== undefined && part.layout !== view.layout
  remember(part)
  if (restyled) void restyle().catch(complain)
  else render()
  if (laidOut) layOut()
}

let slider: Slider
let legend: Legend
let tools: Tools
let search: Search

function render(): void {
  frame()
  tools.show(view, scenarios, begin)
  search.speak(view.language)
  slider.show(view.time, view.language)
  legend.show(city(), shownRasters(), view.language, visible)
  selection.asset.show(view.asset, asOf(), view.language)
  twin.follow(modeOf(view) === 'live' ? 'live' : 'moment', asOf())
  trouble.show()
  look()
  redraw()
  void desk()
}

/** The desk's work and the sheets come only when somebody wants them. */
async function desk(): Promise<void> {
  const wanted = view.work !== null || view.sheet !== null
  if (!wanted && byId('work').hidden && byId('sheet').hidden) return
  const { showDesk } = await import('./desk.ts')
  const show = (layer: string) => void restyle().then(() => showLayer(layer)).catch(complain)
  showDesk({ view, city: city(), trouble, canvas, asOf, silent: picture?.count ?? 0, change, show })
}

function showLayer(name: string): void {
  change({ shown: [...new Set([...view.shown, name])], hidden: view.hidden.filter((one) => one !== name) })
}

function frame(): void {
  renderFrame({
    view,
    city: city().title[view.language],
    zone: zone(),
    plan: view.scenario && planName(view.scenario, scenarios, view.language),
    line,
    at: picture?.at ?? '',
    troubleAt: trouble.freshAt,
  })
}

function look(): void {
  void trouble.look().catch(() => frame()) // the frame says how old they are
}

/** The map and the card take the next change when the last one's tiles are there, or are late. */
const redraw = throttled(() => {
  canvas.draw(scene())
  drawOther()
  selection.follow()
}, () => Promise.race([canvas.settled(), delay(LATE)]))

function drawOther(): void {
  const other = asOfOther(view.against, zone())
  const there = other && { ...scene(), asOf: other, selected: null }
  compare.show(canvas, there, sides(view, scenarios), view.cut, view.language)
  if (other) void compare.count(other, asOf(), titleOf, view.language).catch(complain)
}

/** Opens the card of an asset with its readings, and goes there. */
function openAsset(name: string): void {
  const place = twin.place(name)
  if (place) canvas.flyTo(place)
  const known = twin.find(name)
  remember({ asset: name })
  selection.asset.show(name, asOf(), view.language)
  if (known) selection.choose({ layer: known.layer, fid: known.fid })
}

function showCamera(found: (Picked & { place: readonly [number, number] }) | null): void {
  if (!found) return notify(word('noCamera', view.language), RETRY_AFTER)
  canvas.flyTo(found.place)
  remember({ asset: null })
  selection.asset.show(null, asOf(), view.language)
  selection.choose(found)
}

async function restyle(): Promise<void> {
  style = await fetchStyle(view.base, asOf(), view.language)
  render()
  selection.render()
}

async function speak(to: Language): Promise<void> {
  remember({ language: to })
  await restyle()
}

/** Shows the view of an address; a wall that is driven stays a wall of its name. */
function open(hash: string, driven = false): void {
  const asked = parseHash(hash, view.language)
  const own = driven ? { layout: view.layout, wall: view.wall, tour: view.tour, language: view.language } : {}
  view = { ...asked, time: within(asked.time), ...own }
  history.replaceState(null, '', formatHash(view))
  if (view.camera) canvas.moveTo(view.camera)
  chooseAsked()
  layOut()
  void restyle().catch(complain)
}

/** The thing or the asset that the address asks for. */
function chooseAsked(): void {
  const known = view.asset && twin.find(view.asset)
  const [layer, fid] = view.thing?.split('/') ?? []
  if (known) selection.choose({ layer: known.layer, fid: known.fid })
  else if (layer && fid) selection.choose({ layer, fid })
  else if (selection.picked) selection.choose(null)
}

/** What was told on /live beside the twin's state: operations changed, or a desk drives this wall. */
function heed({ kind, items }: Noticed): void {
  if (kind !== 'wall') return look()
  const mine = items.findLast(({ id }) => id === view.wall)
  if (mine && view.wall) open(String(mine['view']), true)
}

function layOut(): void {
  frame()
  canvas.magnify(view.layout === 'wall' ? Math.max(1, window.innerHeight / WALL_HEIGHT) : 1)
}

function complain(): void {
  notify(word('unreachable', view.language), RETRY_AFTER)
}

function within(time: Period | null): Period | null {
  return time && clamped(time, begin, new Date(), zone())
}

async function gather(): Promise<void> {
  const now: AsOf = { datetime: null, known_at: null, scenario: view.scenario }
  const [first, beginning, plans] = await Promise.all([
    fetchStyle(view.base, now, view.language),
    fetchBeginning(),
    fetchScenarios(),
  ])
  style = first
  begin = beginning ?? begin
  scenarios = plans
}

function build(): void {
  view = { ...view, time: within(view.time) }
  const anywhere = view.camera === null
  canvas = openCanvas(scene(), () => view, twin, {
    moved: (camera) => {
      remember({ camera })
      tools.show(view, scenarios, begin)
    },
    openAsset,
    picked: (picked, known) => {
      remember({ asset: known })
      selection.asset.show(known, asOf(), view.language)
      selection.choose(picked)
    },
    complain,
  })
  selection.asset.follow(twin)
  slider = new Slider(byId('time'), { begin, zone: zone(), change: (time) => change({ time }), settled: () => canvas.settled() })
  legend = new Legend(byId('legend'), (layer) => change(toggled(layer, view)))
  search = new Search(byId('tools'), finders(twin, language, titleOf, openAsset, showLayer))
  tools = new Tools(byId('tools'), {
    change,
    tilt: () => canvas.tilt(),
    speak: () => void speak(view.language === 'zh' ? 'en' : 'zh').catch(complain),
    signed: () => void openSession().then(() => twin.signed()).then(restyle).catch(complain),
    open,
  })
  window.addEventListener('hashchange', () => open(location.hash))
  window.addEventListener('resize', layOut)
  setInterval(() => [frame, () => trouble.show(), () => tour.tick()].forEach((run) => run()), TICK)
  setInterval(() => modeOf(view) === 'live' && look(), TROUBLE)
  render()
  chooseAsked()
  if (view.layout === 'wall') layOut()
  if (view.layout === 'wall' && anywhere) canvas.overview()
  if (view.wall) void pushed(view.wall).then((hash) => hash && open(hash, true)).catch(complain)
  document.body.classList.add('ready')
}

async function start(): Promise<void> {
  try {
    await gather()
  } catch (error) {
    console.error(error)
    complain()
    return void delay(RETRY_AFTER).then(start)
  }
  build()
}

void start()
