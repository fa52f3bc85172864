/** How alerts look: the worst of them large, the others as rows. */
import { isOpen, LEVELS, MARKS, NAMES, nextEscalation, ranked, tierName, type Alert } from './alerts.ts'
import { clock, element } from './dom.ts'
import type { Language } from './hash.ts'
import { number, word, type Titles } from './i18n.ts'
import type { Keeper } from './whereabouts.ts'
import { age, type Section } from './watch.ts'

const SHOWN = 7

export interface Acts {
  readonly choose: (alert: Alert) => void
  readonly camera: (alert: Alert) => void
  /** null: nothing can be done now, and `why` says why. */
  readonly take: ((alert: Alert) => void) | null
  readonly dispatch: ((alert: Alert) => void) | null
  readonly why: string
}

/** What is known of an alert beside itself. */
export interface Known {
  readonly unit: (alert: Alert) => string
  readonly where: (alert: Alert) => Titles | null
  readonly keeper: (alert: Alert) => Keeper | null
}

/** The value that an alert tells, with its unit. */
export function told(alert: Alert, { unit }: Pick<Known, 'unit'>, language: Language): string {
  if (alert.value === null) return ''
  return [number(alert.value, language), unit(alert)].filter(Boolean).join(' ')
}

/** The worst alert that nobody has taken: what, where, whose, and how long the clock still runs. */
export function hero(alerts: readonly Alert[], now: number, language: Language, known: Known, acts: Acts): HTMLElement | null {
  const alert = ranked(alerts).find(isOpen)
  if (!alert || LEVELS.indexOf(alert.level) > 1) return null
  const keeper = known.keeper(alert)
  const next = nextEscalation(alert, now)
  const since = clock(now - Date.parse(alert.opened))
  const deadline = next
    ? word('escalates', language).replace('{clock}', clock(next.at - now)).replace('{tier}', tierName(next.to, language))
    : word('escalated', language).replace('{tier}', tierName(alert.tier, language))
  const whose = keeper && [keeper.organization, keeper.person, keeper.phone].filter(Boolean).join(' · ')
  const act = (name: 'take' | 'dispatch', run: ((alert: Alert) => void) | null, able = true) => {
    const button = element('button', { type: 'button', className: name, disabled: !run || !able, title: run ? '' : acts.why }, word(name, language))
    button.addEventListener('click', () => run?.(alert))
    return button
  }
  const go = element('button', { type: 'button' }, word('goThere', language))
  go.addEventListener('click', () => acts.choose(alert))
  const camera = element('button', { type: 'button' }, word('camera', language))
  camera.addEventListener('click', () => acts.camera(alert))
  const call = keeper && element('a', { href: keeper.phone ? `tel:${keeper.phone}` : `mailto:${keeper.email ?? ''}`, className: 'call' }, word('call', language))
  const made = element(
    'article',
    { className: `hero ${alert.level}`, ariaLabel: `${NAMES[alert.level][language]} ${alert.asset}` },
    element('p', { className: 'level' }, element('span', { ariaHidden: 'true' }, MARKS[alert.level]), ` ${NAMES[alert.level][language]} · ${alert.title[language]}`),
    element('h2', {}, alert.asset, ' ', element('b', {}, told(alert, known, language))),
    element('p', { className: 'where' }, [known.where(alert)?.[language], whose].filter(Boolean).join(' · ') || '–'),
    element('p', { className: 'clock' }, `${word('untaken', language)} ${since} · ${deadline}`),
    element('p', { className: 'acts' }, act('take', acts.take), act('dispatch', acts.dispatch, keeper !== null), ...(call && (keeper?.phone || keeper?.email) ? [call] : []), go, camera),
  )
  return made
}

export function alertSection(alerts: readonly Alert[], now: number, language: Language, known: Known, acts: Acts): Section {
  const rows = ranked(alerts).slice(0, SHOWN).map((alert) => row(alert, now, language, known, acts))
  const open = alerts.filter(isOpen)
  const worst = open.some(({ level }) => level === 'red' || level === 'orange')
  return {
    title: word('alerts', language),
    count: open.length,
    level: worst ? 'urgent' : open.length ? 'notice' : 'well',
    rows,
  }
}

function row(alert: Alert, now: number, language: Language, known: Known, acts: Acts): HTMLElement {
  const { level, asset, opened, acknowledged, title } = alert
  const name = NAMES[level][language]
  const button = element('button', { type: 'button', className: 'row' })
  button.append(
    element('span', { className: `mark ${level}`, title: name, ariaHidden: 'true' }, MARKS[level]),
    element('span', { className: 'what' }, `${asset} ${told(alert, known, language)}`, element('small', {}, ` ${title[language]}`)),
    element('time', { dateTime: opened }, age(now - Date.parse(opened), language)),
  )
  button.ariaLabel = `${name} ${asset} ${told(alert, known, language)} ${title[language]}`
  button.addEventListener('click', () => acts.choose(alert))
  const made = element('div', { className: acknowledged ? 'alert taken' : 'alert' }, button)
  if (acknowledged) made.append(element('small', { className: 'who' }, acknowledged))
  else {
    const act = element('button', { type: 'button', className: 'take', disabled: !acts.take, title: acts.take ? '' : acts.why }, word('take', language))
    act.ariaLabel = `${word('take', language)} ${asset}`
    act.addEventListener('click', () => acts.take?.(alert))
    made.append(act)
  }
  return made
}
