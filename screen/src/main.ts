/** The page: one view of the city, told in the address, drawn on the map and its panels. */
import './screen.css'
import { fetchBeginning, fetchFeature, fetchScenarios, fetchStyle, session, type CityStyle, type Scenario } from './api.ts'
import { type AsOf } from './asof.ts'
import { alertSection, fetchAlerts, ranked, take, type Alert } from './alerts.ts'
import { Asset } from './asset.ts'
import { caseSection, fetchCases, type Case } from './cases.ts'
import { renderCard, type Shown } from './card.ts'
import { Compare } from './compare.ts'
import { byId } from './dom.ts'
import { renderFrame } from './frame.ts'
import { formatHash, parseHash, type Language, type View } from './hash.ts'
import { periodName, word } from './i18n.ts'
import { Legend } from './legend.ts'
import { CityMap, type Picked, type Scene } from './map.ts'
import { asOfOther, asOfView, modeOf } from './mode.ts'
import { notify } from './notice.ts'
import { findLayers, Search } from './search.ts'
import { Slider } from './slider.ts'
import { delay, throttled } from './throttle.ts'
import { clamped, type Period } from './time.ts'
import { Tools } from './tools.ts'
import { Twin } from './twin/twin.ts'
import type { Line, Picture } from './twin/messages.ts'
import { isVisible, toggled } from './visibility.ts'
import { silentSection, Watch } from './watch.ts'
import { Work } from './work.ts'

const LATE = 1000
const RETRY_AFTER = 5000
const TICK = 1000
const TROUBLE = 5000
const HITS = 6

let view: View = parseHash(location.hash, navigator.language.startsWith('zh') ? 'zh' : 'en')
let style: CityStyle
let map: CityMap
let slider: Slider
let legend: Legend
let tools: Tools
let search: Search
let twin: Twin
let asset: Asset
let watch: Watch
let work: Work
let compare: Compare
let scenarios: Scenario[] = []
let begin = new Date('2000-01-01T00:00:00Z')
let shown: Shown | null = null
let picture: Picture | null = null
let alerts: Alert[] = []
let cases: Case[] = []
let line: Line = { type: 'line', connected: true, since: 0 }
let drawnAt = ''
let question = 0

function city() {
  return style.metadata.citytwin
}

function entries() {
  return city().groups.flatMap((group) => group.layers)
}

function asOf(): AsOf {
  return asOfView(view, city().timezone)
}

function visible(layer: string): boolean {
  const entry = entries().find((one) => one.name === layer)
  return !entry || isVisible(entry, view)
}

function scene(): Scene {
  return { style, asOf: asOf(), visible, selected: shown?.feature ?? null }
}

function remember(part: Partial<View>): void {
  view = { ...view, ...part }
  history.replaceState(null, '', formatHash(view))
}

/** Takes a change of the view: into the address at once, onto the page as fast as it can follow. */
function change(part: Partial<View>): void {
  const restyled = part.base !== undefined && part.base !== view.base
  remember(part)
  if (restyled) void restyle().catch(complain)
  else render()
}

function render(): void {
  const { language } = view
  frame()
  tools.show(view, scenarios, begin)
  search.speak(language)
  slider.show(view.time, language)
  legend.show(city(), language, visible)
  asset.show(view.asset, asOf(), language)
  twin.follow(modeOf(view) === 'live' ? 'live' : 'moment', asOf())
  column()
  void lookForTrouble()
  redraw()
}

function frame(): void {
  renderFrame({
    view,
    city: city().title[view.language],
    zone: city().timezone,
    plan: view.scenario && planName(view.scenario),
    line,
    at: picture?.at ?? '',
  })
}

/** The left column: what is wrong now, or was then. */
function column(): void {
  const now = asOf().datetime ? Date.parse(asOf().datetime ?? '') : Date.now()
  const { language } = view
  const acts = {
    choose: (alert: Alert) => openAsset(alert.asset),
    take: modeOf(view) === 'live' && session.token ? takeAlert : null,
    why: word(modeOf(view) === 'live' ? 'signIn' : 'disabled', language),
  }
  watch.show('alerts', alertSection(alerts, now, language, acts))
  watch.show('cases', caseSection(cases, now, language, ({ place }) => place && map.flyTo(place)))
  if (!picture) return
  watch.show('silent', silentSection(picture, view.language, (one) => openAsset(one.asset)))
}

function takeAlert(alert: Alert): void {
  void take(alert.id).then(lookForTrouble).catch((error: unknown) => notify(String(error), RETRY_AFTER))
}

/** Asks for the alerts and cases of the view's moment: they may be others by now. */
async function lookForTrouble(): Promise<void> {
  const asked = asOf()
  const [found, open] = await Promise.all([fetchAlerts(asked), fetchCases(asked)])
  if (JSON.stringify(asked) !== JSON.stringify(asOf())) return
  alerts = found
  cases = open
  twin.alarm(Object.fromEntries([...ranked(alerts)].reverse().map(({ asset: name, level }) => [name, level])))
  column()
}

/** The map and the card take the next change when the last one's tiles are there, or are late. */
const redraw = throttled(() => {
  map.draw(scene())
  drawOther()
  const key = JSON.stringify(asOf())
  if (shown && drawnAt !== key) choose({ layer: shown.entry.name, fid: shown.fid })
  drawnAt = key
}, () => Promise.race([map.settled(), delay(LATE)]))

function planName(name: string): string {
  const plan = scenarios.find((one) => one.name === name)
  return plan ? plan.title || plan.name : name || word('main', view.language)
}

/** What the view itself shows, in a word or two. */
function planOrTime(): string {
  if (view.scenario) return planName(view.scenario)
  return view.time ? periodName(view.time, view.language) : word('now', view.language)
}

function drawOther(): void {
  const other = asOfOther(view.against, city().timezone)
  const sides = [view.against?.startsWith('@') ? planName(view.against.slice(1)) : view.against, planOrTime()]
  compare.show(map, other && { ...scene(), asOf: other, selected: null }, sides.map((one) => one ?? ''), view.language)
  const title = (layer: string) => entries().find(({ name }) => name === layer)?.title[view.language] ?? layer
  if (other) void compare.count(other, asOf(), title, view.language).catch(complain)
}

/** Opens the card of a thing as it was at the chosen time; null closes it. */
async function pick(picked: Picked | null): Promise<void> {
  const asked = ++question
  const entry = entries().find((one) => one.name === picked?.layer)
  if (picked && entry) {
    const feature = await fetchFeature(picked.layer, picked.fid, asOf())
    if (asked !== question) return
    shown = { entry, fid: picked.fid, feature }
  } else {
    shown = null
  }
  renderSelection()
  map.draw(scene())
}

function choose(picked: Picked | null): void {
  void pick(picked).catch(complain)
}

/** Opens the card of an asset with its readings, and goes there. */
function openAsset(name: string): void {
  const place = twin.place(name)
  if (place) map.flyTo(place)
  const entry = twin.find(name)
  remember({ asset: name })
  asset.show(name, asOf(), view.language)
  if (entry) choose({ layer: entry.layer, fid: entry.fid })
}

function renderSelection(): void {
  const card = byId('card')
  card.hidden = !shown
  if (!shown) return
  renderCard(card, shown, view.language, city().timezone, () => {
    change({ asset: null })
    choose(null)
  })
  card.querySelector('dl')?.before(asset.element)
}

async function restyle(): Promise<void> {
  style = await fetchStyle(view.base, asOf(), view.language)
  render()
  renderSelection()
}

async function speak(language: Language): Promise<void> {
  remember({ language })
  await restyle()
}

function complain(): void {
  notify(word('unreachable', view.language), RETRY_AFTER)
}

function within(time: Period | null): Period | null {
  return time && clamped(time, begin, new Date(), city().timezone)
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
  map = new CityMap(byId('map'), scene(), view.camera)
  compare = new Compare()
  watch = new Watch(byId('watch'))
  asset = new Asset()
  twin = new Twin({
    met: () => {
      const known = view.asset && !shown && twin.find(view.asset)
      if (known) choose({ layer: known.layer, fid: known.fid })
    },
    picture: (told) => {
      picture = told
      map.animate(told)
      frame()
      column()
    },
    watched: (told) => asset.tell(told),
    line: (told) => {
      line = told
      frame()
    },
    changed: ({ layer }) => modeOf(view) === 'live' && map.refresh(layer),
  })
  asset.follow(twin)
  work = new Work(byId('work'), {
    layers: () => entries().map(({ name, title }) => ({ name, title: title[view.language] })),
    asOf,
    show: (layer) => void restyle().then(() => change({ shown: [...view.shown, layer] })).catch(complain),
  })
  slider = new Slider(byId('time'), {
    begin,
    zone: city().timezone,
    change: (time) => change({ time }),
    settled: () => map.settled(),
  })
  legend = new Legend(byId('legend'), (layer) => change(toggled(layer, view)))
  search = new Search(byId('tools'), [
    (text) => twin.search(text, HITS).map(({ asset: name, layer }) => ({
      kind: entries().find((one) => one.name === layer)?.title[view.language] ?? layer,
      title: name,
      go: () => openAsset(name),
    })),
    async (text) => (await findLayers(text, view.language)).map(({ name, title }) => ({
      kind: word('layers', view.language),
      title,
      go: () => change({ shown: [...view.shown, name], hidden: view.hidden.filter((one) => one !== name) }),
    })),
  ])
  tools = new Tools(byId('tools'), {
    change,
    tilt: () => map.tilt(!view.camera?.pitch),
    speak: () => void speak(view.language === 'zh' ? 'en' : 'zh').catch(complain),
    analyses: () => void work.toggle(view.language).catch(complain),
    signed: () => void restyle().catch(complain),
  })
  map.onMove((camera) => {
    remember({ camera })
    tools.show(view, scenarios, begin)
  })
  map.onPick((picked, lng, lat, reach) => {
    const near = twin.near(lng, lat, reach)
    const mobile = near && picked?.layer !== near.layer
    if (near && (mobile || !picked)) return openAsset(near.asset)
    const known = picked && twin.of(picked.layer, picked.fid)
    remember({ asset: known?.asset ?? null })
    asset.show(view.asset, asOf(), view.language)
    choose(picked)
  })
  map.onError(complain)
  window.addEventListener('hashchange', () => {
    const asked = parseHash(location.hash, view.language)
    view = { ...asked, time: within(asked.time) }
    if (view.camera) map.moveTo(view.camera)
    void restyle().catch(complain)
  })
  setInterval(frame, TICK)
  setInterval(() => modeOf(view) === 'live' && void lookForTrouble(), TROUBLE)
  render()
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
  try {
    build()
  } catch (error) {
    console.error(error)
    notify(word('undrawable', view.language))
  }
}

void start()
