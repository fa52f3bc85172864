/** Years and months as places on a slider, and as instants in the city's own time zone. */

/** A year `2013` or a month `2013-05`: the state of the city when it ended. */
export type Period = string
export type Step = 'year' | 'month'

export function parsePeriod(text: string): Period | null {
  return /^\d{4}(-(0[1-9]|1[0-2]))?$/.test(text) ? text : null
}

export function stepOf(period: Period | null): Step {
  return period && period.length > 4 ? 'month' : 'year'
}

/** The year or month that an instant is in, by the city's clocks. */
export function periodOf(instant: Date, step: Step, zone: string): Period {
  const [year, month] = clock(instant, zone)
  return format(year, month, step)
}

/** How many steps a period is after another of the same step. */
export function stepsBetween(from: Period, to: Period): number {
  return ordinal(to) - ordinal(from)
}

/** The period so many steps later (or earlier, when negative). */
export function shift(period: Period, steps: number): Period {
  const moved = ordinal(period) + steps
  if (stepOf(period) === 'year') return format(moved, 1, 'year')
  return format(Math.floor(moved / 12), (moved % 12) + 1, 'month')
}

/** The same time told in years or in months; a year is its December. */
export function inSteps(period: Period, step: Step): Period {
  if (step === 'year') return period.slice(0, 4)
  return stepOf(period) === 'month' ? period : `${period}-12`
}

/** The period where the slider can stand: not before the beginning, and null (now) from today on. */
export function clamped(period: Period, begin: Date, now: Date, zone: string): Period | null {
  const step = stepOf(period)
  if (stepsBetween(period, periodOf(now, step, zone)) <= 0) return null
  const first = periodOf(begin, step, zone)
  return stepsBetween(first, period) < 0 ? first : period
}

/** The last second of a period by the city's clocks. */
export function endOf(period: Period, zone: string): Date {
  const [year = 0, month = 1] = shift(inSteps(period, 'month'), 1).split('-').map(Number)
  const asIfUtc = Date.UTC(year, month - 1)
  // The offset is looked up twice: the first guess may fall on the other side of a clock change.
  const guess = asIfUtc - offset(new Date(asIfUtc), zone)
  return new Date(asIfUtc - offset(new Date(guess), zone) - 1000)
}

/** The `datetime` parameter of a period: none for now, and for a period that has not ended. */
export function datetimeOf(period: Period | null, zone: string, now = new Date()): string | null {
  if (!period) return null
  const end = endOf(period, zone)
  return end < now ? end.toISOString().replace('.000Z', 'Z') : null
}

function ordinal(period: Period): number {
  const [year = 0, month] = period.split('-').map(Number)
  return month === undefined ? year : year * 12 + month - 1
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
