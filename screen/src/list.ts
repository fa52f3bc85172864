/** The city as a list, where the browser has no WebGL: every asset that needs to be looked at. */
import { element } from './dom.ts'
import { word } from './i18n.ts'
import type { Camera, Language } from './hash.ts'
import type { Mark } from './markers.ts'
import type { Canvas } from './scene.ts'
import { CONDITION } from './twin/condition.ts'
import type { Picture } from './twin/messages.ts'

const MOST = 200

/** An asset's place in the picture, the worst first. */
export function worstFirst(condition: Uint8Array, most: number): number[] {
  const rank = (place: number) => {
    const one = condition[place] ?? 0
    return one === CONDITION.silent ? 1.5 : one === CONDITION.well ? 0 : one
  }
  return Array.from(condition.keys())
    .sort((a, b) => rank(b) - rank(a) || a - b)
    .slice(0, most)
}

export class ListCanvas implements Canvas {
  readonly camera: Camera | null = null
  readonly #rows = element('ul', { className: 'assets' })
  readonly #name: (place: number) => string
  readonly #open: (asset: string) => void
  readonly #language: () => Language
  #shown = ''

  constructor(panel: HTMLElement, language: () => Language, name: (place: number) => string, open: (asset: string) => void) {
    this.#name = name
    this.#open = open
    this.#language = language
    panel.classList.add('listed')
    panel.replaceChildren(element('p', {}, word('listed', language())), this.#rows)
  }

  animate({ condition }: Picture): void {
    const names = Object.fromEntries(Object.entries(CONDITION).map(([name, code]) => [code, name])) as Record<number, keyof typeof CONDITION>
    const worst = worstFirst(condition, MOST).map((place) => [this.#name(place), names[condition[place] ?? 0] ?? 'never'] as const)
    const key = JSON.stringify([worst, this.#language()])
    if (key === this.#shown) return
    this.#shown = key
    this.#rows.replaceChildren(...worst.map(([asset, state]) => {
      const button = element('button', { type: 'button' }, asset, element('small', {}, ` ${word(`is_${state}`, this.#language())}`))
      button.addEventListener('click', () => this.#open(asset))
      return element('li', { className: state }, button)
    }))
  }

  settled(): Promise<void> {
    return Promise.resolve()
  }

  sketch(): Promise<null> {
    return Promise.resolve(null)
  }

  draw(): void {}
  mark(_marks: readonly Mark[]): void {}
  flyTo(): void {}
  moveTo(): void {}
  overview(): void {}
  tilt(): void {}
  refresh(): void {}
  magnify(): void {}
  showSketch(): void {}
}
