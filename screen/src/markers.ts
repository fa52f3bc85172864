/** Marks of the worst alerts, over everything on the map: a shape, a word, and a ring that beats. */
import { Marker, type Map } from 'maplibre-gl'
import { MARKS, type Level } from './alerts.ts'
import { element } from './dom.ts'

export interface Mark {
  /** The same key is the same mark: it stays. */
  readonly key: string
  readonly place: readonly [number, number]
  readonly level: Level
  readonly text: string
}

export class Markers {
  readonly #map: Map
  readonly #shown = new globalThis.Map<string, { marker: Marker; text: HTMLElement }>()

  constructor(map: Map) {
    this.#map = map
  }

  show(marks: readonly Mark[]): void {
    const wanted = new Set(marks.map(({ key }) => key))
    for (const [key, { marker }] of this.#shown) {
      if (wanted.has(key)) continue
      marker.remove()
      this.#shown.delete(key)
    }
    for (const [rank, { key, place, level, text }] of marks.entries()) {
      const known = this.#shown.get(key)
      if (known) {
        known.marker.getElement().style.zIndex = String(marks.length - rank)
        known.text.textContent = text
        known.marker.setLngLat([...place])
        continue
      }
      const label = element('span', { className: 'told' }, text)
      const made = element('div', { className: `beacon ${level}` }, element('i', {}, MARKS[level]), label)
      made.style.zIndex = String(marks.length - rank)
      made.ariaHidden = 'true' // the list at the left says the same
      const marker = new Marker({ element: made, anchor: 'center' }).setLngLat([...place]).addTo(this.#map)
      this.#shown.set(key, { marker, text: label })
    }
  }
}
