/** Goes through the scenes on a wall; a new red or orange alert stops it there. */
import type { Alert } from './alerts.ts'
import { scenes, START, toured } from './stage.ts'

export interface TourOptions {
  /** Seconds that a scene stays; null: no tour. */
  readonly stay: () => number | null
  readonly urgent: () => readonly Alert[]
  readonly overview: () => void
  readonly goTo: (place: readonly [number, number]) => void
  readonly show: (hash: string) => void
  readonly held: (alert: Alert | null) => void
}

export class Tour {
  readonly #options: TourOptions
  #state = START

  constructor(options: TourOptions) {
    this.#options = options
  }

  /** To be called every second. */
  tick(now = Date.now()): void {
    const { stay, urgent, overview, goTo, show, held } = this.#options
    const seconds = stay()
    if (seconds === null) return void (this.#state = START)
    const alerts = urgent()
    const kept = scenes()
    const stops = [overview, ...alerts.flatMap(({ place }) => (place ? [() => goTo(place)] : [])), ...kept.map(({ hash }) => () => show(hash))]
    const before = this.#state
    this.#state = toured(before, stops.length, alerts.map(({ id }) => id), now, seconds * 1000)
    const holding = alerts.find(({ id }) => id === this.#state.held) ?? null
    if (this.#state.held !== before.held) {
      held(holding)
      if (holding?.place) goTo(holding.place)
    }
    if (this.#state.stop !== before.stop) stops[this.#state.stop]?.()
  }
}
