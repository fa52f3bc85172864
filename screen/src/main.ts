/** The page: one view of the city, told in the address, drawn on the map and its panels. */
import type { FeatureCollection } from 'geojson'
import './screen.css'
import {
  fetchBeginning,
  fetchFeature,
  fetchScenarios,
  fetchStyle,
  type AsOf,
  type CityStyle,
  type Scenario,
} from './api.ts'
import { Assets } from './assets.ts'
import { renderCard, type Shown } from './card.ts'
import { byId, element } from './dom.ts'
import { formatHash, parseHash, type Language, type View } from './hash.ts'
import { periodName, word } from './i18n.ts'
import { Legend } from './legend.ts'
import { CityMap, type Picked, type Scene } from './map.ts'
import { notify } from './notice.ts'
import { Slider } from './slider.ts'
import { delay, throttled } from './throttle.ts'
import { clamped, datetimeOf, type Period } from './time.ts'
import { isVisible, toggled } from './visibility.ts'

const LATE = 1000
const RETRY_AFTER = 5000

let view: View = parseHash(location.hash, navigator.language.startsWith('zh') ? 'zh' : 'en')
let style: CityStyle
let map: CityMap
let slider: Slider
let legend: Legend
let assets: Assets
let living: FeatureCollection = { type: 'FeatureCollection', features: [] }
let scenarios: Scenario[] = []
let begin = new Date('2000-01-01T00:00:00Z')
let shown: Shown | null = null
let drawnAt = ''
let question = 0

function city() {
  return style.metadata.citytwin
}

function entries() {
  return city().groups.flatMap((group) => group.layers)
}

function asOf(): AsOf {
  return { datetime: datetimeOf(view.time, city().timezone), scenario: view.scenario }
}

function asOfKey(): string {
  return JSON.stringify(asOf())
}

function visible(layer: string): boolean {
  const entry = entries().find((one) => one.name === layer)
  return !entry || isVisible(entry, view)
}

function scene(): Scene {
  return { style, asOf: asOf(), visible, selected: shown?.feature ?? null, assets: living }
}

function remember(part: Partial<View>): void {
  view = { ...view, ...part }
  history.replaceState(null, '', formatHash(view))
}

/** Takes a change of the view: into the address at once, onto the page as fast as it can follow. */
function change(part: Partial<View>): void {
  remember(part)
  render()
}

function render(): void {
  const { language } = view
  const { title } = city()
  document.documentElement.lang = language
  document.title = title[language]
  byId('city').textContent = title[language]
  byId('as-of').textContent = view.time
    ? word('asOf', language).replace('…', periodName(view.time, language))
    : word('now', language)
  byId('language').textContent = word('otherLanguage', language)
  renderTilt()
  renderScenarios()
  slider.show(view.time, language)
  legend.show(city(), language, visible)
  assets.follow(asOf())
  redraw()
}

function renderTilt(): void {
  byId('tilt').textContent = word(view.camera?.pitch ? 'flat' : 'tilt', view.language)
}

/** The map and the card take the next change when the last one's tiles are there, or are late. */
const redraw = throttled(() => {
  map.draw(scene())
  if (shown && drawnAt !== asOfKey()) choose({ layer: shown.entry.name, fid: shown.fid })
  drawnAt = asOfKey()
}, () => Promise.race([map.settled(), delay(LATE)]))

function renderScenarios(): void {
  const select = byId<HTMLSelectElement>('scenario')
  select.hidden = scenarios.length === 0
  select.ariaLabel = word('scenario', view.language)
  select.replaceChildren(
    element('option', { value: '' }, word('main', view.language)),
    ...scenarios.map(({ name, title }) => element('option', { value: name }, title || name)),
  )
  select.value = view.scenario ?? ''
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

function renderSelection(): void {
  const card = byId('card')
  card.hidden = !shown
  if (shown) renderCard(card, shown, view.language, city().timezone, () => choose(null))
}

async function speak(language: Language): Promise<void> {
  style = await fetchStyle(asOf(), language)
  change({ language })
  renderSelection()
}

function complain(): void {
  notify(word('unreachable', view.language), RETRY_AFTER)
}

function within(time: Period | null): Period | null {
  return time && clamped(time, begin, new Date(), city().timezone)
}

async function gather(): Promise<void> {
  const now: AsOf = { datetime: null, scenario: view.scenario }
  const [first, beginning, plans] = await Promise.all([
    fetchStyle(now, view.language),
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
  slider = new Slider(byId('time'), {
    begin,
    zone: city().timezone,
    change: (time) => change({ time }),
    settled: () => map.settled(),
  })
  legend = new Legend(byId('legend'), (layer) => change(toggled(layer, view)))
  assets = new Assets(
    () => map.box,
    (found) => map.showAssets((living = found)),
  )
  map.onMove((camera) => {
    remember({ camera })
    assets.moved()
    renderTilt()
  })
  map.onPick(choose)
  map.onError(complain)
  byId('tilt').addEventListener('click', () => map.tilt(!view.camera?.pitch))
  byId('language').addEventListener('click', () => {
    void speak(view.language === 'zh' ? 'en' : 'zh').catch(complain)
  })
  byId('scenario').addEventListener('change', (event) => {
    change({ scenario: (event.target as HTMLSelectElement).value || null })
  })
  window.addEventListener('hashchange', () => {
    const asked = parseHash(location.hash, view.language)
    view = { ...asked, time: within(asked.time) }
    if (view.camera) map.moveTo(view.camera)
    void speak(view.language).catch(complain)
  })
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
