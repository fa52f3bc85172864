/** Cases that are not closed yet: what, whose, and how long their clock still runs. */
import { get } from './api.ts'
import type { AsOf } from './asof.ts'
import type { Language } from './hash.ts'
import { word } from './i18n.ts'
import { age, clockRow, type Section } from './watch.ts'

export interface Case {
  readonly id: number
  readonly text: string
  readonly stage: string
  readonly stage_zh?: string
  readonly department?: string | null
  readonly due_at?: string | null
  readonly place?: readonly [number, number] | null
}

const ENDED = ['closed', 'assessed', 'cancelled']
const SHOWN = 5

/** The open cases of an AsOf; none where the service knows of none, or will not tell. */
export async function fetchCases(asOf: AsOf): Promise<Case[]> {
  const told = await get<{ cases: Case[] }>('twin/cases?limit=200', asOf)
  return told.cases.filter(({ stage }) => !ENDED.includes(stage))
}

/** Those due first come first; those without a limit last. */
export function byDeadline(cases: readonly Case[]): Case[] {
  return [...cases].sort((a, b) => (a.due_at ?? '9').localeCompare(b.due_at ?? '9') || a.id - b.id)
}

export function caseSection(
  cases: readonly Case[],
  now: number,
  language: Language,
  choose: (one: Case) => void,
): Section {
  const rows = byDeadline(cases).slice(0, SHOWN).map((one) => {
    const left = one.due_at ? Date.parse(one.due_at) - now : null
    const late = left !== null && left < 0
    const clock = left === null ? '–' : `${late ? '−' : ''}${age(Math.abs(left), language)}`
    const stage = (language === 'zh' && one.stage_zh) || one.stage
    const more = `${stage}${one.department ? ` · ${one.department}` : ''}`
    const button = clockRow(late ? '!' : '›', one.text, more, clock, late ? 'row late' : 'row')
    button.addEventListener('click', () => choose(one))
    return button
  })
  const late = cases.filter(({ due_at }) => due_at && Date.parse(due_at) < now).length
  return {
    title: word('cases', language),
    count: cases.length,
    level: late ? 'urgent' : cases.length ? 'notice' : 'well',
    rows,
  }
}
