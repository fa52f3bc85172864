/** The left column: what is wrong in the city, whose it is, and which sources are silent. */
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import type { Picture, Silent } from './twin/messages.ts'

const SHOWN = 8

/** A part of the column, told by whoever knows it; null: nothing is known of it yet. */
export interface Section {
  readonly title: string
  readonly count: number
  readonly level: 'well' | 'notice' | 'urgent'
  readonly rows: readonly HTMLElement[]
}

export class Watch {
  readonly #panel: HTMLElement
  #drawn = ''

  constructor(panel: HTMLElement) {
    this.#panel = panel
  }

  /** Shows sections; who has the focus keeps it. */
  show(sections: readonly Section[]): void {
    const made = sections.map(drawn)
    const html = made.map(({ outerHTML }) => outerHTML).join('')
    if (html === this.#drawn) return
    this.#drawn = html
    const place = [...this.#panel.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement)
    this.#panel.replaceChildren(...made)
    if (place >= 0) this.#panel.querySelectorAll('button')[place]?.focus()
  }
}

function drawn({ title, count, level, rows }: Section): HTMLElement {
  const head = element('h2', {}, title, element('b', {}, String(count)))
  const made = element('section', { className: `watch ${level}` }, head)
  if (rows.length) made.append(element('ul', {}, ...rows.map((row) => element('li', {}, row))))
  return made
}

/** A row of the column: a mark, what it is, more of it, and a clock. */
export function clockRow(mark: string, what: string, more: string, clock: string, className = 'row'): HTMLButtonElement {
  const button = element('button', { type: 'button', className })
  button.append(
    element('span', { className: 'mark', ariaHidden: 'true' }, mark),
    element('span', { className: 'what' }, what, element('small', {}, ` ${more}`)),
    element('time', {}, clock),
  )
  return button
}

/** The sources that say nothing any more, the longest silent first. */
export function silentSection(
  picture: Picture,
  language: Language,
  choose: (one: Silent) => void,
): Section {
  const now = Date.parse(picture.at)
  const rows = picture.silent.slice(0, SHOWN).map((one) => {
    const button = clockRow('○', one.asset, '', age(now - one.since, language))
    button.addEventListener('click', () => choose(one))
    return button
  })
  return {
    title: word('silent', language),
    count: picture.count,
    level: picture.count ? 'notice' : 'well',
    rows,
  }
}

/** How long ago, in words short enough for a list. */
export function age(milliseconds: number, language: Language): string {
  const minutes = Math.max(0, Math.round(milliseconds / 60_000))
  const [value, unit] =
    minutes < 60 ? [minutes, 'min'] : minutes < 2880 ? [Math.round(minutes / 60), 'h'] : [Math.round(minutes / 1440), 'd']
  const names = { min: { zh: '分钟', en: ' min' }, h: { zh: '小时', en: ' h' }, d: { zh: '天', en: ' d' } }
  return `${value}${names[unit as 'min' | 'h' | 'd'][language]}`
}
