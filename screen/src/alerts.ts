/** Alerts: those that nobody has taken first, the worst, then the oldest. */
import { get, send } from './api.ts'
import type { AsOf } from './asof.ts'
import { element } from './dom.ts'
import type { Language } from './hash.ts'
import { word, type Titles } from './i18n.ts'
import { age, type Section } from './watch.ts'

export type Level = 'red' | 'orange' | 'yellow' | 'blue'

export interface Alert {
  readonly id: number
  readonly rule: string
  readonly title: Titles
  readonly asset: string
  readonly level: Level
  readonly value: number | null
  readonly opened: string
  readonly acknowledged: string | null
  readonly shelved_until: string | null
  readonly tier: string
  readonly place: readonly [number, number] | null
}

export const LEVELS: readonly Level[] = ['red', 'orange', 'yellow', 'blue']
/** A level has its own shape, so that nobody needs its colour to tell it. */
const MARKS: Record<Level, string> = { red: '◆', orange: '▲', yellow: '●', blue: '■' }
const NAMES: Record<Level, Titles> = {
  red: { zh: '红', en: 'red' },
  orange: { zh: '橙', en: 'orange' },
  yellow: { zh: '黄', en: 'yellow' },
  blue: { zh: '蓝', en: 'blue' },
}
const SHOWN = 7

interface Rules {
  readonly rules: readonly { name: string; rule: { title_zh?: string; title_en?: string } }[]
}

/** The alerts of an AsOf, each with what its rule is called; none where the service tells of none. */
export async function fetchAlerts(asOf: AsOf): Promise<Alert[]> {
  const { alerts } = await get<{ alerts: Alert[] }>('twin/alerts', asOf).catch(() => ({ alerts: [] }))
  if (!alerts.length) return []
  const { rules } = await get<Rules>('twin/rules', asOf).catch(() => ({ rules: [] }) as Rules)
  const titles = new Map(
    rules.map(({ name, rule }) => [name, { zh: rule.title_zh || name, en: rule.title_en || name }]),
  )
  return alerts.map((one) => ({ ...one, title: titles.get(one.rule) ?? { zh: one.rule, en: one.rule } }))
}

/** Takes an alert: whoever sits here answers for it from now on. */
export function take(id: number): Promise<unknown> {
  return send(`twin/alerts/${id}/notes`, { kind: 'acknowledge' })
}

export function ranked(alerts: readonly Alert[]): Alert[] {
  const rank = (one: Alert) => [one.acknowledged || one.shelved_until ? 1 : 0, LEVELS.indexOf(one.level)]
  return [...alerts].sort((a, b) => {
    const [taken, level] = rank(a)
    const [otherTaken, otherLevel] = rank(b)
    return (taken ?? 0) - (otherTaken ?? 0) || (level ?? 0) - (otherLevel ?? 0) || a.opened.localeCompare(b.opened)
  })
}

export interface AlertActs {
  readonly choose: (alert: Alert) => void
  /** null: nothing can be done now, and `why` says why. */
  readonly take: ((alert: Alert) => void) | null
  readonly why: string
}

export function alertSection(
  alerts: readonly Alert[],
  now: number,
  language: Language,
  { choose, take: taking, why }: AlertActs,
): Section {
  const rows = ranked(alerts).slice(0, SHOWN).map((alert) => {
    const { level, asset, value, opened, acknowledged, title } = alert
    const button = element('button', { type: 'button', className: 'row' })
    const told = value === null ? '' : ` ${Number(value.toPrecision(4))}`
    button.append(
      element('span', { className: `mark ${level}`, title: NAMES[level][language] }, MARKS[level]),
      element('span', { className: 'what' }, `${asset}${told}`, element('small', {}, ` ${title[language]}`)),
      element('time', { dateTime: opened }, age(now - Date.parse(opened), language)),
    )
    button.ariaLabel = `${NAMES[level][language]} ${asset}${told}`
    button.addEventListener('click', () => choose(alert))
    const row = element('div', { className: acknowledged ? 'alert taken' : 'alert' }, button)
    if (acknowledged) row.append(element('small', { className: 'who' }, acknowledged))
    else {
      const act = element('button', { type: 'button', className: 'take', disabled: !taking, title: taking ? '' : why }, word('take', language))
      act.addEventListener('click', () => taking?.(alert))
      row.append(act)
    }
    return row
  })
  const open = alerts.filter(({ acknowledged, shelved_until }) => !acknowledged && !shelved_until)
  const urgent = open.some(({ level }) => level === 'red' || level === 'orange')
  return {
    title: word('alerts', language),
    count: open.length,
    level: urgent ? 'urgent' : open.length ? 'notice' : 'well',
    rows,
  }
}
