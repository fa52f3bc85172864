/** The search box: assets of the twin, things with names, and layers. */
import { get } from './api.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import { delay } from './throttle.ts'

const REST = 250

export interface Hit {
  readonly kind: string
  readonly title: string
  readonly go: () => void
}

export type Finder = (text: string) => Promise<Hit[]> | Hit[]

export class Search {
  readonly #input = element('input', { type: 'search', className: 'search' })
  readonly #list = element('ul', { className: 'hits', hidden: true })
  readonly #finders: readonly Finder[]
  #asked = 0
  #language: Language = 'zh'

  constructor(panel: HTMLElement, finders: readonly Finder[]) {
    this.#finders = finders
    const box = element('div', { className: 'search-box' }, this.#input, this.#list)
    panel.append(box)
    this.#input.addEventListener('input', () => void this.#look())
    this.#input.addEventListener('keydown', ({ key }) => key === 'Escape' && this.#close())
  }

  speak(language: Language): void {
    this.#language = language
    this.#input.placeholder = this.#input.ariaLabel = word('search', language)
  }

  async #look(): Promise<void> {
    const asked = ++this.#asked
    const text = this.#input.value.trim()
    if (!text) return this.#close()
    await delay(REST)
    if (asked !== this.#asked) return
    const found = await Promise.all(this.#finders.map(async (find) => await find(text)))
    if (asked !== this.#asked) return
    const rows = found.flat().map(({ kind, title, go }) => {
      const button = element('button', { type: 'button' }, element('small', {}, kind), title)
      button.addEventListener('click', () => {
        this.#close()
        go()
      })
      return element('li', {}, button)
    })
    this.#list.replaceChildren(...(rows.length ? rows : [element('li', {}, word('nothing', this.#language))]))
    this.#list.hidden = false
  }

  #close(): void {
    this.#asked++
    this.#list.hidden = true
  }
}

/** Datasets of the catalogue that a text finds: their names and titles. */
export async function findLayers(text: string, language: Language): Promise<{ name: string; title: string }[]> {
  const words = new URLSearchParams({ q: text, type: 'dataset', limit: '4', lang: language, f: 'json' })
  const found = await get<{ features: { id: string; properties: { title: string } }[] }>(
    `collections/catalogue/items?${words}`,
  )
  return found.features.map(({ id, properties }) => ({ name: id, title: properties.title }))
}
