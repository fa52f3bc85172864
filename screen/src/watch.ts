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
  readonly #sections = new Map<string, Section>()

  constructor(panel: HTMLElement) {
    this.#panel = panel
  }

  /** Shows a section under a key; sections stand in the order in which they first came. */
  show(key: string, section: Section): void {
    this.#sections.set(key, section)
    this.#panel.replaceChildren(...[...this.#sections.values()].map(drawn))
  }
}

function drawn({ title, count, level, rows }: Section): HTMLElement {
  const head = element('h2', {}, title, element('b', {}, String(count)))
  const made = element('section', { className: `watch ${level}` }, head)
  if (rows.length) made.append(element('ul', {}, ...rows.map((row) => element('li', {}, row))))
  return made
}

/** The sources that say nothing any more, the longest silent first. */
export function silentSection(
  picture: Picture,
  language: Language,
  choose: (one: Silent) => void,
): Section {
  const now = Date.parse(picture.at)
  const rows = picture.silent.slice(0, SHOWN).map((one) => {
    const button = element('button', { type: 'button', className: 'row' })
    button.append(
      element('span', { className: 'mark silent', ariaHidden: 'true' }, '○'),
      element('span', { className: 'what' }, one.asset),
      element('time', {}, age(now - one.since, language)),
    )
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
