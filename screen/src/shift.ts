/** What a shift of duty officers saw, did, and leaves to the next. Pure. */
import { isOpen, ranked, type Alert } from './alerts.ts'

/** A shift is so long. */
export const SHIFT_MS = 8 * 3600_000

/** What became of the alerts of a shift. */
export interface Shift {
  readonly opened: Alert[]
  readonly taken: Alert[]
  readonly left: Alert[]
}

/** Of alerts, those that a shift opened, that somebody took, and that it leaves to the next. */
export function shiftOf(alerts: readonly Alert[], from: number, to: number): Shift {
  const opened = alerts.filter((one) => Date.parse(one.opened) >= from && Date.parse(one.opened) <= to)
  return { opened, taken: alerts.filter(({ acknowledged }) => acknowledged), left: ranked(alerts).filter((one) => isOpen(one) && !one.closed) }
}
