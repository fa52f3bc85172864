/** Years, months and minutes as places on a slider, and as instants by the city's own clocks. */

/**
 * A year `2013` or a month `2013-05`: the state of the city when it ended.
 * A minute `2026-03-01T14:05`: the state of the city then.
 */
export type Period = string
export type Step = 'year' | 'month' | 'minute'

const MINUTE_MS = 60_000
const FORM = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d)?)?$/

export function parsePeriod(text: string): Period | null {
  return FORM.test(text) ? text : null
}

export function stepOf(period: Period | null): Step {
  if (!period || period.length === 4) return 'year'
  return period.length > 7 ? 'minute' : 'month'
}

/** The year or month that an instant is in, by the city's clocks. */
export function periodOf(instant: Date, step: Step, zone: string): Period {
  const [year, month, day, hour, minute] = clock(instant, zone)
  if (step === 'minute') return minuteName(Date.UTC(year, month - 1, day, hour, minute))
  return format(year, month, step)
}

/** How many steps a period is after another of the same step. */
export function stepsBetween(from: Period, to: Period): number {
  return ordinal(to) - ordinal(from)
}

/** The period so many steps later (or earlier, when negative). */
export function shift(period: Period, steps: number): Period {
  const moved = ordinal(period) + steps
  if (stepOf(period) === 'minute') return minuteName(moved * MINUTE_MS)
  if (stepOf(period) === 'year') return format(moved, 1, 'year')
  return format(Math.floor(moved / 12), (moved % 12) + 1, 'month')
}

/** The same time told in other steps; a year is its December, a month ends at its last midnight. */
export function inSteps(period: Period, step: Step): Period {
  if (step === 'year') return period.slice(0, 4)
  const month = stepOf(period) === 'year' ? `${period}-12` : period
  if (step === 'month') return month.slice(0, 7)
  return stepOf(period) === 'minute' ? period : `${shift(month, 1)}-01T00:00`
}

/** The period where the slider can stand: not before the beginning, and null (now) from today on. */
export function clamped(period: Period, begin: Date, now: Date, zone: string): Period | null {
  const step = stepOf(period)
  if (stepsBetween(period, periodOf(now, step, zone)) <= 0) return null
  const first = periodOf(begin, step, zone)
  return stepsBetween(first, period) < 0 ? first : period
}

/** The last second of a year or month by the city's clocks; the beginning of a minute. */
export function endOf(period: Period, zone: string): Date {
  const asIfUtc = ordinal(inSteps(period, 'minute')) * MINUTE_MS
  // The offset is looked up twice: the first guess may fall on the other side of a clock change.
  const guess = asIfUtc - offset(new Date(asIfUtc), zone)
  const end = asIfUtc - offset(new Date(guess), zone)
  return new Date(stepOf(period) === 'minute' ? end : end - 1000)
}

/** The `datetime` parameter of a period: none for now, and for a period that has not ended. */
export function datetimeOf(period: Period | null, zone: string, now = new Date()): string | null {
  if (!period) return null
  const end = endOf(period, zone)
  return end < now ? end.toISOString().replace('.000Z', 'Z') : null
}

function ordinal(period: Period): number {
  if (stepOf(period) === 'minute') return Date.parse(`${period}Z`) / MINUTE_MS
  const [year = 0, month] = period.split('-').map(Number)
  return month === undefined ? year : year * 12 + month - 1
}

/** A minute of the city's clocks, told as if they were UTC's. */
function minuteName(asIfUtc: number): Period {
  return new Date(asIfUtc).toISOString().slice(0, 16)
}

function format(year: number, month: number, step: Step): Period {
  const years = String(year).padStart(4, '0')
  return step === 'year' ? years : `${years}-${String(month).padStart(2, '0')}`
}

/** Year, month, day, hour, minute, second on the clocks of a time zone. */
function clock(instant: Date, zone: string): [number, number, number, number, number, number] {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(instant)
  const read = (type: string) => Number(parts.find((part) => part.type === type)?.value)
  return [
    read('year'),
    read('month'),
    read('day'),
    read('hour'),
    read('minute'),
    read('second'),
  ]
}

/** How many milliseconds a zone's clocks are ahead of UTC. */
function offset(instant: Date, zone: string): number {
  const [year, month, day, hour, minute, second] = clock(instant, zone)
  return Date.UTC(year, month - 1, day, hour, minute, second) - instant.getTime()
}
