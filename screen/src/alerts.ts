/** Alerts: those that nobody has taken first, the worst, then the oldest. */
import { get, send } from './api.ts'
import type { AsOf } from './asof.ts'
import type { Language } from './hash.ts'
import type { Titles } from './i18n.ts'

export type Level = 'red' | 'orange' | 'yellow' | 'blue'

interface Step {
  readonly after_min: number
  readonly to: string
  readonly least?: Level
}

export interface Alert {
  readonly id: number
  readonly rule: string
  readonly title: Titles
  readonly asset: string
  readonly level: Level
  readonly value: number | null
  readonly opened: string
  readonly closed?: string | null
  readonly acknowledged: string | null
  readonly shelved_until: string | null
  readonly tier: string
  readonly place: readonly [number, number] | null
  /** What was measured, and to whom it goes when nobody takes it. */
  readonly property?: string
  readonly escalate?: readonly Step[]
}

export const LEVELS: readonly Level[] = ['red', 'orange', 'yellow', 'blue']
/** A level has its own shape, so that nobody needs its colour to tell it. */
export const MARKS: Record<Level, string> = { red: '◆', orange: '▲', yellow: '●', blue: '■' }
export const NAMES: Record<Level, Titles> = {
  red: { zh: '红色', en: 'Red' },
  orange: { zh: '橙色', en: 'Orange' },
  yellow: { zh: '黄色', en: 'Yellow' },
  blue: { zh: '蓝色', en: 'Blue' },
}
const TIERS: Record<string, Titles> = {
  community: { zh: '社区', en: 'community' },
  subdistrict: { zh: '街道', en: 'subdistrict' },
  district: { zh: '区', en: 'district' },
  city: { zh: '市', en: 'city' },
}
const MINUTE_MS = 60_000

export interface Rule {
  readonly title_zh?: string
  readonly title_en?: string
  readonly property?: string
  readonly escalate?: readonly Step[]
}

/** The rules of an AsOf, by name. */
export async function fetchRules(asOf: AsOf): Promise<Map<string, Rule>> {
  const { rules } = await get<{ rules: { name: string; rule: Rule }[] }>('twin/rules', asOf)
  return new Map(rules.map(({ name, rule }) => [name, rule]))
}

export function ruleTitle(name: string, rules: ReadonlyMap<string, Rule>): Titles {
  const { title_zh, title_en } = rules.get(name) ?? {}
  return { zh: title_zh || name, en: title_en || name }
}

/** The alerts of an AsOf, each with what its rule says of it. */
export async function fetchAlerts(asOf: AsOf, rules: ReadonlyMap<string, Rule>): Promise<Alert[]> {
  const { alerts } = await get<{ alerts: (Alert & { peak: Level })[] }>('twin/alerts', asOf)
  return alerts.map((one) => {
    const { property, escalate = [] } = rules.get(one.rule) ?? {}
    const level = LEVELS.includes(one.level) ? one.level : one.peak // one that is over has none
    return { ...one, level, title: ruleTitle(one.rule, rules), escalate, ...(property ? { property } : {}) }
  })
}

/** Takes an alert: whoever sits here answers for it from now on. */
export function take(id: number): Promise<unknown> {
  return send(`twin/alerts/${id}/notes`, { kind: 'acknowledge' })
}

export function isOpen({ acknowledged, shelved_until }: Alert): boolean {
  return !acknowledged && !shelved_until
}

export function ranked(alerts: readonly Alert[]): Alert[] {
  return [...alerts].sort(
    (a, b) =>
      Number(isOpen(b)) - Number(isOpen(a)) ||
      LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) ||
      a.opened.localeCompare(b.opened),
  )
}

/** Those that stop a tour: red or orange, and nobody has taken them. */
export function urgent(alerts: readonly Alert[]): Alert[] {
  return ranked(alerts).filter((one) => isOpen(one) && ['red', 'orange'].includes(one.level))
}

export interface Escalation {
  readonly to: string
  readonly at: number
}

/** Where an alert goes next when nobody takes it, and when (ms since 1970); null: nowhere. */
export function nextEscalation(alert: Alert, now: number): Escalation | null {
  if (!isOpen(alert)) return null
  const due = (alert.escalate ?? [])
    .filter(({ least }) => !least || LEVELS.indexOf(alert.level) <= LEVELS.indexOf(least))
    .map(({ to, after_min }) => ({ to, at: Date.parse(alert.opened) + after_min * MINUTE_MS }))
    .filter(({ at }) => at > now)
  return due.sort((a, b) => a.at - b.at)[0] ?? null
}

export function tierName(tier: string, language: Language): string {
  return TIERS[tier]?.[language] ?? tier
}
