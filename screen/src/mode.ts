/** Which city is on the screen: the live one, a past one, or a plan. Pure. */
import { NOW, type AsOf } from './asof.ts'
import type { Scenario } from './api.ts'
import type { Language, View } from './hash.ts'
import { periodName, word } from './i18n.ts'
import { datetimeOf, parsePeriod } from './time.ts'

export type Mode = 'live' | 'replay' | 'scenario'

export function modeOf(view: Pick<View, 'time' | 'scenario'>): Mode {
  if (view.scenario) return 'scenario'
  return view.time ? 'replay' : 'live'
}

/** The AsOf that every request of a view carries. */
export function asOfView(
  view: Pick<View, 'time' | 'scenario' | 'asKnown'>,
  zone: string,
  now = new Date(),
): AsOf {
  const datetime = datetimeOf(view.time, zone, now)
  return { datetime, known_at: view.asKnown ? datetime : null, scenario: view.scenario }
}

/** The AsOf of the other side of a comparison, as the address tells it; null where it tells none. */
export function asOfOther(against: string | null, zone: string, now = new Date()): AsOf | null {
  if (!against) return null
  if (against.startsWith('@')) return { ...NOW, scenario: against.slice(1) || null }
  const time = parsePeriod(against)
  if (!time) return null
  return { ...NOW, datetime: datetimeOf(time, zone, now) }
}

export function planName(name: string, plans: readonly Scenario[], language: Language): string {
  return plans.find((one) => one.name === name)?.title || name || word('main', language)
}

/** What lies at the left and at the right of a comparison, in a word or two each. */
export function sides(
  { against, scenario, time, language }: Pick<View, 'against' | 'scenario' | 'time' | 'language'>,
  plans: readonly Scenario[],
): [string, string] {
  const left = against?.startsWith('@') ? planName(against.slice(1), plans, language) : (against ?? '')
  if (scenario) return [left, planName(scenario, plans, language)]
  return [left, time ? periodName(time, language) : word('now', language)]
}
