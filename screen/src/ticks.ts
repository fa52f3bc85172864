/** The marks below the slider: every fifth year, or every third hour. Pure. */
import { shift, stepOf, stepsBetween, type Period } from './time.ts'

const FIFTH = 5
const THIRD_HOUR = 180
const FIRST_HOUR = 60
/** The last stretch belongs to the label of now. */
const ROOM = 0.97

export interface Tick {
  /** Share of the track, 0 to 1. */
  readonly place: number
  readonly label: string
}

export function ticks(first: Period, steps: number): Tick[] {
  const marks = stepOf(first) === 'minute' ? hours(first, steps) : years(first, steps)
  return marks.filter(({ place }) => place >= 0 && place <= ROOM)
}

function years(first: Period, steps: number): Tick[] {
  const from = Number(first.slice(0, 4))
  const month = stepOf(first) === 'year' ? '' : '-01'
  return Array.from({ length: 400 }, (_, ahead) => from + ahead)
    .filter((year) => year % FIFTH === 0)
    .map((year) => ({
      place: stepsBetween(first, `${year}${month}`) / (steps || 1),
      label: String(year),
    }))
}

function hours(first: Period, steps: number): Tick[] {
  const start = shift(first, FIRST_HOUR).slice(0, 14) + '00'
  return Array.from({ length: steps / FIRST_HOUR + 1 }, (_, hour) => shift(start, hour * FIRST_HOUR))
    .filter((time) => (Number(time.slice(11, 13)) * FIRST_HOUR) % THIRD_HOUR === 0)
    .map((time) => ({ place: stepsBetween(first, time) / (steps || 1), label: time.slice(11) }))
}
