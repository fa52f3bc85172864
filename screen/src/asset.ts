/** The part of the card that tells an asset's readings: newest values, and its last day as lines. */
import type { AsOf } from './asof.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import { fetchLines, readingRow, type Line } from './series.ts'
import type { Reading } from './twin/fleet.ts'
import type { Watched } from './twin/messages.ts'
import type { Twin } from './twin/twin.ts'
import { age } from './watch.ts'

export class Asset {
  readonly element = element('div', { className: 'readings', hidden: true })
  #twin: Twin | null = null
  #shown = ''
  #name: string | null = null
  #language: Language = 'zh'
  #lines: readonly Line[] = []
  #readings: readonly Reading[] = []

  follow(twin: Twin): void {
    this.#twin = twin
  }

  /** Shows an asset at an AsOf, or none; the same again costs nothing. */
  show(name: string | null, asOf: AsOf, language: Language): void {
    const wanted = JSON.stringify([name, asOf, language])
    if (wanted === this.#shown) return
    this.#shown = wanted
    this.#language = language
    if (name !== this.#name) this.#readings = []
    this.#name = name
    this.#lines = []
    this.element.hidden = name === null
    this.#twin?.watch(name)
    this.#draw()
    if (name === null) return
    void fetchLines(name, asOf)
      .then((lines) => {
        if (wanted !== this.#shown) return
        this.#lines = lines
        this.#draw()
      })
      .catch(() => undefined) // the values are there without their past
  }

  tell({ asset, readings }: Watched): void {
    if (asset !== this.#name) return
    this.#readings = readings
    this.#draw()
  }

  #draw(): void {
    const rows = this.#readings.map((reading) =>
      readingRow(reading, this.#lines.find(({ property }) => property === reading.property)),
    )
    const last = Math.max(0, ...this.#readings.map(({ at }) => at))
    const heard = last
      ? `${word('heard', this.#language)}: ${age(Date.now() - last, this.#language)}${word('ago', this.#language)}`
      : word('never', this.#language)
    this.element.replaceChildren(element('p', { className: 'heard' }, heard), ...rows)
  }
}
