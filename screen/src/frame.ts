/** The frame round the whole screen and the words at its head: live, replay or scenario. */
import { byId } from './dom.ts'
import type { View } from './hash.ts'
import { periodName, word } from './i18n.ts'
import { modeOf } from './mode.ts'
import type { Line } from './twin/messages.ts'
import { stepOf } from './time.ts'
import { age } from './watch.ts'

const OLD_MS = 60_000
const OLD_TROUBLE_MS = 30_000

export interface Shown {
  readonly view: View
  readonly city: string
  readonly zone: string
  readonly plan: string | null
  readonly line: Line
  /** As of when the twin's state is; empty before it is known. */
  readonly at: string
  /** When alerts and cases were last told, in milliseconds since 1970; 0: never. */
  readonly troubleAt: number
}

export function renderFrame({ view, city, zone, plan, line, at, troubleAt }: Shown): void {
  const { language } = view
  const mode = modeOf(view)
  const lost = mode === 'live' && !line.connected
  document.documentElement.lang = language
  document.title = city
  document.body.dataset['mode'] = mode
  document.body.dataset['layout'] = view.layout
  document.body.dataset['base'] = view.base
  document.body.classList.toggle('lost', lost)
  byId('city').textContent = city
  const stale = mode === 'live' && troubleAt > 0 && Date.now() - troubleAt > OLD_TROUBLE_MS
  document.body.classList.toggle('stale', stale)
  byId('stale').hidden = !stale
  byId('stale').textContent = stale ? `${word('troubleStale', language)} ${age(Date.now() - troubleAt, language)}${word('ago', language)}` : ''
  byId('clock').textContent = clock(new Date().toISOString(), zone)
  const names = { live: word('live', language), replay: word('replay', language), scenario: word('plan', language) }
  byId('mode').textContent = [names[mode], plan].filter(Boolean).join(' · ')
  byId('as-of').textContent = lost
    ? `${word('lost', language)} ${clock(at, zone)}`
    : view.time
      ? moment(view)
      : at
        ? `${word('dataAsOf', language)} ${clock(at, zone)}${old(at, view)}`
        : word('now', language)
}

function moment({ time, language, asKnown }: View): string {
  if (!time) return word('now', language)
  const template = word(stepOf(time) === 'minute' ? 'at' : 'asOf', language)
  const told = template.replace('…', periodName(time, language))
  return asKnown ? `${told} · ${word('asKnown', language)}` : told
}

/** The age of what is shown, where it is too old to be called live. */
function old(at: string, { language, time }: View): string {
  const since = Date.now() - Date.parse(at)
  if (time || since < OLD_MS) return ''
  return language === 'zh' ? `（${age(since, language)}前）` : ` (${age(since, language)} ago)`
}

/** Hours, minutes and seconds on the city's clocks. */
function clock(at: string, zone: string): string {
  if (!at) return '–'
  const options = { timeZone: zone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const
  return new Intl.DateTimeFormat('en-GB', options).format(new Date(at))
}
