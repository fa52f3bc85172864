/** The tools at the top right: base map, plan, comparison, language, who sits here. */
import { session, type Scenario } from './api.ts'
import { choices } from './compare.ts'
import { element } from './dom.ts'
import { Menu } from './menu.ts'
import type { Base, View } from './hash.ts'
import { word } from './i18n.ts'

const BASES: readonly Base[] = ['dark', 'light', 'city']

export interface ToolsOptions {
  readonly change: (part: Partial<View>) => void
  readonly tilt: () => void
  readonly speak: () => void
  /** Shows a scene that was kept, by its address. */
  readonly open: (hash: string) => void
  /** Somebody came or went. */
  readonly signed: () => void
}

export class Tools {
  readonly #options: ToolsOptions
  readonly #base = element('select')
  readonly #scenario = element('select', { id: 'scenario' })
  readonly #against = element('select', { id: 'against' })
  readonly #known = element('button', { type: 'button', id: 'known' })
  readonly #live = element('button', { type: 'button', id: 'to-live' })
  readonly #tilt = element('button', { type: 'button', id: 'tilt' })
  readonly #work = element('button', { type: 'button', id: 'analyses' })
  readonly #sign = element('button', { type: 'button', id: 'sign' })
  readonly #language = element('button', { type: 'button', id: 'language' })
  readonly #menu: Menu

  constructor(panel: HTMLElement, options: ToolsOptions) {
    this.#options = options
    const { change } = options
    this.#menu = new Menu(options)
    panel.append(
      this.#live, this.#known, this.#scenario, this.#against, this.#base,
      this.#tilt, this.#work, this.#menu.element, this.#sign, this.#language,
    )
    this.#base.addEventListener('change', () => change({ base: this.#base.value as Base }))
    this.#scenario.addEventListener('change', () => change({ scenario: this.#scenario.value || null }))
    this.#against.addEventListener('change', () => change({ against: this.#against.value || null }))
    this.#live.addEventListener('click', () => change({ time: null, scenario: null, asKnown: false }))
    this.#tilt.addEventListener('click', options.tilt)
    this.#language.addEventListener('click', options.speak)
    this.#sign.addEventListener('click', () => this.#signInOrOut())
  }

  show(view: View, plans: readonly Scenario[], begin: Date): void {
    const { language } = view
    this.#live.textContent = word('toLive', language)
    this.#live.hidden = !view.time && !view.scenario
    this.#known.textContent = word(view.asKnown ? 'asKnown' : 'asCorrected', language)
    this.#known.ariaPressed = String(view.asKnown)
    this.#known.hidden = !view.time
    this.#known.onclick = () => this.#options.change({ asKnown: !view.asKnown })
    const names: Record<Base, string> = {
      dark: word('dark', language),
      light: word('light', language),
      city: word('land', language),
    }
    fill(this.#base, word('base', language), BASES.map((base) => [base, names[base]]), view.base)
    const plan: [string, string][] = [['', word('main', language)]]
    plan.push(...plans.map(({ name, title }): [string, string] => [name, title || name]))
    this.#scenario.hidden = plans.length === 0
    fill(this.#scenario, word('scenario', language), plan, view.scenario ?? '')
    const others: [string, string][] = [['', `${word('compare', language)}…`], ...choices(plans, begin, language)]
    fill(this.#against, word('against', language), others, view.against ?? '')
    this.#tilt.textContent = word(view.camera?.pitch ? 'flat' : 'tilt', language)
    this.#work.textContent = word('analyses', language)
    this.#work.ariaExpanded = String(view.work !== null)
    this.#work.onclick = () => this.#options.change({ work: view.work === null ? '' : null })
    this.#menu.show(view)
    this.#sign.textContent = word(session.token ? 'signOut' : 'signIn', language)
    this.#language.textContent = word('otherLanguage', language)
    this.#language.lang = language === 'zh' ? 'en' : 'zh'
  }

  #signInOrOut(): void {
    const token = session.token ? null : window.prompt(word('token', (document.documentElement.lang || 'zh') as View['language']))
    if (token === null && !session.token) return
    session.token = token
    this.#options.signed()
  }
}

function fill(select: HTMLSelectElement, label: string, options: readonly [string, string][], value: string): void {
  select.ariaLabel = select.title = label
  const wanted = JSON.stringify(options)
  if (select.dataset['options'] !== wanted) {
    select.replaceChildren(...options.map(([key, text]) => element('option', { value: key }, text)))
    select.dataset['options'] = wanted
  }
  select.value = value
}
