/** Two cities under a swipe: the one of the view, and at its left the one it is compared with. */
import { fetchDiff, type Scenario } from './api.ts'
import { type AsOf } from './asof.ts'
import { byId, element } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import { CityMap } from './map.ts'
import type { Canvas, Scene } from './scene.ts'

/** Layers whose differences are counted. */
const COUNTED = ['buildings', 'parcels', 'roads'] as const

export class Compare {
  readonly #panel = byId('other')
  #map: CityMap | null = null
  #free: () => void = () => undefined
  #asked = 0
  readonly #sides = element('p', { className: 'sides' })
  readonly #deltas = element('dl', { className: 'deltas' })
  readonly #handle = element('input', { type: 'range', min: '4', max: '96', className: 'swipe' })

  /** `moved` is told where the swipe was left, in per cent. */
  constructor(moved: (cut: number) => void) {
    this.#handle.addEventListener('input', () => this.#cut())
    this.#handle.addEventListener('change', () => moved(this.#handle.valueAsNumber))
  }

  /** Shows the other side, or takes it away where there is none. */
  show(leader: Canvas, scene: Scene | null, sides: readonly string[], cut: number, language: Language): void {
    if (!scene) return this.#close()
    this.#handle.value = String(cut)
    this.#handle.ariaLabel = word('compare', language)
    if (this.#map) this.#map.draw(scene)
    else if (leader instanceof CityMap) {
      const place = element('div', { className: 'other-map' })
      this.#panel.replaceChildren(place, this.#sides, this.#handle, this.#deltas)
      this.#panel.hidden = false
      this.#map = new CityMap(place, scene, leader.camera)
      this.#free = leader.lead(this.#map)
    }
    this.#sides.replaceChildren(...sides.map((one) => element('span', {}, one)))
    this.#cut()
  }

  /** Counts what was added, went and changed from the other side to the view's. */
  async count(from: AsOf, to: AsOf, titles: (layer: string) => string, language: Language): Promise<void> {
    const asked = ++this.#asked
    const told = await Promise.all(
      COUNTED.map(async (layer) => [layer, await fetchDiff(layer, from, to)] as const),
    )
    if (asked !== this.#asked) return
    const rows = told.flatMap(([layer, diff]) => [
      element('dt', {}, titles(layer)),
      element(
        'dd',
        {},
        element('span', { className: 'added' }, `+${diff.added} ${word('added', language)}`),
        element('span', { className: 'gone' }, `−${diff.removed} ${word('gone', language)}`),
        element('span', { className: 'altered' }, `≠${diff.changed} ${word('altered', language)}`),
      ),
    ])
    this.#deltas.replaceChildren(...rows)
  }

  #close(): void {
    this.#asked++
    this.#free()
    this.#map?.remove()
    this.#map = null
    this.#panel.hidden = true
    this.#panel.replaceChildren()
    this.#deltas.replaceChildren()
  }

  #cut(): void {
    this.#panel.style.setProperty('--cut', `${this.#handle.value}%`)
  }
}

/** What a view may be compared with: some years back, the main line, and the plans. */
export function choices(plans: readonly Scenario[], begin: Date, language: Language): [string, string][] {
  const thisYear = new Date().getFullYear()
  const years = [...new Set([begin.getFullYear(), 2000, 2005, 2010, 2015, 2020, thisYear - 1])]
  return [
    ...years
      .filter((year) => year >= begin.getFullYear() && year < thisYear)
      .sort((a, b) => a - b)
      .map((year): [string, string] => [String(year), String(year)]),
    ['@', word('main', language)],
    ...plans.map(({ name, title }): [string, string] => [`@${name}`, title || name]),
  ]
}
