/** Pages to be read and printed: the city in brief, what a shift hands over, who did what. */
import { get, orNone } from './api.ts'
import { fetchAlerts, isOpen, LEVELS, MARKS, NAMES, ranked, type Alert, type Rule } from './alerts.ts'
import { NOW } from './asof.ts'
import { byDeadline } from './cases.ts'
import type { Desk } from './desk.ts'
import { element } from './dom.ts'
import { SHEETS, type Language, type Sheet } from './hash.ts'
import { momentName, word } from './i18n.ts'
import { fetchIncidents, incidentTitle, logRows, openTasks, type Incident } from './incidents.ts'
import { SHIFT_MS, shiftOf } from './shift.ts'

interface Warning {
  readonly number: string
  readonly kind: string
  readonly level: string
  readonly issuer: string
  readonly text: string
}

/** Fills and shows the page that a view asks for, or takes it away. */
export async function renderSheet(panel: HTMLElement, desk: Desk): Promise<void> {
  const { view, city, change } = desk
  panel.hidden = view.sheet === null
  if (view.sheet === null) return
  const { language, sheet } = view
  const asOf = desk.asOf()
  const to = asOf.datetime ? Date.parse(asOf.datetime) : Date.now()
  const made = sheet === 'bulletin' ? await bulletin(desk) : sheet === 'handover' ? await handover(desk, to) : await dutyLog(desk, to)
  const close = element('button', { type: 'button', className: 'close', ariaLabel: word('close', language) }, '×')
  close.addEventListener('click', () => change({ sheet: null }))
  const print = element('button', { type: 'button', className: 'primary' }, word('print', language))
  print.addEventListener('click', () => window.print())
  const tabs = SHEETS.map((name) => {
    const tab = element('button', { type: 'button', ariaPressed: String(name === sheet) }, word(WORDS[name], language))
    tab.addEventListener('click', () => change({ sheet: name }))
    return tab
  })
  const when = `${momentName(to, language, city.timezone)}${view.asKnown ? ` · ${word('asKnown', language)}` : ''}${view.scenario ? ` · ${view.scenario}` : ''}`
  panel.ariaLabel = word(WORDS[sheet], language)
  panel.replaceChildren(
    element('div', { className: 'tabs' }, ...tabs, print, close),
    element('h1', {}, `${city.title[language]} · ${word(WORDS[sheet], language)}`),
    element('p', { className: 'when' }, when),
    ...made,
  )
  panel.onkeydown = ({ key }) => key === 'Escape' && change({ sheet: null })
  print.focus()
}

const WORDS = { bulletin: 'bulletin', handover: 'handover', log: 'dutyLog' } as const satisfies Record<Sheet, string>

async function bulletin({ view, trouble, silent, asOf }: Desk): Promise<HTMLElement[]> {
  const { language } = view
  await trouble.look()
  await trouble.located(trouble.alerts)
  const { alerts, cases, incidents, rules } = trouble
  const warnings = await orNone(get<{ warnings: Warning[] }>('twin/warnings', asOf()).then((told) => told.warnings))
  const counts = LEVELS.map((level) => `${MARKS[level]} ${NAMES[level][language]} ${alerts.filter((one) => one.level === level && isOpen(one)).length}`)
  return [
    element('p', { className: 'counts' }, ...counts.map((one) => element('span', {}, one))),
    ...part(word('warnings', language), warnings.map(({ kind, level, issuer, text }) => [kind, level, issuer, text])),
    ...part(word('alerts', language), alertRows(trouble.alerts.filter(isOpen), language, (one) => trouble.sentence(one, language))),
    ...part(word('incidents', language), incidentRows(incidents, language, rules)),
    ...part(word('cases', language), byDeadline(cases).map((one) => [one.text, one.department ?? '–', one.stage, one.due_at ?? '–'])),
    element('h2', {}, `${word('silent', language)}: ${silent}`),
  ]
}

async function handover({ view, city, trouble }: Desk, to: number): Promise<HTMLElement[]> {
  const { language } = view
  const from = to - SHIFT_MS
  const span = `${new Date(from).toISOString()}/${new Date(to).toISOString()}`
  const [alerts, incidents] = await Promise.all([
    orNone(fetchAlerts({ ...NOW, datetime: span }, trouble.rules)),
    orNone(fetchIncidents({ ...NOW, datetime: new Date(to).toISOString() })),
  ])
  await trouble.located(alerts)
  const shift = shiftOf(alerts, from, to)
  const rows = (some: readonly Alert[]) => alertRows(some, language, (one) => trouble.sentence(one, language))
  const tasks = openTasks(incidents).map(({ department, text, acknowledged_at }) => [department, text, word(acknowledged_at ? 'accepted' : 'asked', language)])
  return [
    element('p', { className: 'counts' }, `${momentName(from, language, city.timezone)} – ${momentName(to, language, city.timezone)}`),
    ...part(`${word('leftOver', language)}`, rows(shift.left)),
    ...part(word('openTasks', language), tasks),
    ...part(word('cases', language), byDeadline(trouble.cases).map((one) => [one.text, one.department ?? '–', one.stage, one.due_at ?? '–'])),
    ...part(word('opened', language), rows(shift.opened)),
    ...part(word('taken', language), shift.taken.map((one) => [trouble.sentence(one, language), one.acknowledged ?? ''])),
    element('p', { className: 'signs' }, element('span', {}, `${word('givenBy', language)} ________`), element('span', {}, `${word('takenBy', language)} ________`)),
  ]
}

async function dutyLog({ view, city }: Desk, to: number): Promise<HTMLElement[]> {
  const { language } = view
  const incidents = await orNone(fetchIncidents({ ...NOW, datetime: new Date(to).toISOString() }, true))
  const rows = logRows(incidents, to - 3 * SHIFT_MS, to).map(({ at, author, kind, text, incident }) => [
    momentName(Date.parse(at), language, city.timezone), `#${incident.id}`, author, kind, text,
  ])
  return part(word('dutyLog', language), rows)
}

function alertRows(alerts: readonly Alert[], language: Language, sentence: (one: Alert) => string): string[][] {
  return ranked(alerts).map((one) => [`${MARKS[one.level]} ${NAMES[one.level][language]}`, sentence(one), one.acknowledged ?? ''])
}

function incidentRows(incidents: readonly Incident[], language: Language, rules: ReadonlyMap<string, Rule>): string[][] {
  return incidents.map((one) => [`#${one.id}`, incidentTitle(one, language, rules), `${one.items.length} ${word('gathered', language)}`, `${openTasks([one]).length} ${word('tasks', language)}`])
}

/** A heading with a table; what is empty says so. */
function part(title: string, rows: readonly (readonly string[])[]): HTMLElement[] {
  const body = rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell))))
  return [element('h2', {}, `${title}: ${rows.length}`), ...(rows.length ? [element('table', {}, element('tbody', {}, ...body))] : [])]
}
