/** The card of one thing: its name, when it is or was true, and its attributes. */
import type { Feature, LayerEntry } from './api.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { dayName, word } from './i18n.ts'

const NAMES = ['name_zh', 'name_en', 'name', 'title']
const TIMES = ['valid_from', 'valid_to']

export interface Shown {
  readonly entry: LayerEntry
  readonly fid: string | number
  /** null: there is no such thing at the chosen time. */
  readonly feature: Feature | null
}

export function renderCard(
  panel: HTMLElement,
  { entry, fid, feature }: Shown,
  language: Language,
  zone: string,
  close: () => void,
): void {
  const properties = feature?.properties ?? {}
  const name = [`name_${language}`, ...NAMES].map((key) => properties[key]).find(Boolean)
  const button = element('button', { type: 'button', className: 'close', ariaLabel: word('close', language) }, '×')
  button.addEventListener('click', close)
  const rows = Object.entries(properties)
    .filter(([key, value]) => value !== null && value !== '' && ![...NAMES, ...TIMES].includes(key))
    .filter(([key]) => !isTranslated(key, language, properties))
    .flatMap(([key, value]) => [element('dt', {}, spoken(key, language)), element('dd', {}, text(value))])
  const life = feature ? validity(feature, language, zone) : word('absent', language)
  panel.replaceChildren(
    button,
    element('p', { className: 'kind' }, entry.title[language]),
    element('h2', {}, String(name ?? `№ ${fid}`)),
    element('p', { className: 'life' }, life),
    element('dl', {}, ...rows),
  )
  panel.hidden = false
}

/** From when until when the feature is as it is shown. */
function validity(feature: Feature, language: Language, zone: string): string {
  const [from, to] = feature.time?.interval ?? TIMES.map((key) => feature.properties?.[key])
  const day = (instant: unknown) =>
    typeof instant === 'string' && instant !== '..' ? dayName(instant, language, zone) : null
  const since = day(from)
  const until = day(to)
  const parts = [
    since && `${word('since', language)} ${since}`,
    until ? `${word('until', language)} ${until}` : since && word('today', language),
  ]
  return parts.filter(Boolean).join(' – ')
}

/** Whether `use_en` only says in the other language what `use_zh` says in this one. */
function isTranslated(key: string, language: Language, properties: object): boolean {
  const stem = key.replace(language === 'zh' ? /_en$/ : /_zh$/, '')
  return stem !== key && `${stem}_${language}` in properties
}

function spoken(key: string, language: Language): string {
  return key.replace(new RegExp(`_${language}$`), '')
}

function text(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(10)))
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
