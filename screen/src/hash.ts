/** What the page shows, kept in the address so that a view can be sent to a colleague. */
import { parsePeriod, type Period } from './time.ts'

export type Language = 'zh' | 'en'
/** Which of the city's styles lies under everything: quiet and dark, quiet and light, or all of it. */
export type Base = 'dark' | 'light' | 'city'
/** How the panels are laid out: at a desk, or on a wall that nobody touches. */
export type Layout = 'desk' | 'wall'

/** What is told on a page: the city in brief, what a shift hands over, and the log of who did what. */
export type Sheet = 'bulletin' | 'handover' | 'log'

export interface Camera {
  readonly zoom: number
  readonly lat: number
  readonly lng: number
  readonly bearing: number
  readonly pitch: number
}

export interface View {
  /** null: where the style says. */
  readonly camera: Camera | null
  /** null: now. */
  readonly time: Period | null
  readonly language: Language
  /** null: the main line. */
  readonly scenario: string | null
  /** As the books said then, not as they say it today. */
  readonly asKnown: boolean
  readonly base: Base
  readonly layout: Layout
  /** The other side of a comparison: a time, or `@` and a plan; null: none. */
  readonly against: string | null
  /** Where the swipe stands, in per cent of the width. */
  readonly cut: number
  /** The asset whose card is open. */
  readonly asset: string | null
  /** Any other thing whose card is open: its layer and its number. */
  readonly thing: string | null
  /** The analysis whose form is open; empty: none is chosen yet; null: the desk's work is closed. */
  readonly work: string | null
  /** The page that lies over the map, to be printed. */
  readonly sheet: Sheet | null
  /** Seconds that each scene of the wall's tour stays; null: no tour. */
  readonly tour: number | null
  /** The wall's name, by which a desk drives it. */
  readonly wall: string | null
  /** Layers switched on and off against what the style shows. */
  readonly shown: readonly string[]
  readonly hidden: readonly string[]
}

export const SHEETS: readonly Sheet[] = ['bulletin', 'handover', 'log']
const HALF = 50

/** The view that an address asks for; whatever cannot be read is left at its default. */
export function parseHash(hash: string, language: Language = 'zh'): View {
  const parts = new URLSearchParams(hash.replace(/^#/, ''))
  const asked = parts.get('lang')
  return {
    camera: parseCamera(parts.get('map') ?? ''),
    time: parsePeriod(parts.get('time') ?? ''),
    language: asked === 'zh' || asked === 'en' ? asked : language,
    scenario: parts.get('scenario') || null,
    asKnown: parts.get('known') === 'then',
    base: oneOf(parts.get('base'), ['dark', 'light', 'city']),
    layout: oneOf(parts.get('layout'), ['desk', 'wall']),
    against: parts.get('against') || null,
    cut: inside(Number(parts.get('cut')), 4, 96) ? Number(parts.get('cut')) : HALF,
    asset: parts.get('asset') || null,
    thing: /^[^/]+\/\d+$/.test(parts.get('thing') ?? '') ? parts.get('thing') : null,
    work: parts.get('work'),
    sheet: SHEETS.find((one) => one === parts.get('sheet')) ?? null,
    tour: inside(Number(parts.get('tour')), 5, 3600) ? Number(parts.get('tour')) : null,
    wall: parts.get('wall') || null,
    shown: names(parts.get('show')),
    hidden: names(parts.get('hide')),
  }
}

/** The address of a view; what is at its default is left out. */
export function formatHash(view: View): string {
  const parts: [string, string][] = []
  if (view.camera) parts.push(['map', formatCamera(view.camera)])
  if (view.time) parts.push(['time', view.time])
  parts.push(['lang', view.language])
  if (view.scenario) parts.push(['scenario', view.scenario])
  if (view.asKnown) parts.push(['known', 'then'])
  if (view.base !== 'dark') parts.push(['base', view.base])
  if (view.layout !== 'desk') parts.push(['layout', view.layout])
  if (view.against) parts.push(['against', view.against])
  if (view.against && view.cut !== HALF) parts.push(['cut', String(view.cut)])
  if (view.asset) parts.push(['asset', view.asset])
  else if (view.thing) parts.push(['thing', view.thing])
  if (view.work !== null) parts.push(['work', view.work])
  if (view.sheet) parts.push(['sheet', view.sheet])
  if (view.tour) parts.push(['tour', String(view.tour)])
  if (view.wall) parts.push(['wall', view.wall])
  if (view.shown.length) parts.push(['show', view.shown.join(',')])
  if (view.hidden.length) parts.push(['hide', view.hidden.join(',')])
  return '#' + parts.map(([key, value]) => `${key}=${escape(value)}`).join('&')
}

function parseCamera(text: string): Camera | null {
  const numbers = text.split('/').map((part) => (part.trim() ? Number(part) : NaN))
  const [zoom, lat, lng, bearing = 0, pitch = 0] = numbers
  if (numbers.length < 3 || zoom === undefined || lat === undefined || lng === undefined) return null
  const sound =
    inside(zoom, 0, 24) &&
    inside(lat, -85, 85) &&
    inside(lng, -180, 180) &&
    inside(bearing, -360, 360) &&
    inside(pitch, 0, 85)
  return sound ? { zoom, lat, lng, bearing, pitch } : null
}

function formatCamera(camera: Camera): string {
  const places: [number, number][] = [
    [camera.zoom, 2],
    [camera.lat, 5],
    [camera.lng, 5],
  ]
  if (camera.bearing || camera.pitch) places.push([camera.bearing, 1], [camera.pitch, 1])
  return places.map(([value, digits]) => String(Number(value.toFixed(digits)))).join('/')
}

function inside(value: number, low: number, high: number): boolean {
  return value >= low && value <= high
}

/** The word itself where it is one of these, else the first of them. */
function oneOf<T extends string>(word: string | null, words: readonly [T, ...T[]]): T {
  return words.find((one) => one === word) ?? words[0]
}

function names(list: string | null): string[] {
  return [...new Set((list ?? '').split(',').filter(Boolean))]
}

/** Percent-encoding that leaves what reads well in an address as it is. */
function escape(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%40', '@')
}
