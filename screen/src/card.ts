/** The card of one thing: its name, when it is or was true, and its attributes. */
import type { Feature, LayerEntry } from './api.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { dayName, word } from './i18n.ts'

const NAMES = ['name', 'title']
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
  const name = [`name_${language}`, ...NAMES, 'name_zh', 'name_en'].map((key) => properties[key]).find(Boolean)
  const button = element('button', { type: 'button', className: 'close', ariaLabel: word('close', language) }, '×')
  button.addEventListener('click', close)
  const rows = attributes(properties, language).flatMap(([key, value]) => [
    element('dt', {}, key),
    element('dd', {}, text(value)),
  ])
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

/** The attributes to show; of `use`, `use_zh` and `use_en` only the one for the language. */
function attributes(properties: object, language: Language): [string, unknown][] {
  const all = new Map(Object.entries(properties).filter(([, value]) => value !== null && value !== ''))
  const stem = (key: string) => key.replace(/_(zh|en)$/, '')
  const stems = [...new Set([...all.keys()].map(stem))]
  return stems
    .filter((key) => ![...NAMES, ...TIMES].includes(key))
    .map((key) => {
      const spellings = [`${key}_${language}`, key, `${key}_zh`, `${key}_en`]
      return [key, all.get(spellings.find((one) => all.has(one)) ?? key)]
    })
}

function text(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(10)))
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
