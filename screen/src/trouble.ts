/** What is wrong at the view's moment: asked for, kept, and shown at the left and on the board. */
import { orNone, session } from './api.ts'
import { hero, alertSection, told, type Acts, type Known } from './alert_rows.ts'
import { fetchAlerts, fetchRules, isOpen, ranked, take, urgent, type Alert, type Rule } from './alerts.ts'
import type { AsOf } from './asof.ts'
import { caseSection, fetchCases, type Case } from './cases.ts'
import { byId } from './dom.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import { dispatch, fetchIncidents, incidentOf, incidentSection, taskSection, type Incident } from './incidents.ts'
import type { Mark } from './markers.ts'
import { notify } from './notice.ts'
import type { Picture } from './twin/messages.ts'
import { silentSection, Watch, type Section } from './watch.ts'
import { Whereabouts } from './whereabouts.ts'

const NOTICE_MS = 5000
const MOST_MARKS = 6

export interface TroubleOptions {
  readonly asOf: () => AsOf
  readonly live: () => boolean
  readonly language: () => Language
  readonly unit: Known['unit']
  readonly layer: (asset: string) => string | null
  readonly openAsset: (asset: string) => void
  readonly goTo: (place: readonly [number, number]) => void
  readonly camera: (place: readonly [number, number]) => void
  /** The alerts are others: the twin and the map show them. */
  readonly told: (alerts: readonly Alert[], marks: readonly Mark[]) => void
}

export class Trouble {
  readonly #options: TroubleOptions
  readonly #watch = new Watch(byId('watch'))
  readonly #board = new Watch(byId('board'))
  readonly #about = new Whereabouts(() => this.show())
  alerts: readonly Alert[] = []
  cases: readonly Case[] = []
  incidents: readonly Incident[] = []
  rules: ReadonlyMap<string, Rule> = new Map()
  #picture: Picture | null = null
  #heroShown = ''
  /** When all of it was last told, in milliseconds since 1970; 0: never. */
  freshAt = 0

  constructor(options: TroubleOptions) {
    this.#options = options
  }

  /** Those that a tour stops for. */
  get urgent(): readonly Alert[] {
    return urgent(this.alerts)
  }

  /** Asks again; what comes for another moment than is shown by then does not count. */
  async look(): Promise<void> {
    const asked = this.#options.asOf()
    const rules = await fetchRules(asked)
    const [alerts, cases, incidents] = await Promise.all([
      orNone(fetchAlerts(asked, rules)),
      orNone(fetchCases(asked)),
      orNone(fetchIncidents(asked)),
    ])
    if (JSON.stringify(asked) !== JSON.stringify(this.#options.asOf())) return
    Object.assign(this, { rules, alerts, cases, incidents })
    this.freshAt = Date.now()
    this.#options.told(alerts, this.#marks())
    this.show()
  }

  /** Takes in what the twin tells; it is shown with the next tick of the clocks. */
  take(picture: Picture): void {
    const first = this.#picture === null
    this.#picture = picture
    if (first) this.show()
  }

  show(): void {
    const { asOf, language: speak, openAsset, goTo } = this.#options
    const language = speak()
    const now = asOf().datetime ? Date.parse(asOf().datetime ?? '') : Date.now()
    const acts = this.#acts(language)
    const known = this.#known()
    this.#showHero(hero(this.alerts, now, language, known, acts))
    const sections: Section[] = [
      alertSection(this.alerts, now, language, known, acts),
      caseSection(this.cases, now, language, ({ place }) => place && goTo(place)),
    ]
    if (this.#picture) sections.push(silentSection(this.#picture, language, ({ asset }) => openAsset(asset)))
    this.#watch.show(sections)
    const toIncident = ({ place }: Incident) => place && goTo(place)
    const board = [incidentSection(this.incidents, now, language, this.rules, toIncident), taskSection(this.incidents, now, language, toIncident)]
    this.#board.show(board)
  }

  /** Shows the worst alert; where only its clock ran, what has the focus stays. */
  #showHero(made: HTMLElement | null): void {
    const panel = byId('hero')
    const clock = made?.querySelector('.clock')
    const told = clock?.textContent ?? ''
    if (clock) clock.textContent = ''
    const html = made?.outerHTML ?? ''
    if (clock) clock.textContent = told
    const shown = panel.querySelector('.clock')
    if (html === this.#heroShown) return void (shown && (shown.textContent = told))
    this.#heroShown = html
    panel.replaceChildren(...(made ? [made] : []))
  }

  /** Resolves when it is known where alerts are. */
  async located(alerts: readonly Alert[]): Promise<void> {
    for (const one of alerts) this.#known().where(one)
    await this.#about.settled()
  }

  /** What people are told of an alert, in one line. */
  sentence(alert: Alert, language: Language): string {
    const { where, unit } = this.#known()
    return [alert.title[language], alert.asset, told(alert, { unit }, language), where(alert)?.[language]].filter(Boolean).join(' ')
  }

  #known(): Known {
    return {
      unit: this.#options.unit,
      where: ({ place }) => place && this.#about.where(place),
      keeper: ({ asset }) => {
        const layer = this.#options.layer(asset)
        return layer ? this.#about.keeper(layer) : null
      },
    }
  }

  #acts(language: Language): Acts {
    const { live, openAsset, camera } = this.#options
    const able = live() && session.token !== null
    return {
      choose: ({ asset }) => openAsset(asset),
      camera: ({ place }) => place && camera(place),
      take: able ? (alert) => this.#do(take(alert.id)) : null,
      dispatch: able ? (alert) => this.#dispatch(alert, language) : null,
      why: word(live() ? 'signIn' : 'disabled', language),
    }
  }

  #dispatch(alert: Alert, language: Language): void {
    const incident = incidentOf(alert, this.incidents)
    const keeper = this.#known().keeper(alert)
    if (!incident || !keeper) return notify(word('noIncident', language), NOTICE_MS)
    this.#do(dispatch(incident, keeper.organization, this.sentence(alert, language)).then(() => notify(`${word('dispatched', language)} ${keeper.organization}`, NOTICE_MS)))
  }

  #do(act: Promise<unknown>): void {
    void act.then(() => this.look()).catch((error: unknown) => notify(error instanceof Error ? error.message : String(error), NOTICE_MS))
  }

  /** The worst alerts that nobody has taken, to be seen on the map from across the room. */
  #marks(): Mark[] {
    const language = this.#options.language()
    return ranked(this.alerts)
      .filter((one) => isOpen(one) && one.place && ['red', 'orange'].includes(one.level))
      .slice(0, MOST_MARKS)
      .map((one) => ({
        key: `${one.id} ${one.level}`,
        place: one.place as readonly [number, number],
        level: one.level,
        text: `${one.asset} ${told(one, this.#known(), language)}`,
      }))
  }
}
