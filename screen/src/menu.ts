/** What is done less often: pages to print, scenes that are kept, the wall and what is pushed to it. */
import { session } from './api.ts'
import { element } from './dom.ts'
import { formatHash, SHEETS, type View } from './hash.ts'
import { word } from './i18n.ts'
import { notify } from './notice.ts'
import { keepScene, push, scenes } from './stage.ts'

const NOTICE_MS = 4000
const TOUR_S = 20
const WORDS = { bulletin: 'bulletin', handover: 'handover', log: 'dutyLog' } as const

export interface MenuOptions {
  readonly change: (part: Partial<View>) => void
  readonly open: (hash: string) => void
}

export class Menu {
  readonly element = element('details', { className: 'menu' })
  readonly #options: MenuOptions
  #view: View | null = null

  constructor(options: MenuOptions) {
    this.#options = options
    this.element.addEventListener('toggle', () => this.#draw())
    this.element.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.element.open = false
    })
  }

  show(view: View): void {
    this.#view = view
    this.#draw()
  }

  #draw(): void {
    const view = this.#view
    if (!view) return
    const { language } = view
    const { change, open } = this.#options
    const summary = this.element.querySelector('summary') ?? element('summary')
    summary.textContent = word('more', language)
    if (!this.element.open) return this.element.replaceChildren(summary)
    const item = (name: string, run: () => void, able = true) => {
      const button = element('button', { type: 'button', disabled: !able, title: able ? '' : word('signIn', language) }, name)
      button.addEventListener('click', () => {
        this.element.open = false
        run()
      })
      return element('li', {}, button)
    }
    const kept = scenes().map(({ name, hash }) => {
      const row = item(name, () => open(hash))
      const forget = element('button', { type: 'button', ariaLabel: `${word('forget', language)} ${name}` }, '×')
      forget.addEventListener('click', () => {
        keepScene(name, '')
        this.#draw()
      })
      row.append(forget)
      return row
    })
    this.element.replaceChildren(summary, element('ul', {},
      ...SHEETS.map((sheet) => item(word(WORDS[sheet], language), () => change({ sheet }))),
      item(word('push', language), () => void this.#push(view), session.token !== null),
      item(word('wallLayout', language), () => change({ layout: 'wall' })),
      item(`${word('wallLayout', language)} · ${word('tour', language)}`, () => change({ layout: 'wall', tour: TOUR_S })),
      item(word('saveScene', language), () => {
        const name = window.prompt(word('sceneName', language))?.trim()
        if (name) keepScene(name, formatHash(view))
      }),
      ...(kept.length ? [element('li', { className: 'heading' }, word('scenes', language))] : []),
      ...kept,
    ))
  }

  async #push(view: View): Promise<void> {
    const { language } = view
    const name = window.prompt(word('wallName', language), 'main')?.trim()
    if (!name) return
    const said = await push(name, formatHash(view)).then(() => `${word('pushed', language)} ${name}`, String)
    notify(said, NOTICE_MS)
  }
}
