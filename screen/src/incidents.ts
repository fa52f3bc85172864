/** Open incidents: what each gathers, and the tasks that departments have not done yet. */
import { get, send } from './api.ts'
import { LEVELS, MARKS, NAMES, ruleTitle, type Alert, type Rule } from './alerts.ts'
import type { AsOf } from './asof.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import { age, clockRow, type Section } from './watch.ts'

export interface Task {
  readonly id: number
  readonly department: string
  readonly text: string
  readonly created_at: string
  readonly due_at: string | null
  readonly acknowledged_at: string | null
  readonly done_at: string | null
}

export interface Entry {
  readonly at: string
  readonly author: string
  readonly kind: string
  readonly text: string
}

export interface Incident {
  readonly id: number
  readonly title: string
  readonly tier: string
  readonly opened: string
  readonly place: readonly [number, number] | null
  readonly items: readonly { readonly kind: string; readonly ref: string; readonly at: string }[]
  readonly tasks: readonly Task[]
  readonly log: readonly Entry[]
}

/** So many incidents are read whole, the newest. */
const WHOLE = 12
const SHOWN = 5

/** The incidents that are open at an AsOf, each with what it gathers. */
export async function fetchIncidents(asOf: AsOf, closed = false): Promise<Incident[]> {
  const path = closed ? 'twin/incidents?closed=true' : 'twin/incidents'
  const { incidents } = await get<{ incidents: Incident[] }>(path, asOf)
  const whole = incidents.slice(0, WHOLE).map(({ id }) => get<Incident>(`twin/incidents/${id}`))
  const at = asOf.datetime
  return (await Promise.all(whole)).map((one) => (at ? asOfThen(one, Date.parse(at)) : one))
}

/** An incident as it was at a moment (ms since 1970): what came later is left out. */
export function asOfThen(incident: Incident, moment: number): Incident {
  const then = (at: string | null) => (at && Date.parse(at) <= moment ? at : null)
  return {
    ...incident,
    items: incident.items.filter(({ at }) => then(at)),
    log: incident.log.filter(({ at }) => then(at)),
    tasks: incident.tasks
      .filter(({ created_at }) => then(created_at))
      .map((task) => ({ ...task, acknowledged_at: then(task.acknowledged_at), done_at: then(task.done_at) })),
  }
}

/** The incident that an alert was folded into; null where there is none. */
export function incidentOf(alert: Alert, incidents: readonly Incident[]): Incident | null {
  return incidents.find(({ items }) => items.some(({ kind, ref }) => kind === 'alert' && ref === String(alert.id))) ?? null
}

/** Asks a department for what an alert needs. */
export function dispatch(incident: Incident, department: string, text: string): Promise<unknown> {
  return send(`twin/incidents/${incident.id}/task`, { department, text })
}

export function openTasks(incidents: readonly Incident[]): (Task & { readonly incident: Incident })[] {
  return incidents
    .flatMap((incident) => incident.tasks.filter(({ done_at }) => !done_at).map((task) => ({ ...task, incident })))
    .sort((a, b) => (a.due_at ?? a.created_at).localeCompare(b.due_at ?? b.created_at))
}

/** The title for a reader: one that was made of an alert names both languages, and a rule. */
export function incidentTitle({ title }: Pick<Incident, 'title'>, language: Language, rules: ReadonlyMap<string, Rule>): string {
  const [, , en, rule] = /^(\p{Script=Han}+) (\w+): (.*)$/u.exec(title) ?? []
  const level = LEVELS.find((one) => one === en)
  return level && rule ? `${MARKS[level]} ${NAMES[level][language]} · ${ruleTitle(rule, rules)[language]}` : title
}

export function incidentSection(
  incidents: readonly Incident[],
  now: number,
  language: Language,
  rules: ReadonlyMap<string, Rule>,
  choose: (one: Incident) => void,
): Section {
  const rows = incidents.slice(0, SHOWN).map((one) => {
    const waiting = one.tasks.filter(({ done_at }) => !done_at).length
    const told = `#${one.id} ${incidentTitle(one, language, rules)}`
    const more = `${one.items.length} ${word('gathered', language)} · ${waiting} ${word('tasks', language)}`
    const button = clockRow('⬢', told, more, age(now - Date.parse(one.opened), language))
    button.addEventListener('click', () => choose(one))
    return button
  })
  const level = incidents.length ? 'notice' : 'well'
  return { title: word('incidents', language), count: incidents.length, level, rows }
}

export function taskSection(
  incidents: readonly Incident[],
  now: number,
  language: Language,
  choose: (one: Incident) => void,
): Section {
  const tasks = openTasks(incidents)
  const late = tasks.filter(({ due_at }) => due_at && Date.parse(due_at) < now).length
  const rows = tasks.slice(0, SHOWN).map(({ department, text, acknowledged_at, created_at, incident }) => {
    const state = word(acknowledged_at ? 'accepted' : 'asked', language)
    const button = clockRow(acknowledged_at ? '◐' : '○', `${department}`, `${text} · ${state}`, age(now - Date.parse(created_at), language))
    button.addEventListener('click', () => choose(incident))
    return button
  })
  return { title: word('openTasks', language), count: tasks.length, level: late ? 'urgent' : tasks.length ? 'notice' : 'well', rows }
}

/** The log of incidents, the newest entry first. */
export function logRows(incidents: readonly Incident[], from: number, to: number): (Entry & { readonly incident: Incident })[] {
  return incidents
    .flatMap((incident) => incident.log.map((entry) => ({ ...entry, incident })))
    .filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to)
    .sort((a, b) => b.at.localeCompare(a.at))
}

